"""Distinct moments: overlaps, twins in another language, and where an answer may begin."""

from __future__ import annotations

import pytest

from seekpoint.index.types import StoredChunk
from seekpoint.query.answers import Hit
from seekpoint.query.search.ranking import distinct, mixed, openings


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
