"""A build that is killed again and again loses nothing, and ends where an undisturbed one does."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

import seekpoint
from index.answers import Filters
from index.errors import LibraryNotFound
from index.library import Library
from index.types import Kind, State
from tests.fakes import TopicEncoder

if TYPE_CHECKING:
    from index.types import Vectors

KILLS = 20
_AT_A_TIME = 4
SECONDS_A_CALL = 0.015
QUESTIONS = [
    "What does the mask hide?",
    "掩码遮住了什么？",
    "position 位置",
    "为什么需要缓存？",
    "softmax and training",
]

_DISK_CALLS = {"execute", "executemany", "executescript", "fsync", "open", "write", "write_index", "close", "connect"}
_DISK_CALLS |= {"mkdir", "rename", "replace", "unlink"}

# Children are forked from a server that has imported this module, so that a kill lands in a build and not in an import.
_PROCESSES = multiprocessing.get_context("forkserver")
_SOURCES = ["indexer.sources.playlists", "indexer.sources.youtube"]
_PROCESSES.set_forkserver_preload([__name__, "index.vector_store", "indexer.build", *_SOURCES])


class SlowEncoder(TopicEncoder):
    """Takes its time, and notes each call in a file, a byte a call."""

    def __init__(self, calls: Path) -> None:
        super().__init__()
        self._calls = calls

    def passages(self, texts: Sequence[str]) -> Vectors:
        with self._calls.open("ab") as file:
            file.write(b".")
        time.sleep(SECONDS_A_CALL)
        return super().passages(texts)


@dataclass
class Talks:
    """A reading list with a folder of captions."""

    folder: Path

    def write(self, count: int, cues: int) -> None:
        self.folder.mkdir(exist_ok=True)
        lines = []
        for k in range(count):
            chinese = k % 3 == 1
            video_id = f"{'zh' if chinese else 'en'}-talk-{k:03}"
            lines.append(f"- [{'讲座' if chinese else 'Talk'} {k}](https://www.youtube.com/watch?v={video_id})")
            language = "zh-TW" if chinese else "en"
            (self.folder / f"Talk {k} [{video_id}].{language}.vtt").write_text(_captions(k, chinese, cues), "utf-8")
        (self.folder / "list.md").write_text("# Talks\n\n## Transformers\n\n" + "\n".join(lines), "utf-8")

    def start(self, library: Path, calls: Path) -> BaseProcess:
        process = _PROCESSES.Process(target=_build, args=(self.folder, library, calls))
        process.start()
        return process


def _captions(k: int, chinese: bool, count: int) -> str:
    words = ["注意力", "掩码", "位置", "缓存"] if chinese else ["attention", "mask", "position", "cache", "softmax"]
    between = "之后是" if chinese else "is before"
    lines = [f"{words[(n + k) % len(words)]} {between} {words[(n * k) % len(words)]} {k * n}" for n in range(count)]
    cues = [f"{_stamp(8 * n)} --> {_stamp(8 * n + 8)}\n{line}\n" for n, line in enumerate(lines)]
    return "WEBVTT\n\n" + "\n".join(cues)


def _stamp(seconds: int) -> str:
    return f"{seconds // 60:02}:{seconds % 60:02}.000"


def _build(talks: Path, library: Path, calls: Path) -> None:
    seekpoint.build([talks / "list.md"], library, captions=talks, encoder=SlowEncoder(calls), translate=False)
    _ended(library).touch()


def _ended(library: Path) -> Path:
    """What a build leaves that came to its end: exit codes get lost where several threads wait for processes."""
    return library.with_name(f"{library.name} ended")


def test_a_build_that_is_killed_at_any_moment_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    talks = Talks(tmp_path / "talks")
    talks.write(12, cues=20)
    _run(talks, tmp_path / "warm the machine up")
    seconds = _run(talks, tmp_path / "undisturbed")
    expected = _content(tmp_path / "undisturbed")
    chance = random.Random(2024)
    moments = [seconds * (k + chance.random()) / KILLS for k in range(KILLS)]
    chance.shuffle(moments)
    rounds, killed = 0, 0
    while moments:
        library = tmp_path / f"killed {rounds}"
        while moments and not _is_sealed(library):
            killed += _kill(talks, library, moments.pop())
        _run(talks, library)
        assert _content(library) == expected
        assert len(_files(library)) == len(_files(tmp_path / "undisturbed")) == 4
        rounds += 1
    assert killed > KILLS / 2


@pytest.mark.parametrize("what", ["a new library", "a changed list"])
def test_a_build_that_is_killed_before_any_step_on_the_disk_ends_like_an_undisturbed_one(
    tmp_path: Path, what: str
) -> None:
    talks, before = Talks(tmp_path / "talks"), tmp_path / "before"
    if what == "a changed list":
        talks.write(1, cues=9)
        _run(talks, before)
    talks.write(2, cues=7)
    undisturbed = _start(before, tmp_path / "undisturbed")
    _run(talks, undisturbed)
    expected = _content(undisturbed)

    def kill_before(step: int) -> bool:
        """Kill a build there, check what is left and go on; returns whether the build had not ended before."""
        library = _start(before, tmp_path / f"killed before step {step}")
        process = _PROCESSES.Process(target=_build_up_to, args=(step, talks.folder, library))
        process.start()
        process.join(60)
        killed = not _ended(library).exists()
        indexed = _indexed(library)
        assert _indexed(before) <= indexed
        assert all(_answers(library, talk) for talk in indexed)
        _run(talks, library)
        assert _content(library) == expected
        assert len(_files(library)) == 4
        return killed

    steps, killed = 0, [True]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        while all(killed):
            killed = list(pool.map(kill_before, range(steps + 1, steps + 1 + _AT_A_TIME)))
            steps += sum(killed)
    assert steps > 50


def _start(before: Path, library: Path) -> Path:
    if before.exists():
        shutil.copytree(before, library)
    return library


def _build_up_to(step: int, talks: Path, library: Path) -> None:
    """Build, but die before the step of that number among the calls that may change a file."""
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
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    seekpoint.build([talks / "list.md"], library, captions=talks, encoder=TopicEncoder(), translate=False)
    sys.setprofile(None)
    _ended(library).touch()


def _run(talks: Talks, library: Path) -> float:
    """Build to the end; returns the seconds that it took."""
    _ended(library).unlink(missing_ok=True)
    process = talks.start(library, talks.folder / "calls")
    started = time.monotonic()
    process.join(60)
    assert _ended(library).exists()
    return time.monotonic() - started


def _kill(talks: Talks, library: Path, seconds: float) -> bool:
    """Kill a build after so many seconds and check what is left of it; returns whether it was still at work."""
    before, calls = _indexed(library), talks.folder / "calls"
    calls.write_bytes(b"")
    _ended(library).unlink(missing_ok=True)
    process = talks.start(library, calls)
    process.join(seconds)
    process.kill()
    process.join()
    after = _indexed(library)
    assert before <= after
    # When the encoder is called for a talk, those before it are committed.
    assert len(after) >= len(before) + len(calls.read_bytes()) - 1
    for talk in after:
        assert _answers(library, talk)
    return not _ended(library).exists()


def _indexed(folder: Path) -> set[str]:
    try:
        with Library.open(folder) as library:
            return {status.resource.id for status in library.statuses() if status.state is State.INDEXED}
    except LibraryNotFound:  # it was killed before there was one
        return set()


def _answers(folder: Path, talk: str) -> bool:
    word = "掩码" if talk.startswith("zh") else "mask"
    moments = seekpoint.ask(word, folder, k=100, encoder=TopicEncoder()).moments
    return talk in {moment.resource.id for moment in moments}


def _content(folder: Path) -> tuple[list[tuple[str, float, float]], list[tuple[str, float | None, str, float]]]:
    """Where each resource's chunks lie, and the answers to some questions."""
    with Library.open(folder) as library:
        chunks = library.chunks(library.chunk_ids(Filters(kind=Kind.VIDEO)) or [])
        places = sorted((chunk.resource_id, chunk.start, chunk.end) for chunk in chunks.values())
        moments = [
            (moment.resource.id, moment.start, moment.quote, moment.score)
            for question in QUESTIONS
            for moment in seekpoint.ask(question, library, k=10, encoder=TopicEncoder()).moments
        ]
    assert len(moments) >= len(QUESTIONS)
    return places, moments


def _is_sealed(folder: Path) -> bool:
    return len(_indexed(folder)) == 12 and not (folder / "library.db-wal").exists()


def _files(folder: Path) -> list[str]:
    """What lies there, without the side files that SQLite leaves to readers."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("library.db-"))
