"""Vector files after builds: they stay few, hold every chunk, and are written anew only where that is due."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.embedded.manifest import FileRecord, SegmentRecord
from seekpoint.index.embedded.vectors import planned_segments
from seekpoint.index.types import Filters
from tests.index.libraries import CARD, by_meaning, files, fill

# The talks of six builds and their chunks, which leave six vector files, each twice as large as the next.
BUILDS: list[dict[str, int]] = [
    {"attention01": 120, "注意力": 25},
    {"位置": 60},
    {"mask": 24, "缓存": 6},
    *({f"talk {chunks}": chunks} for chunks in (14, 6, 3)),
]


def add(folder: Path, talks: Mapping[str, int], *removed: str) -> None:
    """A build that removes some talks and adds others of so many chunks."""
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        writer.remove(removed)
        fill(writer, {talk: [f"mask {k}" for k in range(chunks)] for talk, chunks in talks.items()})


def vector_files(folder: Path) -> dict[str, tuple[int, int]]:
    return {name: state for name, state in files(folder).items() if name.endswith(".faiss")}


def check(folder: Path) -> None:
    """See that the library is whole, and each of its talks is found by meaning."""
    with EmbeddedReader.open(folder) as library:
        library.verify()
        for status in library.statuses():
            assert by_meaning(library, "mask", Filters(resource=status.id)) == [status.id]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "library"
    for talks in BUILDS:
        add(folder, talks)
    assert len(vector_files(folder)) == 6
    return folder


@pytest.fixture
def several(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "library")


@pytest.mark.parametrize(
    ("added", "removed", "kept", "left"),
    [
        pytest.param({"new": 1}, [], 6, 7, id="less than half as large as the last"),
        pytest.param({"new": 60}, [], 0, 1, id="larger than all but the first"),
        pytest.param({}, ["注意力"], 6, 6, id="a sixth of a file gone"),
        pytest.param({}, ["mask"], 4, 5, id="most of a small file gone"),
        pytest.param({}, ["attention01"], 4, 5, id="most of a large file gone"),
        pytest.param({}, ["位置"], 5, 5, id="all of a file gone"),
        pytest.param({}, [talk for talks in BUILDS for talk in talks], 0, 0, id="everything gone"),
    ],
)
def test_a_build_writes_the_files_that_are_due(
    several: Path, added: Mapping[str, int], removed: list[str], kept: int, left: int
) -> None:
    before = vector_files(several)
    add(several, added, *removed)
    after = vector_files(several)
    assert (len(before.items() & after.items()), len(after)) == (kept, left)
    check(several)
    add(several, {"later": 2})
    check(several)


@pytest.mark.parametrize("missing", [(1,), (0, 2), (0, 1, 2)])
def test_only_missing_files_are_written_anew(several: Path, missing: tuple[int, ...]) -> None:
    before = vector_files(several)
    for name in [sorted(before)[number] for number in missing]:
        (several / name).unlink()
        del before[name]
    add(several, {})
    assert before.items() <= vector_files(several).items()
    check(several)


def test_any_builds_leave_few_files(tmp_path: Path) -> None:
    chance = random.Random(5)
    held: dict[str, int] = {}
    for k in range(20):
        gone = chance.sample(sorted(held), chance.randint(0, len(held) // 3))
        added = {f"讲座{k}": chance.randint(1, 40)}
        held = {talk: chunks for talk, chunks in held.items() if talk not in gone} | added
        add(tmp_path, added, *gone)
        assert len(vector_files(tmp_path)) <= 6
    check(tmp_path)


def test_no_build_writes_a_large_library_anew() -> None:
    records: list[SegmentRecord] = []
    written = 0
    for lecture in range(1, 101):
        before = {(record.first, record.stop) for record in records}
        planned = planned_segments(records, Ranges.of([(0, 10_000 * lecture)]))
        written = max(written, sum(each.chunks for each in planned if (each.first, each.stop) not in before))
        records = [SegmentRecord(FileRecord("", 0, "", 0), *each) for each in planned]
    assert 250_000 < written <= 500_000
    assert len(records) <= 6
