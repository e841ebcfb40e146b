"""Vector files after builds: each chunk is in one, they stay few, and only what is due is written."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import Manifest, SegmentRecord
from seekpoint.index.types import Details, Filters
from tests.index.libraries import CARD, by_meaning, embedded, files, fill, names, resource

pytestmark = pytest.mark.slow

_FEW = 3


def _texts(chunks: int, *, chinese: bool = False) -> list[str]:
    return [f"掩码 {k}" if chinese else f"mask {k}" for k in range(chunks)]


def _add(folder: Path, *talks: str) -> None:
    """A build that adds some talks, every other one in Chinese."""
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        fill(writer, {talk: _texts(_FEW, chinese=bool(k % 2)) for k, talk in enumerate(talks)})


def _remove(folder: Path, *talks: str) -> None:
    with EmbeddedWriter.acquire(folder) as writer:
        writer.remove(talks)


def _segments(folder: Path) -> tuple[SegmentRecord, ...]:
    """The vector files, which are as they should be: all that lie there, in order, apart, and of all chunks."""
    segments = Manifest.load(folder).segments
    assert {one.file.name for one in segments} == {path.name for path in folder.glob("*.faiss")}
    assert all(one.first < one.stop for one in segments)
    edges = [edge for one in segments for edge in (one.first, one.stop)]
    assert edges == sorted(edges)
    with EmbeddedReader.open(folder) as library:
        assert len(library.holdings.alive.without(Ranges.of((one.first, one.stop) for one in segments))) == 0
        library.verify()
    return segments


def _written(folder: Path, before: dict[str, tuple[int, int]]) -> set[str]:
    """The files but those of word indexes that are new or other than before."""
    changed = {name for name, state in files(folder).items() if before.get(name) != state}
    return {name for name in changed if not name.startswith("words-")}


def _vectors(*numbers: int) -> set[str]:
    return {f"vectors-{number}.faiss" for number in numbers}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with four vector files, of three talks each."""
    folder = tmp_path_factory.mktemp("several") / "library"
    for k in range(4):
        _add(folder, f"talk{k}", f"讲座{k}", f"more{k}")
    assert [one.count for one in _segments(folder)] == [3 * _FEW] * 4
    return folder


@pytest.fixture
def several(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "library")


def test_what_no_file_has_gets_one_and_a_removal_of_a_little_of_it_writes_none(several: Path) -> None:
    before = files(several)
    _add(several, *(f"讲座{k} again" for k in range(5)))
    assert _written(several, before) == {"library.db", "manifest.json"} | _vectors(5)
    assert [one.count for one in _segments(several)] == [9, 9, 9, 9, 15]
    before = files(several)
    _remove(several, "讲座0 again")
    assert _written(several, before) == {"library.db", "manifest.json"}
    assert [one.count for one in _segments(several)] == [9, 9, 9, 9, 15]


@pytest.mark.parametrize(
    ("removed", "new", "counts"),
    [(["talk1"], [5], [9, 6, 9, 9]), (["talk1", "讲座1", "more1"], [], [9, 9, 9])],
    ids=["more than a quarter", "all"],
)
def test_only_the_file_that_lost_much_is_written_anew(
    several: Path, removed: list[str], new: list[int], counts: list[int]
) -> None:
    before = files(several)
    _remove(several, *removed)
    assert _written(several, before) == {"library.db", "manifest.json"} | _vectors(*new)
    assert [one.count for one in _segments(several)] == counts
    assert {one.file.name for one in _segments(several)} == _vectors(1, 3, 4, *new)


def test_any_builds_leave_few_files_that_have_all(tmp_path: Path) -> None:
    chance = random.Random(5)
    held: set[str] = set()
    for k in range(15):
        gone = set(chance.sample(sorted(held), chance.randint(0, len(held) // 3)))
        again = set(chance.sample(sorted(held - gone), min(1, len(held - gone))))
        held = held - gone | {f"讲座{k}"}
        with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
            writer.remove(sorted(gone))
            fill(writer, {talk: _texts(chance.randint(1, 40)) for talk in [f"讲座{k}", *again]})
        segments = _segments(tmp_path)
        with EmbeddedReader.open(tmp_path) as library:
            alive = library.holdings.alive
        assert len(segments) <= 10
        assert all(one.count - len(alive.within(one.first, one.stop)) <= one.count / 4 for one in segments)


def test_removing_everything_leaves_no_file(several: Path) -> None:
    _remove(several, *(f"{name}{k}" for name in ("talk", "讲座", "more") for k in range(4)))
    assert _segments(several) == ()
    assert names(several) == {"library.db", "manifest.json", "words-5"}
    with EmbeddedWriter.acquire(several) as writer:
        writer.register("list.md", [resource("without chunks")])
    assert _segments(several) == ()
    _add(several, "new")
    assert [one.file.name for one in _segments(several)] == ["vectors-5.faiss"]


@pytest.mark.parametrize("numbers", [(1, 4), (2, 3), (1, 2, 3, 4)])
def test_only_missing_files_are_written_anew(several: Path, numbers: tuple[int, ...]) -> None:
    before, spans = files(several), {edge for one in _segments(several) for edge in (one.first, one.stop)}
    for number in numbers:
        (several / f"vectors-{number}.faiss").unlink()
    with EmbeddedWriter.acquire(several, CARD):
        pass
    kept = _vectors(*set(range(1, 5)) - set(numbers))
    assert all(files(several)[name] == before[name] for name in kept)
    assert kept <= {one.file.name for one in _segments(several)}
    # Two neighbours that are missing are one gap.
    assert {edge for one in _segments(several) for edge in (one.first, one.stop)} <= spans
    with EmbeddedReader.open(several) as library:
        for talk in (f"{name}{k}" for name in ("talk", "讲座", "more") for k in range(4)):
            assert by_meaning(library, "掩码", Filters(resource=talk)) == [talk]


def test_a_build_that_mends_replaces_and_adds_does_all(several: Path) -> None:
    (several / "vectors-2.faiss").write_bytes(b"")
    before = files(several)
    with EmbeddedWriter.acquire(several) as writer:
        writer.commit("talk0", [embedded(_texts(2, chinese=True))], Details(), "changed")
    assert _written(several, before) == {"library.db", "manifest.json"} | _vectors(5, 6, 7)
    assert [one.file.name for one in _segments(several)] == [f"vectors-{k}.faiss" for k in (5, 6, 3, 4, 7)]
    assert [one.count for one in _segments(several)] == [6, 9, 9, 9, 2], "chunks that were replaced count as gone"
