from __future__ import annotations

import pytest

from seekpoint.index.types import StoredChunk
from seekpoint.query.answers import Hit
from seekpoint.query.search.scoring import cheapest, coverage, distinct, fuse, openings, telling


def chunk(
    chunk_id: int, language: str = "en", resource: str = "a", start: float = 0.0, end: float = 45.0
) -> StoredChunk:
    return StoredChunk(chunk_id, 1, resource, language, 0, 5, start, end)


def hit(resource: str, start: float, end: float, score: float, language: str = "en") -> Hit:
    return Hit(StoredChunk(1, 1, resource, language, 0, 5, start, end), dense=score, lexical=score, score=score)


def test_coverage_means_the_same_for_short_and_long_questions() -> None:
    short = coverage([(1, 4.4)], {"mask": 2.0}, ["mask"])
    long = coverage([(1, 17.6)], {"mask": 2.0, "softmax": 6.0}, ["mask", "softmax"])
    assert short == long == {1: 1.0}


def test_a_word_that_the_library_does_not_know_lowers_coverage() -> None:
    weights = {"mask": 2.0}
    assert coverage([(1, 2.2)], weights, ["mask", "zebra"])[1] < coverage([(1, 2.2)], weights, ["mask"])[1]


def test_coverage_of_a_question_without_known_words_is_nothing() -> None:
    assert coverage([], {}, ["zebra"]) == coverage([], {}, []) == {}


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


def test_terms_of_a_third_of_all_passages_tell_nothing() -> None:
    weights = {"the": 0.1, "mask": 4.0, "of": 0.6}
    assert telling(weights, ["the", "mask", "zebra", "of"]) == ["mask", "zebra"]


def test_a_question_of_common_words_alone_keeps_them() -> None:
    assert telling({"the": 0.1, "of": 0.6}, ["of", "the"]) == ["of", "the"]
    assert telling({"mask": 0.51}, ["zebra", "mask"]) == ["zebra", "mask"], "a library of three passages"


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


def test_translations_add_to_what_stands_in_for_the_words_of_another_language() -> None:
    chunks = [chunk(1, "zh"), chunk(2, "zh"), chunk(3, "en")]
    dense = {1: 0.5, 2: 0.5, 3: 0.5}
    ranked = fuse(chunks, dense, {3: 0.1}, "en", {1: 0.9, 2: 0.1, 3: 1.0})
    assert [found.chunk.id for found in ranked] == [1, 2, 3]
    assert ranked[2].lexical == 0.1, "a passage in the question's language has its own words"
    assert fuse(chunks[:1], {1: 1.0}, {}, "en", {1: 9.0})[0].score <= 1.0


def test_the_shortest_lists_are_read_as_far_as_it_goes() -> None:
    lengths = {"the": 900, "mask": 40, "掩码": 30, "softmax": 20}
    assert cheapest(lengths, 100) == {"mask", "掩码", "softmax"}
    assert cheapest(lengths, 1000) == set(lengths)
    assert cheapest(lengths, 49) == {"softmax"}
    assert cheapest({"the": 900}, 10) == {"the"}, "else nothing would be found"
    assert cheapest({}, 10) == set()
