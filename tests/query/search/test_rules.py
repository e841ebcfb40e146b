"""The rules that the ranking's constants state, in numbers worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from seekpoint.index.text import bm25
from seekpoint.index.types import Pieces, StoredChunk
from seekpoint.query.search import question
from seekpoint.query.search.moments import salient
from seekpoint.query.search.question import TranslatedWord, WeightedWord, discriminative_terms, match_titles
from seekpoint.query.search.ranking import Windows, coverage, windows

ABOUT, BESIDE = np.array([1, 0], np.float32), np.array([0, 1], np.float32)


def rarity(having: int, passages: int) -> float:
    """A term's weight, as FTS5 has it."""
    return log((passages - having + 0.5) / (having + 0.5))


def weighted(word: str, weight: float, chunks: int = 1) -> WeightedWord:
    return WeightedWord(TranslatedWord(word, ((word,),)), chunks, weight)


def test_a_term_that_repeats_without_end_counts_two_and_a_fifth_times_its_weight() -> None:
    found = coverage(np.array([2.0, 4.4]), {"mask": 2.0}, ["mask"])
    assert found.tolist() == pytest.approx([1 / 2.2, 1.0])


def test_a_translation_saturates_as_a_term_does() -> None:
    ((_, share),) = question.shares([weighted("掩码", 3.0)])
    found = share * bm25.saturated(np.array([1.0, 12.0], np.float32))
    assert found.tolist() == pytest.approx([1 / 2.2, 12 / 13.2])


def test_an_unknown_word_weighs_half_of_the_heaviest() -> None:
    assert coverage(np.array([4 * 2.2]), {"mask": 4.0}, ["mask", "zebra"]).tolist() == pytest.approx([2 / 3])


def test_a_word_whose_translations_nobody_says_weighs_half_of_the_heaviest() -> None:
    ((word, share),) = question.shares([weighted("掩码", 4.0), weighted("斑马", 0.0, chunks=0)])
    assert word.word == "掩码"
    assert (share * bm25.saturated(np.ones(1, np.float32))).tolist() == pytest.approx([2 / 3 / 2.2])


@pytest.mark.parametrize(("having", "tells"), [(95, True), (105, False)])
def test_what_a_third_of_all_passages_have_tells_nothing(having: int, tells: bool) -> None:
    weights = {"mask": rarity(3, 300), "layer": rarity(having, 300)}
    assert ("layer" in discriminative_terms(weights, ["mask", "layer"])) == tells


@pytest.mark.parametrize(("having", "named"), [(95, False), (105, True)])
def test_what_a_third_of_all_passages_have_needn_t_be_said_of_a_title(having: int, named: bool) -> None:
    weights = {"layer": rarity(having, 300), "gentle": rarity(3, 300), "tour": rarity(4, 300)}
    found = match_titles(["a", "gentle", "tour"], [("talk", ("layer", "gentle", "tour"))], weights)
    assert bool(found.resources) == named


def test_a_term_tells_the_second_with_a_bit_more_than_a_third_of_the_heaviest_ones_weight() -> None:
    assert salient({"softmax": 10.0, "mask": 3.6, "word": 3.4}).keys() == {"softmax", "mask"}


def test_a_translation_tells_the_second_by_the_same_share() -> None:
    weights = {"softmax": 10.0, "mask": 3.6, "word": 3.4}
    found = question.salient_weights([weighted(word, weight) for word, weight in weights.items()])
    assert found.keys() == {"softmax", "mask"}


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
