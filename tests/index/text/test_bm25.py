"""BM25: weights that are never negative, counts that saturate, lengths that count, and a calculation by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.text import bm25


@given(st.integers(1, 1 << 40).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_no_term_weighs_nothing_or_less(having: tuple[int, int]) -> None:
    assert bm25.idf(*having) > 0


def test_a_rarer_term_weighs_more_and_common_ones_next_to_nothing() -> None:
    weights = [bm25.idf(having, 1000) for having in (0, 1, 10, 100, 499)]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == len(weights)
    assert bm25.idf(501, 1000) == bm25.idf(1000, 1000) == 1e-6
    assert bm25.idf(2, 9) == pytest.approx(math.log(7.5 / 2.5))


def test_a_term_that_repeats_counts_ever_less_and_never_more_than_the_limit() -> None:
    shares = bm25.saturated(np.array([0, 1, 2, 3, 10, 255], np.float32))
    gains = np.diff(shares)
    assert shares[0] == 0 and shares[1] == pytest.approx(1.0)
    assert (gains > 0).all()
    assert (np.diff(gains[:3]) < 0).all()
    assert shares.max() < bm25.K1 + 1
    assert bm25.saturated(np.array([1e9], np.float32)) == pytest.approx(bm25.K1 + 1)


def test_a_term_counts_less_in_a_longer_passage() -> None:
    once = bm25.saturated(np.ones(3, np.float32), np.array([10, 20, 30]), 20.0)
    assert once.dtype == np.float32
    assert once[0] > once[1] == pytest.approx(1.0) and once[1] > once[2]
    for size in (0, 2):  # where nothing is said nothing fails
        nothing = bm25.saturated(np.zeros(size, np.float32), np.zeros(size, np.int64), 0.0)
        assert nothing.tolist() == [0.0] * size


def test_a_score_by_hand() -> None:
    # Two terms of four passages with 3, 5, 8 and 4 terms: one is twice in the first, the other once in the third.
    lengths = np.array([3, 5, 8, 4])
    one = bm25.idf(1, 4) * bm25.saturated(np.array([2], np.float32), lengths[:1], 5.0)[0]
    other = bm25.idf(1, 4) * bm25.saturated(np.array([1], np.float32), lengths[2:3], 5.0)[0]
    assert one == pytest.approx(0.847298 * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 5)), rel=1e-5)
    assert other == pytest.approx(0.847298 * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 8 / 5)), rel=1e-5)


@given(st.lists(st.integers(0, 255), max_size=20))
def test_without_lengths_passages_count_as_of_the_average_length(counts: list[int]) -> None:
    often = np.array(counts, np.float32)
    assert bm25.saturated(often) == pytest.approx(bm25.saturated(often, np.full(len(counts), 7), 7.0), rel=1e-4)
