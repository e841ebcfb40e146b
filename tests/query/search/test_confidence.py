from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seekpoint
from seekpoint.index.text.terms import content_terms, terms
from seekpoint.index.types import Evidence, StoredChunk, TermMatrix
from seekpoint.query.answers import Confidence, Hit
from seekpoint.query.search.confidence import (
    ANY_CALIBRATION,
    BUNDLED_CALIBRATION,
    Features,
    estimate,
    features,
    unknown_words,
)
from seekpoint.query.search.question import ParsedQuestion, QueryTerms, TitleMatch, TranslatedWord

_NOTHING = np.zeros(2, np.float32)
fuzz = settings(max_examples=100)


def parsed(text: str) -> ParsedQuestion:
    return ParsedQuestion(text, terms(text), content_terms(text), "en", _NOTHING)


def looked_up(text: str, known: str, translated: tuple[TranslatedWord, ...] = ()) -> QueryTerms:
    """The terms of a question to a library that says only these words, each in some of its chunks."""
    rarities = {term.text: 0.5 if term.text in terms(known) else 1.0 for term in content_terms(text)}
    names = TitleMatch(frozenset(), [])
    return QueryTerms([], {}, rarities, names, frozenset(), {"en": translated}, (), {}, {}, {}, set())


def unknown(text: str, known: str = "", *, is_spoken: bool = True) -> tuple[str, ...]:
    return unknown_words(parsed(text), looked_up(text, known), is_spoken=is_spoken)


def unsaid(text: str, known: str, chunks: dict[int, str], translated: tuple[TranslatedWord, ...] = ()) -> float:
    """The rarity of what isn't said near chunk 10; `chunks` are what candidates say, by id."""
    own = [StoredChunk(number, number // 100, "a", "en", 0, 5, 0.0, 45.0) for number in chunks]
    words = sorted({*terms(text), *terms(" ".join(chunks.values()))})
    counts = np.array([[terms(said).count(word) for said in chunks.values()] for word in words], np.float32)
    evidence = Evidence(own, [0.5] * len(own), TermMatrix(words, counts, np.full(len(own), 9)))
    first = Hit(next(chunk for chunk in own if chunk.id == 10), 0.5, 0.5, 0.5)
    return features(
        first, evidence, parsed(text), looked_up(text, known, translated), is_spoken=True, chunks=1000
    ).unsaid


@pytest.mark.parametrize(
    ("question", "known", "expected"),
    [
        ("Why does Zorblax hide tokens?", "a token hide", ("Zorblax",)),
        ("Zorblax, quux, or ZORBLAX 9000, or Zorblaxes?", "nothing", ("Zorblax", "quux", "9000")),
        ("Zorblax, quux", "nothing", ()),
        ("ＺＯＲＢＬＡＸ и внимание", "внимания", ("ＺＯＲＢＬＡＸ", "и")),
        ("why hidden masks?", "the mask hidden", ()),
        ("whom would masks hide from?", "mask hide", ()),
        ("Zorblax 用了注意力吗？", "注意力", ("Zorblax",)),
        ("量子纠缠是什么？", "注意力", ()),
        ("量子 qubit 糾纏", "注意力", ("qubit",)),
    ],
)
def test_content_words_that_nothing_says_are_named_as_the_question_writes_them(
    question: str, known: str, expected: tuple[str, ...]
) -> None:
    assert unknown(question, known) == expected


@pytest.mark.parametrize("question", ["What does the Zorblax cost?", "Что такое внимание?"])
def test_a_language_that_is_not_spoken_here_has_no_unknown_words(question: str) -> None:
    assert unknown(question, "注意力给每个词一个权重", is_spoken=False) == ()


@pytest.mark.parametrize("question", ["Что такое внимание?", "¿Qué hacen los transformadores?"])
def test_nor_has_a_language_that_is_taken_for_one_that_is_spoken(question: str) -> None:
    assert unknown(question, "why does a token hide", is_spoken=True) == ()


def test_a_foreign_name_among_characters_is_unknown_in_whichever_library() -> None:
    assert unknown("Zorblax 充电器多少钱？", "attention weighs words", is_spoken=False) == ("Zorblax",)
    assert unknown("Zorblax 充电器多少钱？", "注意力", is_spoken=True) == ("Zorblax",)


def test_words_count_as_said_in_the_first_chunk_and_in_its_neighbours() -> None:
    known = "mask token"
    assert unsaid("Why mask tokens?", known, {10: "masks"}) == 0.25
    assert unsaid("Why mask tokens?", known, {10: "masks", 13: "a token"}) == 0
    assert unsaid("Why mask tokens?", known, {10: "masks", 14: "a token"}) == 0.25
    assert unsaid("Why mask tokens?", known, {10: "masks", 110: "a token"}) == 0.25, "in another transcript"


def test_a_word_that_nothing_says_weighs_more_than_one_that_is_said_elsewhere() -> None:
    assert unsaid("mask zorblax", "mask token", {10: "masks"}) > unsaid("mask token", "mask token", {10: "masks"})


def test_words_of_a_language_that_nothing_speaks_mean_nothing() -> None:
    neutral = unsaid("Que font les transformateurs", "mask", {10: "masks"})
    assert 0 < neutral < unsaid("What do transformers do", "mask", {10: "masks"}) == 1


def test_a_word_is_said_by_its_translation() -> None:
    word = TranslatedWord("掩码", (("attent", "mask"), ("veil",)))
    assert unsaid("掩码", "掩码", {10: "attention masks"}, (word,)) == 0
    assert unsaid("掩码", "掩码", {10: "masks"}, (word,)) == 0.5


def test_an_unknown_bigram_beside_a_known_one_is_no_word() -> None:
    assert unsaid("注意力", "注意", {10: "注意"}) == 0
    assert unsaid("什么是榴莲酥", "注意", {10: "注意"}) == 1


def test_the_number_of_passages_counts_within_what_was_measured() -> None:
    hit = Hit(StoredChunk(1, 1, "a", "en", 0, 5, 0.0, 45.0), 0.5, 0.5, 0.5)
    evidence = Evidence([hit.chunk], [0.5], TermMatrix([], np.zeros((0, 1), np.float32), np.array([9])))

    def size(chunks: int) -> float:
        return features(hit, evidence, parsed("mask"), looked_up("mask", "mask"), is_spoken=True, chunks=chunks).size

    assert size(0) == size(100) < size(5000) < size(11_000) == size(10**7)


@pytest.mark.parametrize("calibration", [BUNDLED_CALIBRATION, ANY_CALIBRATION])
def test_the_estimate_is_monotone_in_each_feature(calibration: object) -> None:
    middle = Features(0.3, 0.4, 0.5, -1.0)
    for name, better in (("meaning", 0.4), ("unsaid", 0.3), ("unknown", 0.0), ("size", -2.0)):
        assert calibration.logit(middle._replace(**{name: better})) >= calibration.logit(middle)  # type: ignore[attr-defined]


def test_the_confidence_follows_from_the_estimate() -> None:
    grid = [Features(*values) for values in product((0.0, 0.3, 0.6), (0.0, 0.5, 1.0), (0.0, 1.0), (-2.0, 0.0))]
    found = sorted((estimate(one, BUNDLED_CALIBRATION) for one in grid), key=lambda pair: pair[1].probability)
    states = list(dict.fromkeys(state for state, _ in found))
    assert states == [Confidence.NONE, Confidence.LOW, Confidence.HIGH]


def test_another_scale_of_meaning_changes_nothing_for_other_models() -> None:
    near, far = (estimate(Features(meaning, 0.2, 0.0, -1.0), ANY_CALIBRATION)[0] for meaning in (0.9, 0.05))
    assert near is far is Confidence.HIGH


@given(st.text(max_size=60), st.text(max_size=60), st.booleans())
@fuzz
def test_unknown_words_are_words_of_the_question(question: str, known: str, is_spoken: bool) -> None:
    nowhere = set(terms(question)) - set(terms(known))
    words = unknown(question, known, is_spoken=is_spoken)
    assert all(word in question and set(terms(word)) <= nowhere for word in words)
    assert len({*terms(" ".join(words))}) == len(words)


@pytest.mark.model
@pytest.mark.parametrize("question", ["如何", "怎么", "为什么", "how are you doing"])
def test_a_question_of_function_words_alone_is_answered_with_reserve_and_marks_nothing(
    example_library: Path, question: str
) -> None:
    found = seekpoint.ask(question, example_library, k=8)
    assert found.confidence is not Confidence.HIGH
    assert not any(moment.marks for moment in found.moments)
