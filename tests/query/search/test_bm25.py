"""BM25: weights that are never negative, counts that saturate, lengths that count, and a calculation by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.query.search import scoring


@given(st.integers(1, 1 << 40).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_no_term_weighs_nothing_or_less(having: tuple[int, int]) -> None:
    assert scoring.idf(*having) > 0


def test_a_rarer_term_weighs_more_and_common_ones_next_to_nothing() -> None:
    weights = [scoring.idf(having, 1000) for having in (0, 1, 10, 100, 499)]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == len(weights)
    assert scoring.idf(501, 1000) == scoring.idf(1000, 1000) == 1e-6


def test_the_weight_of_a_term_of_a_few_passages() -> None:
    assert scoring.idf(2, 9) == pytest.approx(math.log(7.5 / 2.5))


def test_a_term_that_repeats_counts_ever_less_and_never_more_than_the_limit() -> None:
    counts = np.array([0, 1, 2, 3, 10, 255], np.float32)
    shares = scoring.saturated(counts, np.full(len(counts), scoring.K1, np.float32))
    gains = np.diff(shares)
    assert shares[0] == 0 and shares[1] == pytest.approx(1.0)
    assert (gains > 0).all()
    assert (np.diff(gains[:3]) < 0).all()
    assert shares.max() < scoring.K1 + 1
    assert scoring.saturated(np.array([1e9], np.float32), np.ones(1, np.float32)) == pytest.approx(scoring.K1 + 1)


def test_a_term_counts_less_in_a_longer_passage() -> None:
    norms = scoring.length_norms(np.array([10, 20, 30]), 20.0)
    assert norms.dtype == np.float32
    assert norms == pytest.approx(1.2 * np.array([0.25 + 0.75 / 2, 1.0, 0.25 + 0.75 * 1.5]))
    once = scoring.saturated(np.ones(3, np.float32), norms)
    assert once[0] > once[1] == pytest.approx(1.0) and once[1] > once[2]


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_where_nothing_is_said_nothing_fails(lengths: list[int]) -> None:
    norms = scoring.length_norms(np.array(lengths, np.int64), 0.0)
    assert np.isfinite(norms).all() and len(norms) == len(lengths)


def test_a_score_by_hand() -> None:
    # Two terms of four passages with 3, 5, 8 and 4 terms: one is twice in the first, the other once in the third.
    norms = scoring.length_norms(np.array([3, 5, 8, 4]), 5.0)
    one = scoring.idf(1, 4) * scoring.saturated(np.array([2], np.float32), norms[:1])[0]
    other = scoring.idf(1, 4) * scoring.saturated(np.array([1], np.float32), norms[2:3])[0]
    assert one == pytest.approx(0.847298 * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 5)), rel=1e-5)
    assert other == pytest.approx(0.847298 * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 8 / 5)), rel=1e-5)


@given(st.lists(st.integers(0, 255), max_size=20))
def test_without_norms_passages_count_as_of_the_average_length(counts: list[int]) -> None:
    often = np.array(counts, np.float32)
    norms = scoring.length_norms(np.full(len(counts), 7), 7.0)
    assert scoring.saturated(often) == pytest.approx(scoring.saturated(often, norms), rel=1e-4)
