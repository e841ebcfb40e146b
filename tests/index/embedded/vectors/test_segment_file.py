"""Vector files with the real FAISS: written in blocks, always the same, whole or not at all, and the search in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.vector_files import Segment, write_segment
from seekpoint.index.embedded.vectors import VectorSegment
from seekpoint.index.errors import DamagedLibrary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.manifest import SegmentRecord
    from seekpoint.index.types import Vectors

IDS = np.array([3, 5, 8, 13], dtype=np.int64)
WIDTH = 256
QUESTION, ACROSS = np.linalg.qr(np.random.default_rng(8).normal(size=(WIDTH, 2)))[0].T.astype(np.float32)
ANGLES = np.array([[0.0], [0.5], [1.0], [1.5]], dtype=np.float32)
COUNT = 2500


@pytest.fixture
def record(tmp_path: Path) -> SegmentRecord:
    """A file of unit vectors, each a little further from the question."""
    rows = np.cos(ANGLES) * QUESTION + np.sin(ANGLES) * ACROSS
    record = write_segment(tmp_path, 1, WIDTH, [(IDS[:2], rows[:2]), (IDS[2:], rows[2:])], Segment(3, 14, 4, 4))
    assert (record.first, record.stop, record.count) == (3, 14, 4)
    assert [path.name for path in tmp_path.iterdir()] == [record.file.name] == ["vectors-1.faiss"]
    return record


@pytest.fixture
def segment(tmp_path: Path, record: SegmentRecord) -> VectorSegment:
    return VectorSegment(tmp_path, record, WIDTH)


def test_the_nearest_come_first_with_their_cosines_of_what_is_kept(segment: VectorSegment) -> None:
    ids, cosines = segment.search(QUESTION, 3)
    assert ids.tolist() == [3, 5, 8]
    assert cosines.tolist() == pytest.approx([1.0, 0.878, 0.540], abs=0.1)
    cases: list[tuple[list[tuple[int, int]] | None, list[int]]] = [
        (None, [3, 5, 8, 13]),
        ([(13, 14), (5, 6)], [5, 13]),
        ([(8, 9), (900, 999)], [8]),
        ([(4, 14)], [5, 8, 13]),
        ([(0, 2), (4, 5), (9, 13), (14, 99)], []),
    ]
    for keep, found in cases:
        ids, cosines = segment.search(QUESTION, 9, keep if keep is None else Ranges.of(keep))
        assert (ids.tolist(), len(cosines)) == (found, len(found)), keep


def test_a_file_that_was_cleared_away_is_searched_if_open_and_another_file_is_damage(
    segment: VectorSegment, tmp_path: Path, record: SegmentRecord
) -> None:
    for other, dimension in ((replace(record, count=3), WIDTH), (record, 5)):
        with pytest.raises(DamagedLibrary, match=r"vectors-1.faiss holds other vectors"):
            VectorSegment(tmp_path, other, dimension)
    (tmp_path / "vectors-1.faiss").unlink()
    assert segment.search(QUESTION, 1)[0].tolist() == [3]
    with pytest.raises(FileNotFoundError):
        VectorSegment(tmp_path, record, WIDTH)
    (tmp_path / "vectors-1.faiss").write_text("这不是向量")
    with pytest.raises(DamagedLibrary, match="isn't as it was written"):
        VectorSegment(tmp_path, record, WIDTH)


def _written(folder: Path, rows: Vectors, number: int = 7, foreseen: int = COUNT) -> SegmentRecord:
    """A file of vectors in several blocks, with gaps between their ids."""
    ids = 2 * np.arange(COUNT)
    blocks = [(ids[start : start + 700], rows[start : start + 700]) for start in range(0, COUNT, 700)]
    record = write_segment(folder, number, rows.shape[1], blocks, Segment(0, 2 * COUNT, foreseen, foreseen))
    assert record.count == COUNT
    return record


@pytest.mark.parametrize("dimension", [383, 384])
def test_two_bits_a_number_tell_about_the_cosine(tmp_path: Path, dimension: int) -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(COUNT, dimension)).astype(np.float32) * np.linspace(0.5, 2, dimension, dtype=np.float32)
    rows[1:] += rows[:1] * np.linspace(0, 1, COUNT - 1, dtype=np.float32)[:, None]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    record = _written(tmp_path, rows)
    assert record.file.size < COUNT * (dimension / 4 + 9) + 30_000
    segment = VectorSegment(tmp_path, record, dimension)
    for question in rows[::250]:
        ids, cosines = segment.search(question, COUNT)
        assert ids[0] == 2 * int(np.argmax(rows @ question))
        assert sorted(ids.tolist()) == list(range(0, 2 * COUNT, 2))
        missed = cosines - rows[ids // 2] @ question
        assert (abs(float(missed.mean())) < 0.01, float(missed.std()) < 0.03) == (True, True)


def test_the_same_vectors_give_the_same_file_and_more_than_were_foreseen_or_all_alike_are_found(tmp_path: Path) -> None:
    rows = np.random.default_rng(2).normal(size=(COUNT, 32)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for number in (1, 2):
        _written(tmp_path, rows, number)
    assert (tmp_path / "vectors-1.faiss").read_bytes() == (tmp_path / "vectors-2.faiss").read_bytes()
    more = VectorSegment(tmp_path, _written(tmp_path, rows, foreseen=10), 32)
    assert more.search(rows[-1], 3)[0][0] == 2 * COUNT - 2
    alike = VectorSegment(tmp_path, _written(tmp_path, np.tile(rows[:1], (COUNT, 1))), 32)
    assert alike.search(rows[0], 10)[1].tolist() == pytest.approx([1.0] * 10, abs=0.01)


def test_nothing_is_left_of_a_file_whose_writing_failed(tmp_path: Path) -> None:
    def blocks() -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        yield IDS, np.eye(4, dtype=np.float32)
        raise OSError("没有空间了")

    with pytest.raises(OSError, match="没有空间了"):
        write_segment(tmp_path, 1, 4, blocks(), Segment(0, 99, 9, 9))
    assert list(tmp_path.iterdir()) == []
