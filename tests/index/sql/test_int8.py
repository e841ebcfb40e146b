"""Vectors as the database keeps them: near to what they were, and exact to add up."""

from __future__ import annotations

import numpy as np
import pytest

from seekpoint.index.sql.piece_blocks import pack_int8, unpack_int8


def units(rows: int, dimension: int = 384) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    drawn = np.random.default_rng(3).normal(size=(rows, dimension)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def test_what_comes_back_is_near_to_what_was_packed_and_packed_again_the_same() -> None:
    vectors = units(50)
    kept = unpack_int8([pack_int8(row) for row in vectors], 384)
    assert ((vectors * kept).sum(axis=1) / np.linalg.norm(kept, axis=1) > 0.9999).all()
    assert {len(pack_int8(row)) for row in vectors} == {386}
    assert (unpack_int8([pack_int8(row) for row in kept], 384) == kept).all()


@pytest.mark.parametrize("vector", [np.zeros(4), np.array([1.0, 0, 0, 0]), np.array([-1.0, 0, 0, 0])])
def test_the_largest_and_the_least_numbers_fit(vector: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert unpack_int8([pack_int8(vector.astype(np.float32))], 4)[0] == pytest.approx(vector, abs=1e-3)


def test_sums_depend_on_no_order() -> None:
    kept = unpack_int8([pack_int8(row) for row in units(300)], 384).astype(np.float64)
    there = np.zeros(384)
    for row in kept:
        there += row
    for row in np.random.default_rng(4).permutation(kept):
        there -= row
    assert not there.any()
