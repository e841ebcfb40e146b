"""Vector files and the search in them, with the real FAISS."""

from __future__ import annotations

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
    from seekpoint.index.embedded.manifest import SegmentRecord

IDS = np.array([3, 5, 8, 13], dtype=np.int64)
WIDTH = 256
QUESTION, ACROSS = np.linalg.qr(np.random.default_rng(8).normal(size=(WIDTH, 2)))[0].T.astype(np.float32)
ANGLES = np.array([[0.0], [0.5], [1.0], [1.5]], dtype=np.float32)


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


def test_the_nearest_come_first_with_their_cosines(segment: VectorSegment) -> None:
    ids, cosines = segment.search(QUESTION, 3)
    assert ids.tolist() == [3, 5, 8]
    assert cosines.tolist() == pytest.approx([1.0, 0.878, 0.540], abs=0.1)
    assert segment.search(QUESTION, 99)[0].tolist() == [3, 5, 8, 13]


@pytest.mark.parametrize(
    ("keep", "found"),
    [
        ([(13, 14), (5, 6)], [5, 13]),
        ([(8, 9), (900, 999)], [8]),
        ([(0, 6)], [3, 5]),
        ([(4, 14)], [5, 8, 13]),
        ([(0, 2), (4, 5), (9, 13), (14, 99)], []),
        ([(999, 1000)], []),
        ([], []),
    ],
)
def test_a_search_is_limited_to_what_is_kept(
    segment: VectorSegment, keep: list[tuple[int, int]], found: list[int]
) -> None:
    ids, cosines = segment.search(QUESTION, 9, Ranges.of(keep))
    assert (ids.tolist(), len(cosines)) == (found, len(found))


def test_a_file_that_was_cleared_away_is_searched_if_open_but_cannot_be_opened(
    segment: VectorSegment, tmp_path: Path, record: SegmentRecord
) -> None:
    (tmp_path / "vectors-1.faiss").unlink()
    assert segment.search(QUESTION, 1)[0].tolist() == [3]
    with pytest.raises(FileNotFoundError):
        VectorSegment(tmp_path, record, WIDTH)


@pytest.mark.parametrize("dimension", [383, 384])
def test_two_bits_a_number_tell_about_the_cosine(tmp_path: Path, dimension: int) -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(2500, dimension)).astype(np.float32) * np.linspace(0.5, 2, dimension, dtype=np.float32)
    rows[1:] += rows[:1] * np.linspace(0, 1, 2499, dtype=np.float32)[:, None]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    blocks = [(np.arange(2500)[start : start + 700], rows[start : start + 700]) for start in range(0, 2500, 700)]
    record = write_segment(tmp_path, 7, dimension, blocks, Segment(0, 2500, 2500, 2500))
    assert record.file.size < 2500 * (dimension / 4 + 9) + 30_000
    segment = VectorSegment(tmp_path, record, dimension)
    for question in rows[::250]:
        ids, cosines = segment.search(question, 2500)
        assert ids[0] == int(np.argmax(rows @ question))
        assert sorted(ids.tolist()) == list(range(2500))
        missed = cosines - rows[ids] @ question
        assert (abs(float(missed.mean())) < 0.01, float(missed.std()) < 0.03) == (True, True)


def test_a_record_of_something_else_is_damage(tmp_path: Path, record: SegmentRecord) -> None:
    with pytest.raises(DamagedLibrary, match=r"vectors-1.faiss holds other vectors"):
        VectorSegment(tmp_path, replace(record, count=3), WIDTH)
    with pytest.raises(DamagedLibrary, match="holds other vectors"):
        VectorSegment(tmp_path, record, 5)
    (tmp_path / "vectors-1.faiss").write_text("这不是向量")
    with pytest.raises(DamagedLibrary, match="isn't as it was written"):
        VectorSegment(tmp_path, record, WIDTH)
