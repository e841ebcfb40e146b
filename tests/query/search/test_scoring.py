"""The scores of chunks: coverage of words, and meaning and words fused."""

from __future__ import annotations

import numpy as np
import pytest

from seekpoint.index.types import StoredChunk, TermMatrix, WordGroup
from seekpoint.query.search.question import discriminative_terms
from seekpoint.query.search.ranking import coverage, fuse, group_scores, strongest, term_scores


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
