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
    return [(k, OF[k], "zh" if OF[k] == 6 else "en", terms(SAID[k])) for k in chunks]


@pytest.fixture(scope="module")
def index() -> WordIndex:
    return WordIndex.in_memory(entries(), LANGUAGES)


def by_terms(index: WordIndex, weights: dict[str, float], k: int = 9, within: Sequence[int] | None = None) -> list[int]:
    return [chunk for _, chunk in index.best(index.by_terms(weights), k, within)]


def test_chunks_come_by_the_weights_of_terms_and_how_often_they_have_them(index: WordIndex) -> None:
    assert by_terms(index, {"mask": 1.0})[0] == 2
    assert set(by_terms(index, {"mask": 1.0})) == {1, 2, 7}
    assert by_terms(index, {"mask": 1.0}, 1) == [2]
    assert by_terms(index, {"nowher": 1.0}) == by_terms(index, {}) == []
    assert by_terms(index, {"save": 9.0, "权重": 0.1})[0] == 3
    assert by_terms(index, {"save": 0.1, "权重": 9.0})[0] == 7
    best = index.best(index.by_terms({"word": 4.0, "hide": 1.0}), 9, [1])
    other = index.best(index.by_terms({"save": 1.0}), 9)
    assert best[0][0] > 2 * other[0][0]


def test_phrases_are_sought_by_all_of_their_terms_and_ranked_by_the_questions(index: WordIndex) -> None:
    def by_phrases(*phrases: tuple[tuple[str, ...], ...], without: Sequence[str] = ()) -> list[int]:
        queries = index.by_phrases(phrases, {"word": 1.0})
        return [chunk for _, chunk in index.best(queries, 9, None, without)]

    assert by_phrases((("the", "word"),)) == [5, 4, 1]
    assert by_phrases((("the", "word"),), without=["hide", "nowher"]) == [5, 4]
    assert by_phrases((("mask", "nowher"), ("cach",))) == [4, 3]
    assert by_phrases((("word",),), (("cach",),)) == [4]
    assert by_phrases((("nowher",),)) == by_phrases((("掩码",),), (("cach",),)) == []


def test_a_search_is_limited_to_transcripts(index: WordIndex) -> None:
    assert set(by_terms(index, {"word": 1.0, "mask": 1.0}, within=[4, 6])) == {4, 5, 7}
    assert by_terms(index, {"word": 1.0}, within=[]) == []
    unlimited = {chunk: score for score, chunk in index.best(index.by_terms({"mask": 1.0}), 9)}
    for score, chunk in index.best(index.by_terms({"mask": 1.0}), 9, [1]):
        assert score == pytest.approx(unlimited[chunk])


ATTENTION = WordGroup((("注意", "意力"), ("权重",)), "zh")


@pytest.mark.parametrize(
    ("sought", "count"),
    [
        ("mask", 3),
        ("掩码", 1),
        ("nowher", 0),
        (ATTENTION, 1),
        (WordGroup((("mask",), ("掩码",)), "zh"), 2),
        (WordGroup((("mask",), ("cach",)), "en"), 4),
        (WordGroup((("注意", "掩码"),), "zh"), 0),
        (WordGroup((("mask",),), "de"), 0),
    ],
)
def test_a_group_counts_and_finds_chunks_with_any_alternative_in_its_language(
    index: WordIndex, sought: str | WordGroup, count: int
) -> None:
    assert index.count(sought) == count
    if isinstance(sought, WordGroup):
        queries = index.by_groups([(sought, 0.5)])
        assert len(index.best(queries, 9)) == count
        assert len(index.best(queries, 9, None, ["mask", "权重", "掩码"])) == (2 if sought.language == "en" else 0)


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


def test_an_index_may_be_empty_and_no_term_is_too_long() -> None:
    empty = WordIndex.in_memory([], LANGUAGES)
    assert (by_terms(empty, {"mask": 1.0}), empty.count("mask")) == ([], 0)
    said = ["x" * 100_000, "mask"]
    index = WordIndex.in_memory([(1, 1, "en", said)], LANGUAGES)
    assert by_terms(index, {"mask": 1.0}) == [1]
    assert by_terms(index, {"x" * 100_000: 1.0}) == []
