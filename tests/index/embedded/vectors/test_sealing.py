"""Vector files after builds: each chunk is in one, they stay few, and only what is due is written."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.index.embedded.chunk_ranges import Holdings, Ranges
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest, SegmentRecord
from seekpoint.index.types import Details, Filters
from tests.index.libraries import CARD, build, by_meaning, embedded, files, fill, names, resource, run_script

pytestmark = pytest.mark.slow

# Segments count as of at least 64 chunks, so that these are of about one size, and the large one of another.
_FEW, _MANY = 3, 700


def uncovered(manifest: Manifest, alive: Ranges) -> Ranges:
    """The chunks that no vector file has."""
    return alive.without(Ranges.of((record.first, record.stop) for record in manifest.segments))


def _texts(chunks: int, *, chinese: bool = False) -> list[str]:
    return [f"掩码 {k}" if chinese else f"mask {k}" for k in range(chunks)]


def _add(folder: Path, *talks: str, chunks: int = _FEW) -> None:
    """A build that adds some talks, every other one in Chinese."""
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        fill(writer, {talk: _texts(chunks, chinese=bool(k % 2)) for k, talk in enumerate(talks)})


def _remove(folder: Path, *talks: str) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(talks)


def _segments(folder: Path) -> tuple[SegmentRecord, ...]:
    """The vector files, which are as they should be: all that lie there, in order, apart, and of all chunks."""
    manifest = Manifest.load(folder)
    segments = manifest.segments
    assert {one.file.name for one in segments} == {path.name for path in folder.glob("*.faiss")}
    for one in segments:
        assert one.first < one.stop
    edges = [edge for one in segments for edge in (one.first, one.stop)]
    assert edges == sorted(edges)
    with EmbeddedReader.open(folder) as library:
        assert len(uncovered(manifest, library.holdings.alive)) == 0
        library.verify()
    return segments


def _written(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> set[str]:
    """The files but those of word indexes that are new or other than before."""
    changed = {name for name, state in after.items() if before.get(name) != state}
    return {name for name in changed if not name.startswith("words-")}


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """A library with four vector files, of three talks each."""
    for k in range(4):
        _add(tmp_path, f"talk{k}", f"讲座{k}", f"more{k}")
    assert [one.count for one in _segments(tmp_path)] == [3 * _FEW] * 4
    return tmp_path


def test_what_no_file_has_gets_one(several: Path) -> None:
    before = files(several)
    _add(several, "new", "新的")
    assert _written(before, files(several)) == {"library.db", "manifest.json", "vectors-5.faiss"}
    assert [one.count for one in _segments(several)] == [9, 9, 9, 9, 2 * _FEW]


def test_what_is_not_sealed_yet_is_known_as_uncovered(several: Path) -> None:
    with EmbeddedWriter.acquire(several) as writer:
        fill(writer, {"new": _texts(2)})
        with closing(sqlite3.connect(several / "library.db")) as stored:
            alive = Holdings.stored(stored).alive
        missing = uncovered(Manifest.load(several), alive)
        assert (missing.starts.tolist(), missing.stops.tolist()) == ([37], [39])
    assert [(one.first, one.stop) for one in _segments(several)][-1] == (37, 39)


def test_an_unchanged_library_is_not_written_at_all(several: Path) -> None:
    before = files(several)
    for _ in range(2):
        with EmbeddedWriter.acquire(several, CARD) as writer:
            writer.remove([])
            writer.standings()
    assert files(several) == before


def test_a_removal_that_leaves_most_of_a_file_writes_none(several: Path) -> None:
    _add(several, *(f"讲座{k} again" for k in range(5)))
    before = files(several)
    _remove(several, "讲座0 again")
    assert _written(before, files(several)) == {"library.db", "manifest.json"}
    assert [one.count for one in _segments(several)] == [9, 9, 9, 9, 15]


def test_a_file_that_lost_more_than_a_quarter_is_written_anew_alone(several: Path) -> None:
    before = files(several)
    _remove(several, "talk1")
    assert _written(before, files(several)) == {"library.db", "manifest.json", "vectors-5.faiss"}
    assert [one.count for one in _segments(several)] == [9, 6, 9, 9]


def test_many_small_builds_leave_few_files(tmp_path: Path) -> None:
    build(tmp_path, {"large": _texts(_MANY)})
    most, merges = 0, 0
    for k in range(24):
        before = len(_segments(tmp_path))
        _add(tmp_path, f"讲座{k}" if k % 2 else f"talk{k}")
        most, merges = max(most, len(_segments(tmp_path))), merges + (len(_segments(tmp_path)) < before)
    assert most <= 1 + 7 + 7
    assert merges >= 2
    assert sum(one.count for one in _segments(tmp_path)) == _MANY + 24 * _FEW
    assert _segments(tmp_path)[0].file.name == "vectors-1.faiss"


def test_any_builds_leave_few_files_that_have_all(tmp_path: Path) -> None:
    chance = random.Random(5)
    held: set[str] = set()
    for k in range(25):
        gone = set(chance.sample(sorted(held), chance.randint(0, len(held) // 3)))
        again = set(chance.sample(sorted(held - gone), min(1, len(held - gone))))
        held = held - gone | {f"讲座{k}"}
        with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
            writer.remove(sorted(gone))
            fill(writer, {talk: _texts(chance.randint(1, 40)) for talk in [f"讲座{k}", *again]})
        segments = _segments(tmp_path)
        with EmbeddedReader.open(tmp_path) as library:
            alive = library.holdings.alive
        assert len(segments) <= 16
        for one in segments:
            assert one.count - len(alive.within(one.first, one.stop)) <= one.count / 4


def test_removing_everything_leaves_no_file(several: Path) -> None:
    _remove(several, *(f"{name}{k}" for name in ("talk", "讲座", "more") for k in range(4)))
    assert _segments(several) == ()
    assert names(several) == {"library.db", "manifest.json", "words-5"}
    _add(several, "new")
    assert [one.file.name for one in _segments(several)] == ["vectors-5.faiss"]


def test_removing_all_that_a_file_has_leaves_the_others_as_they_were(several: Path) -> None:
    before = files(several)
    _remove(several, "talk1", "讲座1", "more1")
    assert _written(before, files(several)) == {"library.db", "manifest.json"}
    assert [one.file.name for one in _segments(several)] == [f"vectors-{k}.faiss" for k in (1, 3, 4)]


@pytest.mark.parametrize("numbers", [(1,), (2,), (4,), (2, 3), (1, 4), (1, 2, 3, 4)])
def test_only_missing_files_are_written_anew(several: Path, numbers: tuple[int, ...]) -> None:
    before, spans = files(several), _spans(several)
    for number in numbers:
        (several / f"vectors-{number}.faiss").unlink()
    with EmbeddedWriter.acquire(several, CARD):
        pass
    kept = {f"vectors-{k}.faiss" for k in range(1, 5) if k not in numbers}
    assert all(files(several)[name] == before[name] for name in kept)
    assert kept <= {one.file.name for one in _segments(several)}
    # Two neighbours that are missing are one gap.
    assert {edge for span in _spans(several) for edge in span} <= {edge for span in spans for edge in span}
    with EmbeddedReader.open(several) as library:
        for talk in (f"{name}{k}" for name in ("talk", "讲座", "more") for k in range(4)):
            assert by_meaning(library, "掩码", Filters(resource=talk)) == [talk]


@pytest.mark.parametrize("damage", ["cut short", "a flipped byte", "empty"])
def test_only_a_damaged_file_is_written_anew(several: Path, damage: str) -> None:
    before, path = files(several), several / "vectors-2.faiss"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes({"cut short": bytes(data[:-1]), "a flipped byte": bytes(data), "empty": b""}[damage])
    with EmbeddedWriter.acquire(several, CARD):
        pass
    assert _written(before, files(several)) == {"manifest.json", "vectors-5.faiss"}
    assert [one.file.name for one in _segments(several)] == [f"vectors-{k}.faiss" for k in (1, 5, 3, 4)]


def test_a_build_that_mends_and_adds_does_both(several: Path) -> None:
    (several / "vectors-2.faiss").unlink()
    before = files(several)
    _add(several, "新的")
    assert _written(before, files(several)) == {"library.db", "manifest.json", "vectors-5.faiss", "vectors-6.faiss"}
    assert [one.count for one in _segments(several)] == [9, 9, 9, 9, _FEW]


def test_what_a_replacement_leaves_behind_counts_as_gone(several: Path) -> None:
    with EmbeddedWriter.acquire(several) as writer:
        writer.commit("talk0", [embedded(_texts(2, chinese=True))], Details(), "changed")
    first, *_, last = _segments(several)
    assert (first.count, last.count) == (6, 2)
    with closing(sqlite3.connect(several / "library.db")) as stored:
        assert stored.execute("SELECT count(*) FROM vector").fetchone() == (35,)


_ADD_AND_DIE = """
import os
from tests.index.libraries import *
writer = EmbeddedWriter.acquire(Path(sys.argv[1]), CARD)
fill(writer, {"new": ["softmax 归一化"] * 4})
if sys.argv[2] == "after the indexes":
    writer._maintenance.write_indexes()
os._exit(9)
"""


@pytest.mark.parametrize("moment", ["before the vector files", "after the indexes"])
def test_the_next_build_seals_what_a_killed_one_left(several: Path, moment: str) -> None:
    assert run_script(_ADD_AND_DIE, several, moment).returncode == 9
    with EmbeddedWriter.acquire(several, CARD):
        pass
    assert [one.count for one in _segments(several)] == [9, 9, 9, 9, 4]


@pytest.mark.parametrize("scratch", [".vectors-7.faiss.new", ".library.db.new"])
def test_what_a_killed_build_was_about_to_write_is_cleared_away(several: Path, scratch: str) -> None:
    (several / scratch).write_bytes(b"a killed build left this")
    with EmbeddedWriter.acquire(several, CARD):
        pass
    assert scratch not in files(several)


def test_a_listed_resource_without_chunks_needs_no_file(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [resource("讲座")])
    assert _segments(tmp_path) == ()


def _spans(folder: Path) -> list[tuple[int, int]]:
    return [(one.first, one.stop) for one in _segments(folder)]
