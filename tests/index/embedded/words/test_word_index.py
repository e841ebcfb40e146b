"""Searching by words with the real tantivy: which chunks come first, and how many have a word."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seekpoint.index.embedded.word_index import Entry, WordIndex, new_index, update
from seekpoint.index.text.terms import terms
from seekpoint.index.types import WordGroup

# Chunks by id, in the transcripts 1, 4 and 6; the last one is Chinese.
SAID = {
    1: "the mask hides the words",
    2: "mask mask mask",
    3: "a cache saves work",
    4: "the cache of words",
    5: "the words and the words again and again in a long sentence about words",
    6: "掩码遮住后面的词",
    7: "注意力给每个词一个权重 mask",
}
LANGUAGES = ("en", "zh")
OF = {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 6, 7: 6}


def entries(chunks: Sequence[int] = tuple(SAID)) -> list[Entry]:
    return [Entry(k, OF[k], "zh" if OF[k] == 6 else "en", terms(SAID[k])) for k in chunks]


@pytest.fixture(scope="module")
def index() -> WordIndex:
    return WordIndex.in_memory(entries(), LANGUAGES)


def by_terms(index: WordIndex, weights: dict[str, float], k: int = 9, within: Sequence[int] | None = None) -> list[int]:
    return [one.chunk for one in index.best(index.by_terms(weights), k, within)]


def test_what_has_a_term_more_often_comes_first(index: WordIndex) -> None:
    assert by_terms(index, {"mask": 1.0})[0] == 2
    assert set(by_terms(index, {"mask": 1.0})) == {1, 2, 7}
    assert by_terms(index, {"mask": 1.0}, 1) == [2]
    assert by_terms(index, {"nowher": 1.0}) == by_terms(index, {}) == []


@pytest.mark.parametrize(("weights", "first"), [({"save": 9.0, "权重": 0.1}, 3), ({"save": 0.1, "权重": 9.0}, 7)])
def test_scores_go_by_the_weights_and_not_by_the_engines_own(
    index: WordIndex, weights: dict[str, float], first: int
) -> None:
    assert by_terms(index, weights)[0] == first


def test_a_common_term_of_great_weight_beats_a_rare_one(index: WordIndex) -> None:
    best = index.best(index.by_terms({"word": 4.0, "hide": 1.0}), 9, [1])
    other = index.best(index.by_terms({"save": 1.0}), 9)
    assert best[0].score > 2 * other[0].score


def by_phrases(index: WordIndex, *phrases: tuple[tuple[str, ...], ...], without: Sequence[str] = ()) -> list[int]:
    return [one.chunk for one in index.best(index.by_phrases(phrases, {"word": 1.0}), 9, None, without)]


def test_phrases_are_sought_by_all_of_their_terms_and_ranked_by_the_questions(index: WordIndex) -> None:
    assert by_phrases(index, (("the", "word"),)) == [5, 4, 1]
    assert by_phrases(index, (("mask", "word"),)) == [1]
    assert by_phrases(index, (("mask", "nowher"), ("cach",))) == [4, 3]
    assert by_phrases(index, (("word",),), (("cach",),)) == [4]
    assert by_phrases(index, (("掩码",),)) == [6]
    assert by_phrases(index, (("nowher",),)) == by_phrases(index, (("掩码",),), (("cach",),)) == []


def test_what_has_an_excluded_term_is_not_proposed(index: WordIndex) -> None:
    assert by_phrases(index, (("the", "word"),), without=["hide", "nowher"]) == [5, 4]
    assert {one.chunk for one in index.best(index.by_terms({"mask": 1.0}), 9, None, ["hide"])} == {2, 7}
    groups = [(ATTENTION, 0.5), (WordGroup((("掩码",),), "zh"), 0.5)]
    assert {one.chunk for one in index.best(index.by_groups(groups), 9, None, ["掩码"])} == {
        one.chunk for one in index.best(index.by_groups(groups), 9)
    } - {6}


def test_a_search_is_limited_to_transcripts(index: WordIndex) -> None:
    assert set(by_terms(index, {"word": 1.0, "mask": 1.0}, within=[4, 6])) == {4, 5, 7}
    assert by_terms(index, {"word": 1.0}, within=[]) == []
    unlimited = {one.chunk: one.score for one in index.best(index.by_terms({"mask": 1.0}), 9)}
    for score, chunk in index.best(index.by_terms({"mask": 1.0}), 9, [1]):
        assert score == pytest.approx(unlimited[chunk])


ATTENTION = WordGroup((("注意", "意力"), ("权重",)), "zh")


def test_any_alternative_counts_for_a_group(index: WordIndex) -> None:
    found = index.best(index.by_groups([(ATTENTION, 0.5), (WordGroup((("掩码",),), "zh"), 0.5)]), 9)
    assert {one.chunk for one in found} == {6, 7}
    assert index.best(index.by_groups([(WordGroup((("注意", "掩码"),), "zh"), 1.0)]), 9) == []
    assert index.best(index.by_groups([]), 9) == []


@pytest.mark.parametrize(
    ("sought", "count"),
    [
        ("mask", 3),
        ("word", 3),
        ("掩码", 1),
        ("nowher", 0),
        (ATTENTION, 1),
        (WordGroup((("mask",), ("掩码",)), "zh"), 2),
        (WordGroup((("mask",), ("cach",)), "en"), 4),
        (WordGroup((("mask",),), "de"), 0),
    ],
)
def test_chunks_are_counted(index: WordIndex, sought: str | WordGroup, count: int) -> None:
    assert index.count(sought) == count


def test_hidden_transcripts_are_neither_proposed_nor_counted() -> None:
    engine = new_index()
    assert update(engine, (), entries()) == len(SAID)
    index = WordIndex(engine, LANGUAGES, [1])
    assert by_terms(index, {"mask": 1.0}) == [7]
    assert (index.count("mask"), index.count("cach"), index.count(WordGroup((("mask",),), "en"))) == (1, 1, 0)


def test_an_update_removes_and_adds() -> None:
    engine = new_index()
    update(engine, (), entries([1, 2, 3]))
    before = WordIndex(engine, LANGUAGES)
    assert update(engine, [1], entries([4, 5])) == 2
    after = WordIndex(engine, LANGUAGES, has_all=False)
    assert (by_terms(after, {"mask": 1.0}), by_terms(after, {"cach": 1.0})) == ([], [4])
    assert (after.count("mask"), after.count("cach")) == (0, 1)
    assert by_terms(before, {"mask": 1.0})[0] == 2, "what was open stays as it was"


def test_an_empty_index_has_nothing() -> None:
    index = WordIndex.in_memory([], LANGUAGES)
    assert (by_terms(index, {"mask": 1.0}), index.count("mask")) == ([], 0)


def test_no_term_is_too_long() -> None:
    said = ["x" * 100_000, "mask"]
    index = WordIndex.in_memory([Entry(1, 1, "en", said)], LANGUAGES)
    assert by_terms(index, {"mask": 1.0}) == [1]
    assert by_terms(index, {"x" * 100_000: 1.0}) == []
