"""Writing vector files, and what is found in them, with the real FAISS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.vector_files import Segment, write_segment
from seekpoint.index.embedded.vectors import VectorSegment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

    Blocks = Iterator[tuple[NDArray[np.int64], Vectors]]

COUNT, DIMENSION = 3000, 32
# Transcripts of ten chunks; of some, the chunks are gone.
HELD = Ranges.of((start, start + 10) for start in range(100, 100 + 20 * COUNT // 10, 20))
FIRST, STOP = 100, int(HELD.stops[-1])


def _unit(rows: NDArray[np.floating[Any]]) -> Vectors:
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.fixture(scope="module")
def rows() -> Vectors:
    """Vectors in clusters, as those of texts are."""
    chance = np.random.default_rng(2)
    topics = chance.normal(size=(60, DIMENSION))
    return _unit(topics[chance.integers(0, 60, COUNT)] + 0.7 * chance.normal(size=(COUNT, DIMENSION)))


@pytest.fixture(scope="module")
def questions(rows: Vectors) -> Vectors:
    chance = np.random.default_rng(4)
    return _unit(rows[:100] + 0.5 * rows[-100:] + 0.05 * chance.normal(size=(100, DIMENSION)))


def _in_blocks(rows: Vectors, size: int) -> Blocks:
    ids = HELD.ids()
    return ((ids[start : start + size], rows[start : start + size]) for start in range(0, len(rows), size))


def _opened(folder: Path, rows: Vectors, number: int = 1) -> VectorSegment:
    record = write_segment(folder, number, DIMENSION, _in_blocks(rows, 700), Segment(FIRST, STOP, COUNT, COUNT))
    assert record.count == COUNT
    return VectorSegment(folder, record, DIMENSION)


@pytest.fixture(scope="module")
def segment(rows: Vectors, tmp_path_factory: pytest.TempPathFactory) -> VectorSegment:
    return _opened(tmp_path_factory.mktemp("vectors"), rows)


def _recall(segment: VectorSegment, rows: Vectors, questions: Vectors, keep: Ranges | None = None) -> float:
    """The share of the ten nearest chunks that are among the 200 found, none of which is found wrongly."""
    ids = HELD.ids()
    kept = np.flatnonzero(np.ones(COUNT, bool) if keep is None else keep.contains(ids))
    hits = 0
    for question in questions:
        nearest = ids[kept[np.argsort(-(rows[kept] @ question))[:10]]]
        found, cosines = segment.search(question, 200, keep)
        assert np.isin(found, ids[kept]).all()
        assert len(set(found.tolist())) == len(found)
        assert (np.diff(cosines) <= 0).all()
        hits += len(np.intersect1d(nearest, found))
    return hits / (10 * len(questions))


@pytest.mark.parametrize("share", [1.0, 0.97, 0.6, 0.2, 0.02])
def test_the_nearest_that_a_filter_keeps_are_among_the_candidates(
    segment: VectorSegment, rows: Vectors, questions: Vectors, share: float
) -> None:
    is_kept = np.random.default_rng(6).random(len(HELD.starts)) < share
    keep = Ranges(HELD.starts[is_kept], HELD.stops[is_kept])
    if share == 1.0:
        assert _recall(segment, rows, questions) > 0.97
    assert _recall(segment, rows, questions, keep) > 0.95


def test_what_is_kept_is_found_however_far_it_is(segment: VectorSegment, rows: Vectors, questions: Vectors) -> None:
    ids = HELD.ids()
    for question in questions[:10]:
        far = np.sort(ids[np.argsort(rows @ question)[:50]])
        found, _ = segment.search(question, 200, Ranges.of((int(i), int(i) + 1) for i in far))
        assert np.sort(found).tolist() == far.tolist()


def test_the_same_vectors_give_the_same_file(tmp_path: Path, rows: Vectors) -> None:
    for number in (1, 2):
        _opened(tmp_path, rows, number)
    assert (tmp_path / "vectors-1.faiss").read_bytes() == (tmp_path / "vectors-2.faiss").read_bytes()


def test_vectors_that_are_all_alike_are_found(tmp_path: Path, rows: Vectors) -> None:
    alike = np.tile(rows[:1], (COUNT, 1))
    found, cosines = _opened(tmp_path, alike).search(rows[0], 10)
    assert len(found) == 10
    assert cosines.tolist() == pytest.approx([1.0] * 10, abs=0.01)


def test_more_vectors_than_were_foreseen_are_all_written(tmp_path: Path, rows: Vectors) -> None:
    record = write_segment(tmp_path, 1, DIMENSION, _in_blocks(rows, 700), Segment(FIRST, STOP, 10, 10))
    assert record.count == COUNT
    found, _ = VectorSegment(tmp_path, record, DIMENSION).search(rows[-1], 3)
    assert found[0] == STOP - 1


def test_nothing_is_left_of_a_file_whose_writing_failed(tmp_path: Path, rows: Vectors) -> None:
    def blocks() -> Blocks:
        yield HELD.ids()[:10], rows[:10]
        raise OSError("没有空间了")

    with pytest.raises(OSError, match="没有空间了"):
        write_segment(tmp_path, 1, DIMENSION, blocks(), Segment(FIRST, STOP, COUNT, COUNT))
    assert list(tmp_path.iterdir()) == []
