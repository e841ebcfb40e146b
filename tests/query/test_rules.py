"""The rules that the ranking's constants state, in numbers worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from index.tally import Postings
from index.types import Pieces, StoredChunk
from query import across
from query.across import Group, Weighed
from query.localise import salient
from query.naming import naming
from query.ranking import cheapest, coverage, telling
from query.tuning import MOST_POSTINGS
from query.windows import Windows, windows

ABOUT, BESIDE = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def rarity(having: int, passages: int) -> float:
    """A term's weight, as FTS5 has it."""
    return log((passages - having + 0.5) / (having + 0.5))


def test_a_term_that_repeats_without_end_counts_two_and_a_fifth_times_its_weight() -> None:
    assert coverage([(1, 2.0), (2, 4.4)], {"mask": 2.0}, ["mask"]) == pytest.approx({1: 1 / 2.2, 2: 1.0})


def test_a_translation_saturates_as_a_term_does() -> None:
    said = Postings(np.array([0, 1]), np.array([1.0, 12.0], np.float32))
    (found,) = across.coverage([Weighed(Group("掩码", (("mask",),)), said, 3.0)])
    assert found.values.tolist() == pytest.approx([1 / 2.2, 12 / 13.2])


def test_an_unknown_word_weighs_half_of_the_heaviest() -> None:
    assert coverage([(1, 4 * 2.2)], {"mask": 4.0}, ["mask", "zebra"]) == pytest.approx({1: 2 / 3})


def test_a_word_whose_translations_nobody_says_weighs_half_of_the_heaviest() -> None:
    said = Weighed(Group("掩码", (("mask",),)), Postings(np.array([0]), np.array([1.0], np.float32)), 4.0)
    unsaid = Weighed(Group("斑马", (("zebra",),)), Postings(np.array([], int), np.array([], np.float32)), 0.0)
    (found,) = across.coverage([said, unsaid])
    assert found.values.tolist() == pytest.approx([2 / 3 / 2.2])


@pytest.mark.parametrize(("having", "tells"), [(95, True), (105, False)])
def test_what_a_third_of_all_passages_have_tells_nothing(having: int, tells: bool) -> None:
    weights = {"mask": rarity(3, 300), "layer": rarity(having, 300)}
    assert ("layer" in telling(weights, ["mask", "layer"])) == tells


@pytest.mark.parametrize(("having", "named"), [(95, False), (105, True)])
def test_what_a_third_of_all_passages_have_needn_t_be_said_of_a_title(having: int, named: bool) -> None:
    weights = {"layer": rarity(having, 300), "gentle": rarity(3, 300), "tour": rarity(4, 300)}
    found = naming(["a", "gentle", "tour"], [("talk", ("layer", "gentle", "tour"))], lambda terms: weights)
    assert bool(found.resources) == named


def test_a_term_tells_the_second_with_a_bit_more_than_a_third_of_the_heaviest_ones_weight() -> None:
    assert salient({"softmax": 10.0, "mask": 3.6, "word": 3.4}).keys() == {"softmax", "mask"}


def test_a_translation_tells_the_second_by_the_same_share() -> None:
    said = Postings(np.array([0]), np.array([1.0], np.float32))
    words = {"softmax": 10.0, "mask": 3.6, "word": 3.4}
    weighed = [Weighed(Group(word, ((word,),)), said, weight) for word, weight in words.items()]
    assert across.weights(weighed).keys() == {"softmax", "mask"}


@pytest.mark.parametrize(("others", "looked_up"), [(299_990, {"the", "mask"}), (299_991, {"mask"})])
def test_words_are_looked_up_as_far_as_three_hundred_thousand_entries_go(others: int, looked_up: set[str]) -> None:
    assert cheapest({"the": others, "mask": 10}, MOST_POSTINGS) == looked_up


def of_pieces(start: float, *about: float) -> Windows:
    """The windows of a passage of one piece, with ten pieces of ten seconds before and after it.

    Those that begin at the seconds `about` are about the question, all others about something else.
    """
    starts = np.arange(0, 210, 10, dtype=np.float64)
    sums = np.stack([ABOUT if second in about else BESIDE for second in starts])
    passage = StoredChunk(1, 1, "talk", "en", 0, 1, start, start + 10)
    none = np.zeros(2, np.float32)
    return windows([passage], {1: Pieces(starts, sums, np.ones(21, np.float32))}, {"en": none}, ABOUT)[1]


@pytest.mark.parametrize(("second", "is_in"), [(90.0, False), (100.0, True), (120.0, True), (130.0, False)])
def test_the_window_ahead_is_the_half_minute_from_a_place_on(second: float, is_in: bool) -> None:
    assert (of_pieces(100.0, second).ahead[0] > 0) == is_in


@pytest.mark.parametrize(
    ("second", "is_in"), [(50.0, False), (60.0, True), (100.0, True), (140.0, True), (150.0, False)]
)
def test_the_window_around_reaches_three_quarters_of_a_minute_to_either_side(second: float, is_in: bool) -> None:
    assert (of_pieces(100.0, second).around[0] > 0) == is_in
