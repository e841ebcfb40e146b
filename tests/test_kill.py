"""A build that is killed again and again loses nothing, and ends where an undisturbed one does."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pytest

import seekpoint
from index.answers import Filters
from index.errors import LibraryNotFound
from index.library import Library
from index.manifest import Manifest
from index.types import Kind, State
from tests.fakes import TopicEncoder
from tests.index.parts import chunk_ids

if TYPE_CHECKING:
    from index.types import Vectors

KILLS, MORE_KILLS = 20, 50
_AT_A_TIME = 4
_ROUNDS_A_WHOLE_BUILD = 4
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
        self.put({k: _lines(k, cues) for k in range(count)})

    def put(self, talks: Mapping[int, Sequence[str]]) -> None:
        """List the talks of those numbers, with captions of those lines."""
        self.folder.mkdir(exist_ok=True)
        entries = []
        for k, lines in talks.items():
            video_id = _video_id(k)
            title, language = ("讲座", "zh-TW") if _is_chinese(k) else ("Talk", "en")
            entries.append(f"- [{title} {k}](https://www.youtube.com/watch?v={video_id})")
            (self.folder / f"Talk {k} [{video_id}].{language}.vtt").write_text(_captions(lines), "utf-8")
        (self.folder / "list.md").write_text("# Talks\n\n## Transformers\n\n" + "\n".join(entries), "utf-8")

    def start(self, library: Path, calls: Path) -> BaseProcess:
        process = _PROCESSES.Process(target=_build, args=(self.folder, library, calls))
        process.start()
        return process


def _is_chinese(k: int) -> bool:
    return k % 3 == 1


def _video_id(k: int) -> str:
    return f"{'zh' if _is_chinese(k) else 'en'}-talk-{k:03}"


def _lines(k: int, count: int, version: int = 0) -> list[str]:
    chinese = _is_chinese(k)
    words = ["注意力", "掩码", "位置", "缓存"] if chinese else ["attention", "mask", "position", "cache", "softmax"]
    between = "之后是" if chinese else "is before"
    return [
        f"{words[(n + k + version) % len(words)]} {between} {words[(n * k) % len(words)]} {k * n}" for n in range(count)
    ]


Spans: TypeAlias = list[tuple[int, int]]


class Found(NamedTuple):
    """An answer to a question."""

    question: str
    resource_id: str
    start: float | None
    quote: str
    score: float


def _captions(lines: Sequence[str]) -> str:
    cues = [f"{_stamp(8 * n)} --> {_stamp(8 * n + 8)}\n{line}\n" for n, line in enumerate(lines)]
    return "WEBVTT\n\n" + "\n".join(cues)


def _stamp(seconds: int) -> str:
    return f"{seconds // 60:02}:{seconds % 60:02}.000"


def _build(talks: Path, library: Path, calls: Path) -> None:
    encoder = SlowEncoder(calls)
    seekpoint.build([talks / "list.md"], library, captions=talks, encoder=encoder, translate=False, prune=True)
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
        assert _is_tidy(library)
        rounds += 1
    assert killed > KILLS / 2


@pytest.mark.parametrize("what", ["a new library", "a changed list and a merge"])
def test_a_build_that_is_killed_before_any_step_on_the_disk_ends_like_an_undisturbed_one(
    tmp_path: Path, what: str
) -> None:
    talks, before = Talks(tmp_path / "talks"), tmp_path / "before"
    if what == "a new library":
        talks.write(2, cues=7)
    else:
        for count in range(2, 9):
            talks.write(count, cues=9)
            _run(talks, before)
        talks.put({k: _lines(k, 9 if k else 7) for k in range(9)})
    undisturbed = _start(before, tmp_path / "undisturbed")
    _run(talks, undisturbed)
    expected = _content(undisturbed)
    if before.exists():
        assert _has_merged(_spans_of_vectors(before), _spans_of_vectors(undisturbed))

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
        assert _is_tidy(library)
        return killed

    steps, killed = 0, [True]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        while all(killed):
            killed = list(pool.map(kill_before, range(steps + 1, steps + 1 + _AT_A_TIME)))
            steps += sum(killed)
    assert steps > 50


def test_killed_again_and_again_over_additions_removals_and_merges_nothing_is_lost(tmp_path: Path) -> None:
    talks, library, changes = Talks(tmp_path / "talks"), tmp_path / "library", Changes(random.Random(7))
    chance, seconds, killed, rounds = random.Random(8), 0.0, 0, 0
    words: list[Spans] = []
    vectors: list[Spans] = []
    while killed < MORE_KILLS:
        talks.put(changes.next_list())
        before = _indexed(library) & changes.listed
        if rounds % _ROUNDS_A_WHOLE_BUILD:
            killed += _interrupt(talks, library, seconds * chance.uniform(0.1, 1.2))
        else:
            seconds = _run(talks, library)
            assert _indexed(library) == changes.listed
            assert _is_tidy(library)
        if library.exists():
            assert before <= _indexed(library)
            _check_whole(library, changes)
            words.append(_spans_of_words(library))
            vectors.append(_spans_of_vectors(library))
        rounds += 1
    _run(talks, library)
    _run(talks, tmp_path / "undisturbed")
    places, moments = _content(library, k=60)
    expected_places, expected = _content(tmp_path / "undisturbed", k=60)
    assert places == expected_places
    assert _scores(moments) == pytest.approx(_scores(expected), abs=2e-4)
    assert _is_tidy(library)
    assert any(_has_merged(*both) for both in pairwise(words))
    assert any(_has_merged(*both) for both in pairwise(vectors))


@dataclass
class Changes:
    """A list that is another each time: talks come, go, and get other captions."""

    chance: random.Random
    talks: dict[int, list[str]] = field(default_factory=dict)
    said: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    made: int = 0

    def next_list(self) -> dict[int, list[str]]:
        """What is listed now."""
        numbers = list(self.talks)
        gone = self.chance.sample(numbers, self.chance.randint(0, 8 if len(numbers) > 24 else len(numbers) // 8))
        self.talks = {k: lines for k, lines in self.talks.items() if k not in gone}
        for k in self.chance.sample(list(self.talks), self.chance.randint(0, len(self.talks) // 8)):
            self._say(k)
        for _ in range(self.chance.randint(1, 3)):
            self.made += 1
            self._say(self.made)
        return self.talks

    @property
    def listed(self) -> set[str]:
        """The ids of what is listed now."""
        return {_video_id(k) for k in self.talks}

    def _say(self, k: int) -> None:
        count, version = self.chance.randint(3, 12), self.chance.randrange(1000)
        and_word, mask = ("又", "掩码") if _is_chinese(k) else ("and", "mask")
        self.talks[k] = [*(f"{line} {and_word} {version}" for line in _lines(k, count, version)), mask]
        self.said.setdefault(_video_id(k), set()).add(tuple(self.talks[k]))


def _check_whole(folder: Path, changes: Changes) -> None:
    """See that all that is indexed is as one of the lists had it, and answers."""
    indexed = _indexed(folder)
    with Library.open(folder) as library:
        library.verify()
        for talk in indexed:
            (transcript,) = library.transcripts(talk)
            assert tuple(cue.text for cue in transcript.cues) in changes.said[talk]
        answers = [seekpoint.ask(word, library, k=100, encoder=TopicEncoder()).moments for word in ("mask", "掩码")]
    assert indexed == {moment.resource.id for moments in answers for moment in moments}


def _spans_of_words(folder: Path) -> Spans:
    with closing(sqlite3.connect(folder / "library.db")) as stored:
        return stored.execute("SELECT first, stop FROM posting_segment").fetchall()


def _spans_of_vectors(folder: Path) -> Spans:
    return [(one.first, one.stop) for one in Manifest.load(folder).segments]


def _has_merged(before: Spans, after: Spans) -> bool:
    """Whether a segment stands in place of several."""
    return any(sum(first <= start and end <= stop for start, end in before) > 1 for first, stop in after)


def _scores(found: Sequence[Found]) -> dict[tuple[object, ...], float]:
    """What is found, whatever comes first of equals."""
    return {one[:-1]: one.score for one in found}


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
    killed = _interrupt(talks, library, seconds)
    after = _indexed(library)
    assert before <= after
    # When the encoder is called for a talk, those before it are committed.
    assert len(after) >= len(before) + len(calls.read_bytes()) - 1
    for talk in after:
        assert _answers(library, talk)
    return killed


def _interrupt(talks: Talks, library: Path, seconds: float) -> bool:
    """Kill a build after so many seconds; returns whether it was still at work."""
    _ended(library).unlink(missing_ok=True)
    process = talks.start(library, talks.folder / "calls")
    process.join(seconds)
    process.kill()
    process.join()
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


def _content(folder: Path, k: int = 10) -> tuple[list[tuple[str, float, float]], list[Found]]:
    """Where each resource's chunks lie, and the answers to some questions."""
    with Library.open(folder) as library:
        chunks = library.chunks(chunk_ids(library, Filters(kind=Kind.VIDEO)))
        places = sorted((chunk.resource_id, chunk.start, chunk.end) for chunk in chunks.values())
        moments = [
            Found(question, moment.resource.id, moment.start, moment.quote, moment.score)
            for question in QUESTIONS
            for moment in seekpoint.ask(question, library, k=k, encoder=TopicEncoder()).moments
        ]
    assert len(moments) >= len(QUESTIONS)
    return places, moments


def _is_sealed(folder: Path) -> bool:
    return len(_indexed(folder)) == 12 and not (folder / "library.db-wal").exists()


def _is_tidy(folder: Path) -> bool:
    """Whether nothing but the library lies there, beside the lock and the side files that SQLite leaves to readers."""
    names = {path.name for path in folder.iterdir() if not path.name.startswith("library.db-")}
    vectors = {segment.file.name for segment in Manifest.load(folder).segments}
    return names - {"lock"} == {"library.db", "manifest.json", *vectors}
