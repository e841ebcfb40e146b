"""Sums and intersections of what posting lists say, and the highest of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.embedded.words.accumulators import Postings, PostingsCombiner, ScoreAccumulator, highest, values_of

SPAN = 200
SAID = st.dictionaries(st.integers(0, SPAN - 1), st.integers(1, 255))


def postings(said: dict[int, int]) -> Postings:
    chunks = sorted(said)
    return Postings(np.array(chunks, np.int64), np.array([said[chunk] for chunk in chunks], np.float32))


def in_order(found: Postings) -> list[tuple[int, float]]:
    return list(zip(found.chunks.tolist(), found.values.tolist(), strict=True))


def told(found: Postings) -> dict[int, float]:
    assert found.chunks.tolist() == sorted(set(found.chunks.tolist()))
    return dict(in_order(found))


@given(st.lists(st.lists(SAID, max_size=4), max_size=3))
def test_a_sum_is_by_chunk_and_leaves_nothing_behind(several: list[list[dict[int, int]]]) -> None:
    combiner = PostingsCombiner(SPAN)
    for lists in several:
        expected = {chunk: sum(one.get(chunk, 0) for one in lists) for one in lists for chunk in one}
        assert told(combiner.sum([postings(one) for one in lists])) == expected


@given(st.lists(st.lists(SAID, min_size=1, max_size=4), max_size=3))
def test_what_is_common_has_its_least_value(several: list[list[dict[int, int]]]) -> None:
    combiner = PostingsCombiner(SPAN)
    for lists in several:
        common = set.intersection(*map(set, lists))
        found = told(combiner.intersection([postings(one) for one in lists]))
        assert found == {chunk: min(one[chunk] for one in lists) for chunk in common}


def test_a_few_chunks_are_common_to_a_long_list() -> None:
    long = postings({chunk: 1 + chunk % 7 for chunk in range(0, SPAN, 2)})
    assert told(PostingsCombiner(SPAN).intersection([long, postings({4: 9, 5: 9})])) == {4: 5}
    assert told(PostingsCombiner(SPAN).intersection([long, Postings.none()])) == {}


@given(SAID, st.lists(st.integers(0, SPAN)))
def test_the_values_of_some_chunks(said: dict[int, int], chunks: list[int]) -> None:
    found = values_of(postings(said), np.array(chunks, np.int64))
    assert found.tolist() == [said.get(chunk, 0) for chunk in chunks]


def test_the_highest_are_the_highest_of_equals_the_first() -> None:
    found = postings({2: 1, 5: 3, 9: 1, 11: 2})
    assert in_order(highest(found, 3)) == [(5, 3.0), (11, 2.0), (2, 1.0)]
    assert in_order(highest(found, 9)) == [(5, 3.0), (11, 2.0), (2, 1.0), (9, 1.0)]
    assert in_order(highest(Postings.none(), 3)) == in_order(highest(found, 0)) == []


@given(st.lists(SAID, max_size=5), st.integers(1, SPAN), st.sets(st.integers(0, SPAN - 1)))
def test_the_best_are_among_what_was_added_up(lists: list[dict[int, int]], k: int, closed: set[int]) -> None:
    scores = ScoreAccumulator(SPAN)
    for one in lists:
        scores.add(postings(one))
    scores.limit(np.array([place not in closed for place in range(SPAN)]))
    totals = [0 if place in closed else sum(one.get(place, 0) for one in lists) for place in range(SPAN)]
    assert scores.at(np.arange(-1, SPAN)).tolist() == [0, *totals]
    found = told(scores.best(k))
    assert all(found[place] == totals[place] > 0 for place in found)
    best = sorted((total for total in totals if total), reverse=True)[:k]
    assert sorted(found.values(), reverse=True)[: len(best)] == best
    expected = highest(postings({place: total for place, total in enumerate(totals) if total}), k)
    assert in_order(highest(scores.best(k), k)) == in_order(expected)
