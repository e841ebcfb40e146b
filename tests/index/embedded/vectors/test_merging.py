"""Vector files after builds: they stay few, hold every chunk, and are written anew only where that is due."""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Filters
from tests.index.libraries import CARD, by_meaning, files, fill

# The talks of three builds and their chunks, which leave three vector files.
BUILDS: list[dict[str, int]] = [{"attention01": 40, "注意力": 10}, {"位置": 20}, {"mask": 6, "缓存": 4}]


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
    assert len(vector_files(folder)) == 3
    return folder


@pytest.fixture
def several(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "library")


@pytest.mark.parametrize(
    ("added", "removed", "kept", "left"),
    [
        pytest.param({"new": 3}, [], 3, 4, id="an addition leaves larger files alone"),
        pytest.param({"new": 6}, [], 0, 1, id="files less than twice as large as the next become one"),
        pytest.param({}, ["注意力"], 3, 3, id="a fifth of a file gone"),
        pytest.param({}, ["mask"], 2, 3, id="most of a small file gone"),
        pytest.param({}, ["attention01"], 1, 2, id="most of a large file gone"),
        pytest.param({}, ["位置"], 2, 2, id="all of a file gone"),
        pytest.param({}, ["attention01", "注意力", "位置", "mask", "缓存"], 0, 0, id="everything gone"),
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
    for k in range(15):
        gone = chance.sample(sorted(held), chance.randint(0, len(held) // 3))
        added = {f"讲座{k}": chance.randint(1, 40)}
        held = {talk: chunks for talk, chunks in held.items() if talk not in gone} | added
        add(tmp_path, added, *gone)
        assert len(vector_files(tmp_path)) <= 2 + math.log2(sum(held.values()))
    check(tmp_path)
