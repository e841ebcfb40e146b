"""Words across languages: which are found in a question, and how far passages cover their translations."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pytest

import seekpoint
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Alternatives
from seekpoint.query.search.question import (
    TranslatedWord,
    WeightedWord,
    lookup_keys,
    salient_weights,
    shares,
    translated_words,
    weigh,
)

Found: TypeAlias = dict[str, Alternatives]

ZH_EN: Found = {
    "注意": (("notice",),),
    "注意力": (("attent",),),
    "机制": (("mechan",), ("machin", "process")),
    "掩码": (("mask",),),
}
EN_ZH: Found = {
    "attent": (("注意", "意力"),),
    "neural network": (("神经", "经网", "网络"),),
    "network": (("网络",),),
}


def words(text: str, found: Found) -> list[str]:
    return [word.word for word in translated_words(text, found)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("注意力机制", {"注意", "注意力", "注意力机制", "意力", "力机制", "机制"}),
        ("反向傳播", {"反向传播"}),
        ("Neural networks learn", {"neural", "neural network", "network learn", "neural network learn"}),
        ("用GPT4模型", {"gpt4", "模型"}),
        ("нейронные сети", {"нейрон сет"}),
        ("?!", set()),
        ("", set()),
    ],
)
def test_keys_of_all_that_could_be_a_word(text: str, expected: set[str]) -> None:
    assert expected <= set(lookup_keys(text))


def test_candidates_are_no_longer_than_words_are() -> None:
    assert max(map(len, lookup_keys("一二三四五六七八九十百千"))) == 8
    assert max(len(key.split()) for key in lookup_keys("one two three four five")) == 3
    assert len(lookup_keys("字" * 4000)) < 30


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("注意力机制里的掩码？", ["注意力", "机制", "掩码"]),
        ("注意機制", ["注意", "機制"]),
        ("掩码？什么掩码？", ["掩码"]),
        ("注意。力机制", ["注意", "机制"]),
        ("为什么", []),
    ],
)
def test_chinese_words_the_longest_first(text: str, expected: list[str]) -> None:
    assert words(text, ZH_EN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Do neural networks pay Attention?", ["neural networks", "Attention"]),
        ("networks of neurons", ["networks"]),
        ("用 attention 机制", ["attention"]),
    ],
)
def test_english_words_the_longest_first(text: str, expected: list[str]) -> None:
    assert words(text, EN_ZH) == expected


PASSAGES = {
    1: "attention is a mechanism",
    2: "attention and attention and attention",
    3: "the machine has no process",
    4: "a machine",
    5: "the lunch",
    6: "the dinner",
}


def counts(word: TranslatedWord, passages: dict[int, str]) -> dict[int, int]:
    """How often each passage has any translation of a word."""
    said = {passage: terms(text) for passage, text in passages.items()}
    found = {
        passage: sum(min(words.count(term) for term in alternative) for alternative in word.alternatives)
        for passage, words in said.items()
    }
    return {passage: count for passage, count in found.items() if count}


def weighed(question: str, passages: dict[int, str], found: Found = ZH_EN) -> list[WeightedWord]:
    words = translated_words(question, found)
    return weigh(words, [len(counts(word, passages)) for word in words], len(passages))


def coverage(question: str, passages: dict[int, str], found: Found = ZH_EN) -> dict[int, float]:
    """How far each passage covers the question's words in translation."""
    covered: dict[int, float] = {}
    for word, share in shares(weighed(question, passages, found)):
        for passage, count in counts(word, passages).items():
            covered[passage] = covered.get(passage, 0.0) + share * 2.2 * count / (count + 1.2)
    return covered


def test_a_passage_counts_each_translation_that_it_has_in_full() -> None:
    attention, mechanism = translated_words("注意力机制", ZH_EN)
    assert counts(attention, PASSAGES) == {1: 1, 2: 3}
    assert counts(mechanism, PASSAGES) == {1: 1, 3: 1}


def test_coverage_is_a_share_and_grows_with_the_words_that_are_said() -> None:
    reached = coverage("注意力机制", PASSAGES)
    assert set(reached) == {1, 2, 3}
    assert all(0 < share < 1 for share in reached.values())
    assert reached[1] > reached[2] > reached[3]


def test_a_word_that_no_passage_translates_lowers_the_share() -> None:
    assert coverage("注意力的掩码", PASSAGES)[1] < coverage("注意力", PASSAGES)[1]


def test_many_translations_of_one_word_dont_outweigh_another() -> None:
    found: Found = {"注意力": (("attent",),), "东西": (("thing",), ("stuff",), ("object",), ("matter",))}
    passages = {1: "attention", 2: "thing stuff object matter", 3: "lunch", 4: "dinner", 5: "tea"}
    reached = coverage("注意力的东西", passages, found)
    assert reached[2] < 2 * reached[1]


@pytest.mark.parametrize("question", ["", "为什么", "掩码"])
def test_nothing_is_covered_where_nothing_is_translated(question: str) -> None:
    assert coverage(question, PASSAGES) == {}
    assert salient_weights(weighed(question, PASSAGES)) == {}


def test_terms_that_tell_where_the_answer_is() -> None:
    found = salient_weights(weighed("注意力机制", PASSAGES))
    assert set(found) == {"attent", "mechan", "machin", "process"}
    assert found["machin"] == found["process"] == found["mechan"] / 2


def test_words_that_any_passage_says_tell_nothing() -> None:
    found: Found = {"什么": (("the",),), "注意力": (("attent",),)}
    assert set(salient_weights(weighed("注意力是什么", PASSAGES | {7: "the tea", 8: "the end"}, found))) == {"attent"}


def test_english_questions_find_chinese_passages() -> None:
    passages = {1: "神经网络的注意力", 2: "网络很慢", 3: "午饭", 4: "晚饭", 5: "注意，意力"}
    reached = coverage("attention in neural networks", passages, EN_ZH)
    assert max(reached, key=lambda chunk: reached[chunk]) == 1
    assert 2 not in reached


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "lit", "unlit"),
    [
        ("为什么要缓存键和值，却不缓存查询？", "query", "what"),
        ("Why are keys and values cached, but not the query?", "查询", "什么"),
        ("为什么要这样做位置？", "position", "reason"),
    ],
)
def test_no_function_word_is_lit_in_another_language(
    example_library: Path, question: str, lit: str, unlit: str
) -> None:
    moments = seekpoint.ask(question, example_library, k=20).moments
    marked = [moment.quote[start:stop].lower() for moment in moments for start, stop in moment.marks]
    assert lit in marked
    assert unlit not in marked
