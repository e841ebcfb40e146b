"""Scores, windows, distinct hits and a mix of resources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from click.testing import CliRunner

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.index.store import Reader
from seekpoint.index.text import bm25
from seekpoint.index.types import Encoder, Evidence, Language, Pieces, Scope, StoredChunk, TermMatrix, WordGroup
from seekpoint.query.answers import Hit
from seekpoint.query.search import question
from seekpoint.query.search.literal import QuestionSyntax
from seekpoint.query.search.moments import salient
from seekpoint.query.search.question import (
    ParsedQuestion,
    Query,
    QueryTerms,
    TitleMatch,
    TranslatedWord,
    WeightedWord,
    discriminative_terms,
    match_titles,
)
from seekpoint.query.search.ranking import (
    Windows,
    coverage,
    distinct,
    fuse,
    group_scores,
    mixed,
    openings,
    scored,
    strongest,
    term_scores,
    windows,
)
from seekpoint.query.search.settings import TUNING, AskOptions
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.web.conftest import serving

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors


def chunk(
    chunk_id: int, language: str = "en", resource: str = "a", start: float = 0.0, end: float = 45.0
) -> StoredChunk:
    return StoredChunk(chunk_id, 1, resource, language, 0, 5, start, end)


def covered(score: float, weights: dict[str, float], question_terms: list[str]) -> float:
    return float(coverage(np.array([score]), weights, question_terms)[0])


def test_coverage_means_the_same_for_short_and_long_questions() -> None:
    short = covered(4.4, {"mask": 2.0}, ["mask"])
    long = covered(17.6, {"mask": 2.0, "softmax": 6.0}, ["mask", "softmax"])
    assert short == long == 1.0


def test_coverage_is_never_more_than_all() -> None:
    assert covered(9.0, {"掩码": 2.0}, ["掩码"]) == 1.0


def test_a_word_that_the_library_does_not_know_lowers_coverage() -> None:
    weights = {"mask": 2.0}
    assert covered(2.2, weights, ["mask", "zebra"]) < covered(2.2, weights, ["mask"])


def test_coverage_of_a_question_without_known_words_is_nothing() -> None:
    assert covered(0.0, {}, ["zebra"]) == covered(0.0, {}, []) == 0.0


def test_terms_of_a_third_of_all_passages_tell_nothing() -> None:
    weights = {"the": 0.1, "mask": 4.0, "of": 0.6}
    assert discriminative_terms(weights, ["the", "mask", "zebra", "of"]) == ["mask", "zebra"]


def test_a_question_of_common_words_alone_keeps_them() -> None:
    assert discriminative_terms({"the": 0.1, "of": 0.6}, ["of", "the"]) == ["of", "the"]
    assert discriminative_terms({"mask": 0.51}, ["zebra", "mask"]) == ["zebra", "mask"], "a library of three passages"


def test_meaning_and_words_both_count() -> None:
    ranked = fuse([chunk(1), chunk(2), chunk(3)], {1: 0.9, 2: 0.5, 3: 0.5}, {2: 0.6, 3: 0.1}, "en")
    assert [found.chunk.id for found in ranked] == [2, 1, 3]
    assert all(0 <= found.score <= 1 for found in ranked)


def test_another_language_is_not_punished_for_other_words() -> None:
    ranked = fuse([chunk(1, "en"), chunk(2, "zh-TW")], {1: 0.6, 2: 0.6}, {}, "en")
    assert [found.chunk.id for found in ranked] == [2, 1]
    ranked = fuse([chunk(1, "en"), chunk(2, "zh-TW")], {1: 0.6, 2: 0.6}, {}, "zh")
    assert [found.chunk.id for found in ranked] == [1, 2]


def test_a_vector_that_points_away_is_worth_nothing_rather_than_less() -> None:
    assert fuse([chunk(1)], {1: -0.4}, {}, "en")[0].score == 0.0


def test_translations_add_to_what_stands_in_for_the_words_of_another_language() -> None:
    chunks = [chunk(1, "zh"), chunk(2, "zh"), chunk(3, "en")]
    dense = {1: 0.5, 2: 0.5, 3: 0.5}
    ranked = fuse(chunks, dense, {3: 0.1}, "en", {1: 0.9, 2: 0.1, 3: 1.0})
    assert [found.chunk.id for found in ranked] == [1, 2, 3]
    assert ranked[2].lexical == 0.1, "a passage in the question's language has its own words"
    assert fuse(chunks[:1], {1: 1.0}, {}, "en", {1: 9.0})[0].score <= 1.0


# From the terms of chunks

WORDS = TermMatrix(
    ["mask", "layer", "掩码", "注意", "意力"],
    np.array([[2, 1, 1, 0], [0, 3, 0, 0], [0, 0, 2, 1], [0, 0, 1, 4], [0, 0, 1, 0]], np.float32),
    np.array([10, 20, 10, 30]),
)
LANGUAGES = ["en", "en", "zh", "zh"]


def by_hand(count: float, length: float, average: float) -> float:
    return count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / average))


def test_the_score_of_weighted_terms_is_their_bm25() -> None:
    found = term_scores(WORDS, {"mask": 2.0, "layer": 0.5, "zebra": 9.0}, 15.0)
    expected = [
        2 * by_hand(2, 10, 15),
        2 * by_hand(1, 20, 15) + 0.5 * by_hand(3, 20, 15),
        2 * by_hand(1, 10, 15),
        0.0,
    ]
    assert found.tolist() == pytest.approx(expected, rel=1e-5)
    assert term_scores(WORDS, {}, 15.0).tolist() == [0.0] * 4


def test_the_alternatives_of_a_group_count_together_in_the_chunks_of_its_language() -> None:
    group = WordGroup((("掩码",), ("注意", "意力"), ("mask",), ("nowher",), ("掩码", "nowher")), "zh")
    found = group_scores(WORDS, [(group, 0.5)], LANGUAGES)
    # 2 + 1 + 1 times in the third chunk; in the fourth the second alternative isn't in full.
    assert found.tolist() == pytest.approx([0.0, 0.0, 0.5 * 4 * 2.2 / 5.2, 0.5])


def test_the_scores_of_groups_add_up() -> None:
    groups = [(WordGroup((("掩码",),), "zh"), 0.25), (WordGroup((("mask",),), "en"), 1.0), (WordGroup((), "zh"), 1.0)]
    found = group_scores(WORDS, groups, LANGUAGES)
    assert found.tolist() == pytest.approx([2 * 2.2 / 3.2, 1.0, 0.25 * 2 * 2.2 / 3.2, 0.25])
    assert group_scores(WORDS, [], LANGUAGES).tolist() == [0.0] * 4


def test_words_count_in_the_chunks_with_the_highest_scores() -> None:
    scores = np.array([0.5, 2.0, 1.0, 2.0, 0.5])
    assert strongest(scores, 3).tolist() == [0.0, 2.0, 1.0, 2.0, 0.0]
    assert strongest(scores, 4).tolist() == [0.5, 2.0, 1.0, 2.0, 0.0], "the first of equals"
    assert strongest(scores, 5).tolist() == scores.tolist()


def hit(resource: str, start: float, end: float, score: float, language: str = "en") -> Hit:
    return Hit(StoredChunk(1, 1, resource, language, 0, 5, start, end), dense=score, lexical=score, score=score)


def at(start: float, score: float, transcript: int = 1, chunk_id: int = 0) -> Hit:
    return Hit(StoredChunk(chunk_id, transcript, "a", "en", 0, 5, start, start + 45), score, score, score)


@pytest.mark.parametrize(
    ("before", "opening"),
    [
        (at(30, 0.97), 30),
        (at(30, 0.9), 60),  # far from as good
        (at(15, 0.97), 60),  # doesn't overlap
        (at(90, 0.99), 60),  # comes after
        (at(30, 0.97, transcript=2), 60),  # says something else
    ],
)
def test_an_answer_may_begin_in_the_passage_before_that_is_nearly_as_good(before: Hit, opening: float) -> None:
    hit = at(60, 1.0, chunk_id=7)
    assert openings([hit], [hit, before], 0.95)[7].start == opening


def test_no_answer_begins_where_a_better_one_is() -> None:
    better, between, hit = at(0, 1.0, chunk_id=1), at(30, 0.97), at(60, 0.98, chunk_id=7)
    begin = openings([better, hit], [better, between, hit], 0.95)
    assert (begin[1].start, begin[7].start) == (0, 60)


def test_overlapping_chunks_of_a_resource_are_one_place() -> None:
    hits = [hit("a", 30, 75, 0.9), hit("a", 60, 105, 0.8), hit("a", 75, 120, 0.7), hit("b", 30, 75, 0.6)]
    places = [(found.chunk.resource_id, found.chunk.start) for found in distinct(hits, "en")]
    assert places == [("a", 30), ("a", 75), ("b", 30)]


def test_a_passage_in_two_languages_comes_once_in_the_questions() -> None:
    hits = [hit("a", 0, 45, 0.9, "zh-TW"), hit("b", 0, 45, 0.8, "zh"), hit("a", 10, 55, 0.4, "en")]
    assert [(f.chunk.resource_id, f.chunk.language, f.score) for f in distinct(hits, "en")] == [
        ("a", "en", 0.9),
        ("b", "zh", 0.8),
    ]
    assert [found.chunk.language for found in distinct(hits, "zh")] == ["zh-TW", "zh"]


def test_a_passage_that_only_touches_is_no_translation() -> None:
    hits = [hit("a", 0, 45, 0.9, "zh"), hit("a", 40, 85, 0.4, "en")]
    assert [found.chunk.language for found in distinct(hits, "en")] == ["zh"]


def shown(*scores: tuple[str, float], k: int = 5, per_resource: int = 2) -> tuple[str, dict[str, int]]:
    hits = [at(100 * number, score)._replace() for number, (_, score) in enumerate(scores)]
    hits = [
        found._replace(chunk=found.chunk._replace(resource_id=resource))
        for found, (resource, _) in zip(hits, scores, strict=True)
    ]
    found, more = mixed(hits, k, per_resource, 0.95)
    return "".join(each.chunk.resource_id for each in found), dict(more)


FLOOD = (("a", 1.0), ("a", 0.99), ("a", 0.98), ("a", 0.97), ("b", 0.96), ("b", 0.95), ("b", 0.94), ("c", 0.935))


def test_two_of_the_first_five_are_of_one_resource() -> None:
    assert shown(*FLOOD) == ("aabbc", {"a": 2, "b": 1})


@pytest.mark.parametrize(("per_resource", "order"), [(1, "abaca"), (2, "aabbc"), (3, "aaabb"), (5, "aaaab")])
def test_the_number_is_a_setting(per_resource: int, order: str) -> None:
    assert shown(*FLOOD, per_resource=per_resource)[0] == order


def test_what_was_held_back_follows_the_first_five() -> None:
    assert shown(*FLOOD, k=100) == ("aabbcaab", {})


def test_a_resource_that_is_far_better_than_all_others_fills_the_answer() -> None:
    assert shown(("a", 1.0), ("a", 0.9), ("a", 0.86), ("b", 0.84), ("a", 0.7)) == ("aaaba", {})
    assert shown(("a", 1.0), ("a", 0.9), ("a", 0.86), ("b", 0.85), ("a", 0.7)) == ("aabaa", {})


def test_beyond_the_first_five_moments_come_as_they_score() -> None:
    scores = (("a", 1.0), ("a", 0.99), ("b", 0.98), ("b", 0.97), ("c", 0.96), ("a", 0.955), ("c", 0.95))
    assert shown(*scores, k=7) == ("aabbcac", {})


def test_more_are_those_that_are_near() -> None:
    assert shown(("a", 1.0), ("a", 0.85), ("b", 0.9), ("a", 0.84), ("b", 0.84), k=1) == ("a", {"a": 1, "b": 1})


def test_a_place_is_given_to_what_scores_nearly_as_much() -> None:
    assert shown(("a", 1.0), ("a", 0.99), ("a", 0.97), ("b", 0.93), ("c", 0.9)) == ("aabac", {})
    assert shown(("a", 1.0), ("a", 0.99), ("a", 0.97), ("c", 0.92), k=3) == ("aaa", {"c": 1})
    assert shown(("a", 1.0), ("a", 0.99), ("a", 0.97), ("c", 0.93), k=3) == ("aac", {"a": 1})


def test_bibliographies_take_no_place() -> None:
    reference = hit("b", 0, 45, 1.0)
    hits = [
        *(at(100 * k, 1.0) for k in range(3)),
        reference._replace(chunk=reference.chunk._replace(is_reference=True)),
    ]
    assert [found.chunk.resource_id for found in mixed(hits, 5, 2, 0.95)[0]] == ["a", "a", "a", "b"]


def test_of_nothing_nothing_is_shown() -> None:
    assert shown() == ("", {})


MEAN = np.zeros(3, np.float32)
QUESTION = np.array([1, 0, 0], np.float32)


def pieces(*topics: int, seconds: float = 10.0) -> Pieces:
    """Pieces of ten seconds and as many tokens, each about one of three topics."""
    sums = 10 * np.eye(3, dtype=np.float32)[list(topics)]
    starts = seconds * np.arange(len(topics), dtype=np.float64)
    return Pieces(starts, sums.reshape(-1, 3), np.full(len(topics), 10, np.float32))


def talking(chunk_id: int, start: float, end: float, language: str = "en") -> StoredChunk:
    return StoredChunk(chunk_id, 1, "talk", language, 0, 1, start, end)


def windows_at(pieces: Pieces, mean: Vectors, question: Vectors, start: float, end: float) -> Windows | None:
    """The windows of a single chunk."""
    return windows([talking(7, start, end)], {7: pieces}, {"en": mean}, question).get(7)


def test_a_window_ahead_begins_with_its_piece_and_lasts_half_a_minute() -> None:
    found = windows_at(pieces(1, 1, 1, 0, 0, 0, 1, 1, 1), MEAN, QUESTION, 0.0, 90.0)
    assert found is not None
    assert found.ahead[3] == pytest.approx(1.0) and found.ahead[0] == pytest.approx(0.0, abs=1e-6)
    assert found.ahead[2] == pytest.approx(2 / 5**0.5), "two of its three pieces"
    assert found.ahead.index(max(found.ahead)) == 3
    assert found.around[4] > found.ahead[0] and max(found.around) < 0.8
    assert found.meaning == pytest.approx((1.0 + max(found.around)) / 2)


def test_a_place_has_the_cosine_of_the_piece_that_it_lies_in() -> None:
    found = windows_at(pieces(1, 0, 0, 0, 1), MEAN, QUESTION, 0.0, 50.0)
    assert found is not None
    assert [found.ahead_at(seconds) for seconds in (0.0, 10.0, 19.9, 99.0)] == [
        found.ahead[0],
        found.ahead[1],
        found.ahead[1],
        found.ahead[-1],
    ]


def test_only_the_chunks_pieces_count_but_the_others_are_around_them() -> None:
    alone = windows_at(pieces(1, 1, 1, 1, 1, 1, 1, 1), MEAN, QUESTION, 30.0, 50.0)
    beside = windows_at(pieces(0, 0, 1, 1, 1, 0, 0, 0), MEAN, QUESTION, 30.0, 50.0)
    assert alone and beside
    assert list(alone.starts) == list(beside.starts) == [30.0, 40.0]
    assert max(beside.around) > max(alone.around) == pytest.approx(0.0, abs=1e-6)


def test_a_piece_that_covers_the_beginning_belongs_to_the_chunk() -> None:
    found = windows_at(pieces(0, 1, 1), MEAN, QUESTION, 5.0, 15.0)
    assert found is not None and list(found.starts) == [0.0, 10.0]


def test_the_languages_mean_is_taken_out() -> None:
    mean = np.array([0.9, 0.1, 0.0], np.float32)
    found = windows_at(pieces(0, 0, 0, 1, 1, 1), mean, QUESTION, 0.0, 60.0)
    assert found is not None and found.ahead[3] < 0 < found.ahead[0]


def test_a_chunk_without_pieces_has_no_windows() -> None:
    none = Pieces(np.empty(0), np.empty((0, 3), np.float32), np.empty(0, np.float32))
    assert windows_at(none, MEAN, QUESTION, 0.0, 45.0) is None
    assert windows_at(pieces(0), MEAN, QUESTION, -20.0, 0.0) is None


def test_more_chunks_than_are_looked_at_at_once_have_the_very_numbers_of_each() -> None:
    chance = np.random.default_rng(1)
    chunks = [talking(k, 10.0 * (k % 7), 10.0 * (k % 7) + 45) for k in range(50)]
    around = {k: pieces(*chance.integers(0, 3, 4 + k % 11)) for k in range(50)}
    together = windows(chunks, around, {"en": MEAN + 0.1}, QUESTION)
    assert len(together) > 40
    for one in chunks:
        alone = windows([one], around, {"en": MEAN + 0.1}, QUESTION)
        assert (one.id in alone) == (one.id in together)
        for found in alone.values():
            assert together[one.id].ahead == found.ahead
            assert together[one.id].around == found.around


def test_many_chunks_have_the_windows_that_each_has_alone() -> None:
    chunks = [
        talking(1, 0.0, 30.0),
        talking(2, 5.0, 45.0, "zh-TW"),
        talking(3, 900.0, 945.0),
        talking(4, -20.0, 0.0),
    ]
    around = {1: pieces(0, 1, 2), 2: pieces(1, 0, 0, 2, 0, 1), 3: pieces(2, 0), 4: pieces(0)}
    means = {"en": MEAN, "zh": np.array([0.5, 0.0, 0.5], np.float32)}
    together = windows(chunks, around, means, QUESTION)
    assert list(together) == [1, 2, 3]
    for one in chunks[:3]:
        alone = windows([one], around, means, QUESTION)[one.id]
        for found, expected in ((together[one.id].ahead, alone.ahead), (together[one.id].around, alone.around)):
            assert found == pytest.approx(expected)
        assert together[one.id].starts == alone.starts
    assert windows([], {}, means, QUESTION) == {}


NOTHING = np.zeros(2, np.float32)
SPOKEN: Mapping[str, Language] = {"en": Language(9, NOTHING, None, 90)}


def test_words_count_in_the_candidates_that_have_the_most_of_them_alone() -> None:
    chunks = [StoredChunk(number, 1, "talk", "en", number, number + 1, 0.0, 45.0) for number in range(1, 101)]
    counts = np.arange(100, 0, -1, dtype=np.float32)[None, :]
    evidence = Evidence(chunks, [0.0] * 100, TermMatrix(["mask"], counts, np.full(100, 10)))
    weights, names = {"mask": 2.0}, TitleMatch(frozenset(), ())
    terms = QueryTerms(["mask"], weights, {}, names, frozenset(), {}, (), {}, weights, weights, set())
    question, syntax = ParsedQuestion("mask", ["mask"], [], "en", NOTHING), QuestionSyntax("mask")
    reader, scope = cast("Reader", None), cast("Scope", None)
    query = Query(syntax, question, terms, (), SPOKEN, 10.0, reader, scope, AskOptions(5), TUNING)
    _, covered, _ = scored(evidence, query)
    assert [chunk_id for chunk_id, share in covered.items() if share] == list(range(1, 81))
    _, covered, _ = scored(evidence, query._replace(options=AskOptions(50)))
    assert all(covered.values())


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


COUNTS = {"aaaaaaaaaaa": 6, "bbbbbbbbbbb": 2, "ccccccccccc": 1}
QUESTIONS = {"a mask hides the future": "What does the mask hide?", "掩码把未来藏起来": "掩码藏了什么？"}
ORDERS = {None: ("aabbc", 4), 1: ("abcaa", 3), 3: ("aaabb", 3), 100: ("aaaaa", 1)}


def found(answer: Mapping[str, Any]) -> tuple[str, int]:
    """The resources of an answer's moments by their first letters, and how many more the first one has."""
    moments = answer["moments"]
    return "".join(moment["resource"]["id"][0] for moment in moments), moments[0].get("more", 0)


def build(folder: Path, words: str, encoder: Encoder | None) -> Path:
    """A library in which one talk says what the others say, but more often."""
    for video_id, count in COUNTS.items():
        (folder / f"talk [{video_id}].vtt").write_text(webvtt(*[words] * count, seconds=60), encoding="utf-8")
    (folder / "list.md").write_text("\n".join(f"- https://youtu.be/{video_id}" for video_id in COUNTS), "utf-8")
    seekpoint.build(folder / "list.md", folder / "library", captions=folder, encoder=encoder, translate=False)
    return folder / "library"


@pytest.fixture(scope="module", params=QUESTIONS)
def flooded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Such a library, and a question for it."""
    return build(tmp_path_factory.mktemp("flooded"), request.param, TopicEncoder()), QUESTIONS[request.param]


@pytest.mark.parametrize("per_resource", ORDERS)
def test_python_and_http_mix_resources_as_they_are_told(flooded: tuple[Path, str], per_resource: int | None) -> None:
    library, question = flooded
    given: dict[str, Any] = {} if per_resource is None else {"per_resource": per_resource}
    answer = seekpoint.ask(question, library, encoder=TopicEncoder(), **given)
    assert ("".join(each.resource.id[0] for each in answer.moments), answer.moments[0].more) == ORDERS[per_resource]
    with serving(library) as client:
        assert found(client.get("/api/ask", params={"q": question, **given}).json()) == ORDERS[per_resource]
        assert client.get("/api/ask", params={"q": question, "per_resource": 0}).status_code == 400
        page = client.get("/", params={"q": question, "k": 8, **given}).text
        shown = re.findall(r'id="m(\d+)" (?:[^>]*><a class="go" )?href="[^"]*v=(\w)', page)
        assert "".join(name for _, name in sorted(shown)[:5]) == ORDERS[per_resource][0]


def test_within_one_resource_nothing_else_is_near(flooded: tuple[Path, str]) -> None:
    library, question = flooded
    answer = seekpoint.ask(question, library, resource="aaaaaaaaaaa", encoder=TopicEncoder())
    assert [each.more for each in answer.moments] == [1] * 5


@pytest.mark.model
def test_the_command_mixes_resources_as_it_is_told(tmp_path: Path) -> None:
    words, question = next(iter(QUESTIONS.items()))
    call = ["ask", "--json", question, "--index", str(build(tmp_path, words, None))]
    for per_resource, expected in ORDERS.items():
        option = [] if per_resource is None else ["--per-resource", str(per_resource)]
        assert found(json.loads(CliRunner().invoke(cli, [*call, *option]).stdout)) == expected
    assert CliRunner().invoke(cli, [*call, "--per-resource", "0"]).exit_code == 2
