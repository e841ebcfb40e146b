"""BM25: weights that are never negative, counts that saturate, lengths that count, and a calculation by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from seekpoint.index.text import bm25


def test_a_rarer_term_weighs_more_and_common_ones_next_to_nothing() -> None:
    weights = [bm25.idf(having, 1000) for having in (0, 1, 10, 100, 499)]
    assert weights == sorted(set(weights), reverse=True)
    assert bm25.idf(501, 1000) == bm25.idf(1000, 1000) == bm25.idf(1 << 40, 1 << 40) == 1e-6
    assert bm25.idf(2, 9) == pytest.approx(math.log(7.5 / 2.5))


def test_a_term_that_repeats_counts_ever_less_and_less_in_a_longer_passage() -> None:
    shares = bm25.saturated(np.array([0, 1, 2, 3, 10, 255, 1e9], np.float32))
    gains = np.diff(shares)
    assert shares[0] == 0 and shares[1] == pytest.approx(1.0) and shares[-1] == pytest.approx(bm25.K1 + 1)
    assert (gains > 0).all() and (np.diff(gains[:3]) < 0).all()
    once = bm25.saturated(np.ones(3, np.float32), np.array([10, 20, 30]), 20.0)
    assert once.dtype == np.float32
    assert once[0] > once[1] == pytest.approx(1.0) and once[1] > once[2]
    assert bm25.saturated(np.zeros(2, np.float32), np.zeros(2, np.int64), 0.0).tolist() == [0.0, 0.0]


def test_a_score_by_hand() -> None:
    # Two terms of four passages with 3, 5, 8 and 4 terms: one is twice in the first, the other once in the third.
    lengths = np.array([3, 5, 8, 4])
    one = bm25.idf(1, 4) * bm25.saturated(np.array([2], np.float32), lengths[:1], 5.0)[0]
    other = bm25.idf(1, 4) * bm25.saturated(np.array([1], np.float32), lengths[2:3], 5.0)[0]
    assert one == pytest.approx(0.847298 * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 5)), rel=1e-5)
    assert other == pytest.approx(0.847298 * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 8 / 5)), rel=1e-5)
