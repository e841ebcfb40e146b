"""Vectors as the database keeps them: near to what they were, and exact to add up."""

from __future__ import annotations

import numpy as np
import pytest

from seekpoint.index.sql.stored_vectors import pack_int8, unpack_int8


def test_what_comes_back_is_near_to_what_was_packed_and_packed_again_the_same() -> None:
    drawn = np.random.default_rng(3).normal(size=(50, 384)).astype(np.float32)
    vectors = np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)
    kept = unpack_int8([pack_int8(row) for row in vectors], 384)
    assert ((vectors * kept).sum(axis=1) / np.linalg.norm(kept, axis=1) > 0.9999).all()
    assert {len(pack_int8(row)) for row in vectors} == {386}
    assert (unpack_int8([pack_int8(row) for row in kept], 384) == kept).all()


def test_the_largest_and_the_least_numbers_fit() -> None:
    for largest in (0.0, 1.0, -1.0):
        vector = np.array([largest, 0, 0, 0], np.float32)
        assert unpack_int8([pack_int8(vector)], 4)[0] == pytest.approx(vector, abs=1e-3)
