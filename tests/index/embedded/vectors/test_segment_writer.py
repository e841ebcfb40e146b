"""Writing vector files with the real FAISS: in blocks, always the same, and whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from seekpoint.index.embedded.vector_files import Segment, write_segment
from seekpoint.index.embedded.vectors import VectorSegment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.manifest import SegmentRecord
    from seekpoint.index.types import Vectors

    Blocks = Iterator[tuple[NDArray[np.int64], Vectors]]

COUNT, DIMENSION = 3000, 32
# Transcripts of ten chunks; between two of them ten chunks are gone.
IDS = np.array([100 + 20 * (k // 10) + k % 10 for k in range(COUNT)], np.int64)
FIRST, STOP = 100, int(IDS[-1]) + 1


@pytest.fixture(scope="module")
def rows() -> Vectors:
    drawn = np.random.default_rng(2).normal(size=(COUNT, DIMENSION))
    unit: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _written(folder: Path, rows: Vectors, number: int = 1, foreseen: int = COUNT) -> SegmentRecord:
    blocks = ((IDS[start : start + 700], rows[start : start + 700]) for start in range(0, COUNT, 700))
    record = write_segment(folder, number, DIMENSION, blocks, Segment(FIRST, STOP, foreseen, foreseen))
    assert record.count == COUNT
    return record


def test_the_same_vectors_give_the_same_file(tmp_path: Path, rows: Vectors) -> None:
    for number in (1, 2):
        _written(tmp_path, rows, number)
    assert (tmp_path / "vectors-1.faiss").read_bytes() == (tmp_path / "vectors-2.faiss").read_bytes()


def test_vectors_that_are_all_alike_are_found(tmp_path: Path, rows: Vectors) -> None:
    alike = np.tile(rows[:1], (COUNT, 1))
    found, cosines = VectorSegment(tmp_path, _written(tmp_path, alike), DIMENSION).search(rows[0], 10)
    assert len(found) == 10
    assert cosines.tolist() == pytest.approx([1.0] * 10, abs=0.01)


def test_more_vectors_than_were_foreseen_are_all_written(tmp_path: Path, rows: Vectors) -> None:
    segment = VectorSegment(tmp_path, _written(tmp_path, rows, foreseen=10), DIMENSION)
    assert segment.search(rows[-1], 3)[0][0] == STOP - 1


def test_nothing_is_left_of_a_file_whose_writing_failed(tmp_path: Path, rows: Vectors) -> None:
    def blocks() -> Blocks:
        yield IDS[:10], rows[:10]
        raise OSError("没有空间了")

    with pytest.raises(OSError, match="没有空间了"):
        write_segment(tmp_path, 1, DIMENSION, blocks(), Segment(FIRST, STOP, COUNT, COUNT))
    assert list(tmp_path.iterdir()) == []
