"""The vector file and the search in it, with the real FAISS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.errors import DamagedLibrary
from index.vectors import VectorIndex, write

if TYPE_CHECKING:
    from index.types import Vectors

IDS = np.array([3, 5, 8, 13], dtype=np.int64)


def _rows() -> Vectors:
    """Unit vectors, each a little further from the first axis."""
    angles = np.array([0.0, 0.5, 1.0, 1.5], dtype=np.float32)
    rows: Vectors = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    return rows


QUESTION = np.array([1, 0, 0], dtype=np.float32)


@pytest.fixture
def index(tmp_path: Path) -> VectorIndex:
    record = write(tmp_path, 1, 3, [(IDS[:2], _rows()[:2]), (IDS[2:], _rows()[2:])])
    assert (record.generation, record.count, record.last_chunk) == (1, 4, 13)
    return VectorIndex(tmp_path, record, 3)


def test_the_nearest_come_first_with_their_cosines(index: VectorIndex) -> None:
    found = index.search(QUESTION, 3)
    assert [chunk for chunk, _ in found] == [3, 5, 8]
    assert [cosine for _, cosine in found] == pytest.approx([1.0, 0.878, 0.540], abs=1e-3)
    assert [chunk for chunk, _ in index.search(QUESTION, 99)] == [3, 5, 8, 13]


@pytest.mark.parametrize(("keep", "found"), [([13, 5], [5, 13]), ([8, 999], [8]), ([999], []), ([], [])])
def test_a_search_is_limited_to_what_is_kept(index: VectorIndex, keep: list[int], found: list[int]) -> None:
    assert [chunk for chunk, _ in index.search(QUESTION, 3, keep)] == found


def test_the_scores_of_given_chunks(index: VectorIndex) -> None:
    assert index.scores(QUESTION, [13, 999, 3]) == pytest.approx({13: 0.0707, 3: 1.0}, abs=1e-3)
    assert index.scores(QUESTION, [999]) == index.scores(QUESTION, []) == {}


def test_an_open_file_is_searched_even_when_it_was_replaced(index: VectorIndex, tmp_path: Path) -> None:
    (tmp_path / "vectors-1.faiss").unlink()
    assert index.search(QUESTION, 1)[0][0] == 3


def test_a_file_of_another_size_is_damage(tmp_path: Path) -> None:
    three = write(tmp_path, 1, 3, [(IDS[:3], _rows()[:3])])
    four = write(tmp_path, 1, 3, [(IDS, _rows())])
    with pytest.raises(DamagedLibrary, match=r"4 vectors of 3 numbers, not 3 of 3"):
        VectorIndex(tmp_path, three, 3)
    with pytest.raises(DamagedLibrary, match=r"4 vectors of 3 numbers, not 4 of 5"):
        VectorIndex(tmp_path, four, 5)
    (tmp_path / "vectors-1.faiss").write_text("这不是向量")
    with pytest.raises(DamagedLibrary, match="isn't a FAISS index"):
        VectorIndex(tmp_path, four, 3)


def test_half_precision_is_exact_to_three_digits(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    rows = chance.normal(size=(500, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = VectorIndex(tmp_path, write(tmp_path, 7, 64, [(np.arange(500), rows)]), 64)
    for question in rows[:20]:
        found = index.search(question, 500)
        assert found[0][0] == int(np.argmax(rows @ question))
        assert [cosine for _, cosine in found] == pytest.approx(sorted(rows @ question, reverse=True), abs=1e-3)


def test_only_the_asked_generation_is_written(tmp_path: Path) -> None:
    write(tmp_path, 4, 3, [])
    assert [path.name for path in tmp_path.iterdir()] == ["vectors-4.faiss"]
