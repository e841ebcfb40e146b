"""Builds as processes of their own, which are killed at any moment or before any step on the disk."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NamedTuple, TypeAlias

import seekpoint
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import LibraryNotFound
from seekpoint.index.types import Encoder, Filters, Kind, State
from tests.asking import ask
from tests.fakes import TopicEncoder
from tests.index.libraries import chunk_ids, chunks_of
from tests.indexer.builds import webvtt

QUESTIONS = ["What does the mask hide?", "掩码遮住了什么？", "position 位置", "为什么需要缓存？", "softmax, training"]
_AT_A_TIME = 4
_DISK_CALLS = {"execute", "executemany", "executescript", "fsync", "open", "write", "write_index", "close", "connect"}
_DISK_CALLS |= {"mkdir", "rename", "replace", "unlink", "rmdir"}

# Children are forked from a server that has imported this module, so that a kill lands in a build and not in an import.
PROCESSES = multiprocessing.get_context("forkserver")
_STORES = ["seekpoint.index.embedded.vectors", "seekpoint.index.embedded.word_search"]
_SOURCES = ["seekpoint.indexer.sources.youtube.youtube"]
PROCESSES.set_forkserver_preload([__name__, *_STORES, "seekpoint.indexer.pipeline.build", *_SOURCES])


class Found(NamedTuple):
    question: str
    resource_id: str
    start: float | None
    quote: str
    score: float


@dataclass
class Talks:
    folder: Path

    def write(self, count: int, cues: int) -> None:
        self.put({k: lines_of(k, cues) for k in range(count)})

    def put(self, talks: Mapping[int, Sequence[str]]) -> None:
        """List the talks of those numbers, with captions of those lines."""
        self.folder.mkdir(exist_ok=True)
        entries = []
        for k, lines in talks.items():
            talk = video_id(k)
            title, language = ("讲座", "zh-TW") if is_chinese(k) else ("Talk", "en")
            entries.append(f"- [{title} {k}](https://www.youtube.com/watch?v={talk})")
            (self.folder / f"Talk {k} [{talk}].{language}.vtt").write_text(webvtt(*lines, seconds=8), "utf-8")
        (self.folder / "list.md").write_text("# Talks\n\n## Transformers\n\n" + "\n".join(entries), "utf-8")


def is_chinese(k: int) -> bool:
    return k % 3 == 1


def video_id(k: int) -> str:
    return f"{'zh' if is_chinese(k) else 'en'}-talk-{k:03}"


def lines_of(k: int, count: int, version: int = 0) -> list[str]:
    chinese = is_chinese(k)
    words = ["注意力", "掩码", "位置", "缓存"] if chinese else ["attention", "mask", "position", "cache", "softmax"]
    between = "之后是" if chinese else "is before"
    size = len(words)
    return [f"{words[(n + k + version) % size]} {between} {words[(n * k) % size]} {k * n}" for n in range(count)]


def build_up_to(step: int, talks: Path, library: Path, ended: Path) -> None:
    """Build, but die before the step of that number (0: none) among the calls that may change a file.

    A build that comes to its end leaves `ended`: exit codes get lost where several threads wait for processes.
    """
    if step:
        at_step(step, lambda: os.kill(os.getpid(), signal.SIGKILL))
    seekpoint.build([talks / "list.md"], library, captions=talks, encoder=TopicEncoder(), translate=False, prune=True)
    sys.setprofile(None)
    ended.touch()


def at_step(step: int, act: Callable[[], None]) -> None:
    """Act before the call of that number among those that may change a file."""
    steps = 0

    def count(frame: FrameType, event: str, function: object) -> None:
        nonlocal steps
        if event != "c_call" or getattr(function, "__name__", "") not in _DISK_CALLS:
            return
        is_text = isinstance(getattr(function, "__self__", None), str)  # whose `replace` is another
        is_question = str(frame.f_locals.get("sql", "")).lstrip().startswith("SELECT")
        if not is_text and not is_question:
            steps += 1
            if steps == step:
                sys.setprofile(None)
                act()

    sys.setprofile(count)


def last_step(kill_before: Callable[[int], bool], every: int) -> int:
    """Kill before every so many steps, several at a time, until nothing is left to kill; returns the last step."""
    steps, killed = 0, [True]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        while all(killed):
            killed = list(pool.map(kill_before, range(steps + 1, steps + 1 + _AT_A_TIME * every, every)))
            steps += sum(killed) * every
    return steps


def kill_before_step(step: int, talks: Talks, library: Path) -> bool:
    """Kill a build there; returns whether it had not ended before."""
    ended = library.with_name(f"{library.name} ended")
    ended.unlink(missing_ok=True)
    process = PROCESSES.Process(target=build_up_to, args=(step, talks.folder, library, ended))
    process.start()
    process.join(60)
    assert not process.is_alive()
    return not ended.exists()


def run(talks: Talks, library: Path) -> None:
    assert not kill_before_step(0, talks, library)


def held(folder: Path) -> tuple[set[str], set[str]]:
    """The talks that are indexed, and those of which a moment answers a question that each answers in its language."""
    try:
        with EmbeddedReader.open(folder) as library:
            indexed = {status.resource.id for status in library.statuses() if status.state is State.INDEXED}
            answers = [ask(word, library, k=100, encoder=TopicEncoder()) for word in ("mask", "掩码")]
    except LibraryNotFound:  # it was killed before there was one
        return set(), set()
    return indexed, {moment.resource.id for answer in answers for moment in answer.moments}


Places: TypeAlias = list[tuple[str, float, float]]


def content(folder: Path, k: int = 10, encoder: Encoder | None = None) -> tuple[Places, list[Found]]:
    encoder = encoder or TopicEncoder()
    with EmbeddedReader.open(folder) as library:
        chunks = chunks_of(library, chunk_ids(library, Filters(kind=Kind.VIDEO)))
        places = sorted((chunk.resource_id, chunk.start, chunk.end) for chunk in chunks.values())
        moments = [
            Found(question, moment.resource.id, moment.start, moment.quote, moment.score)
            for question in QUESTIONS
            for moment in ask(question, library, k=k, encoder=encoder).moments
        ]
    assert len(moments) >= len(QUESTIONS)
    return places, moments


def is_tidy(folder: Path) -> bool:
    """Whether nothing but the library lies there, beside the lock and the side files that SQLite leaves to readers."""
    names = {path.name for path in folder.iterdir() if not path.name.startswith("library.db-")}
    manifest = Manifest.load(folder)
    words = {manifest.words.folder} if manifest.words else set()
    indexes = {segment.file.name for segment in manifest.segments} | words
    return names - {"lock"} == {"library.db", "manifest.json", *indexes}
