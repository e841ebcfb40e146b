"""A build that is killed again and again loses nothing, and ends where an undisturbed one does."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.manifest import Manifest
from tests.asking import ask
from tests.fakes import TopicEncoder
from tests.killing import (
    EVERY,
    Found,
    Talks,
    answering,
    content,
    indexed_in,
    interrupt,
    is_chinese,
    is_tidy,
    kill,
    kill_before_step,
    last_step,
    lines_of,
    run,
    video_id,
)

pytestmark = pytest.mark.slow

KILLS, MORE_KILLS = 20, 50
REMOVED = 4
# Every so many steps, the build that goes on after a kill is killed too.
_STEPS_A_SECOND_KILL = 5
_ROUNDS_A_WHOLE_BUILD = 4
Spans: TypeAlias = list[tuple[int, int]]


@pytest.mark.nightly
def test_a_build_that_is_killed_at_any_moment_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    talks = Talks(tmp_path / "talks")
    talks.write(12, cues=20)
    run(talks, tmp_path / "warm the machine up")
    seconds = run(talks, tmp_path / "undisturbed")
    expected = content(tmp_path / "undisturbed")
    chance = random.Random(2024)
    moments = [seconds * (k + chance.random()) / KILLS for k in range(KILLS)]
    chance.shuffle(moments)
    rounds, killed = 0, 0
    while moments:
        library = tmp_path / f"killed {rounds}"
        while moments and not _is_sealed(library):
            killed += kill(talks, library, moments.pop())
        run(talks, library)
        assert content(library) == expected
        assert is_tidy(library)
        rounds += 1
    assert killed > KILLS / 2


@pytest.mark.parametrize("what", ["a new library", "a changed list and a merge"])
@pytest.mark.parametrize("every", EVERY)
def test_a_build_that_is_killed_before_any_step_on_the_disk_ends_like_an_undisturbed_one(
    tmp_path: Path, what: str, every: int
) -> None:
    talks, before = Talks(tmp_path / "talks"), tmp_path / "before"
    if what == "a new library":
        talks.write(2, cues=7)
    else:
        for count in (2, 3, 4, 6, 7, 8, 9):  # the one that is removed shares its segment
            talks.write(count, cues=9)
            run(talks, before)
        talks.put({k: lines_of(k, 9 if k else 7) for k in range(10) if k != REMOVED})
    undisturbed = _start(before, tmp_path / "undisturbed")
    run(talks, undisturbed)
    expected = content(undisturbed)
    if before.exists():
        assert _has_merged(_spans_of_vectors(before), _spans_of_vectors(undisturbed))

    def kill_before(step: int) -> bool:
        """Kill a build there, check what is left and go on; returns whether the build had not ended before."""
        library = _start(before, tmp_path / f"killed before step {step}")
        killed = kill_before_step(step, talks, library)
        _check_left(before, library)
        if step % _STEPS_A_SECOND_KILL == 0:
            kill_before_step(step // 2, talks, library)
            _check_left(before, library)
        run(talks, library)
        assert content(library) == expected
        assert is_tidy(library)
        return killed

    assert last_step(kill_before, every) > 50


def _check_left(before: Path, library: Path) -> None:
    """See that nothing is lost that is still listed, and that all that is indexed answers."""
    indexed = indexed_in(library)
    assert indexed_in(before) - {video_id(REMOVED)} <= indexed
    assert indexed <= answering(library)


@pytest.mark.nightly
def test_killed_again_and_again_over_additions_removals_and_merges_nothing_is_lost(tmp_path: Path) -> None:
    talks, library, changes = Talks(tmp_path / "talks"), tmp_path / "library", Changes(random.Random(7))
    chance, seconds, killed, rounds = random.Random(8), 0.0, 0, 0
    words: list[int] = []
    vectors: list[Spans] = []
    while killed < MORE_KILLS:
        talks.put(changes.next_list())
        before = indexed_in(library) & changes.listed
        if rounds % _ROUNDS_A_WHOLE_BUILD:
            killed += interrupt(talks, library, seconds * chance.uniform(0.1, 1.2))
        else:
            seconds = run(talks, library)
            assert indexed_in(library) == changes.listed
            assert is_tidy(library)
        if library.exists():
            assert before <= indexed_in(library)
            _check_whole(library, changes)
            words.append(_segments_of_words(library))
            vectors.append(_spans_of_vectors(library))
        rounds += 1
    run(talks, library)
    run(talks, tmp_path / "undisturbed")
    places, moments = content(library, k=60)
    expected_places, expected = content(tmp_path / "undisturbed", k=60)
    assert places == expected_places
    assert _scores(moments) == pytest.approx(_scores(expected), abs=2e-4)
    assert is_tidy(library)
    assert any(after < before for before, after in pairwise(words))
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
        return {video_id(k) for k in self.talks}

    def _say(self, k: int) -> None:
        count, version = self.chance.randint(3, 12), self.chance.randrange(1000)
        and_word, mask = ("又", "掩码") if is_chinese(k) else ("and", "mask")
        self.talks[k] = [*(f"{line} {and_word} {version}" for line in lines_of(k, count, version)), mask]
        self.said.setdefault(video_id(k), set()).add(tuple(self.talks[k]))


def _check_whole(folder: Path, changes: Changes) -> None:
    """See that all that is indexed is as one of the lists had it, and answers."""
    indexed = indexed_in(folder)
    with EmbeddedReader.open(folder) as library:
        library.verify()
        for talk in indexed:
            (transcript,) = library.transcripts(talk)
            assert tuple(cue.text for cue in transcript.cues) in changes.said[talk]
        answers = [ask(word, library, k=100, encoder=TopicEncoder()).moments for word in ("mask", "掩码")]
    assert indexed == {moment.resource.id for moments in answers for moment in moments}


def _segments_of_words(folder: Path) -> int:
    words = Manifest.load(folder).words
    return len(json.loads((folder / words.folder / "meta.json").read_text("utf-8"))["segments"]) if words else 0


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


def _is_sealed(folder: Path) -> bool:
    return len(indexed_in(folder)) == 12 and not (folder / "library.db-wal").exists()
