"""The confidence, its features, and the words that the library doesn't have."""

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
from seekpoint.query.answers import Confidence
from seekpoint.query.search.confidence import (
    ANY_CALIBRATION,
    BUNDLED_CALIBRATION,
    Calibration,
    Features,
    estimate,
    features,
    unknown_words,
)
from seekpoint.query.search.question import Query, TranslatedWord
from seekpoint.query.search.ranking import Hit
from tests.query.search.queries import query


def asked(text: str, known: str, word: TranslatedWord | None = None, **library: int) -> Query:
    """A question to a library that says only the `known` words, each in some of its chunks."""
    rarities = {term.text: 0.5 if term.text in terms(known) else 1.0 for term in content_terms(text)}
    return query(text, rarities=rarities, translated={"en": [word] if word else []}, **library)  # type: ignore[arg-type]


def described(found: Query, chunks: dict[int, str]) -> Features:
    """The features where chunk 10 comes first; `chunks` are what candidates say, by id."""
    own = [StoredChunk(number, number // 100, "a", "en", 0, 5, 0.0, 45.0) for number in chunks]
    words = sorted({*found.question.terms, *terms(" ".join(chunks.values()))})
    counts = np.array([[terms(said).count(word) for said in chunks.values()] for word in words], np.float32)
    evidence = Evidence(own, [0.5] * len(own), TermMatrix(words, counts, np.full(len(own), 9)))
    return features(Hit(next(chunk for chunk in own if chunk.id == 10), 0.5, 0.5, 0.5), evidence, found)


def unsaid(text: str, known: str, chunks: dict[int, str], word: TranslatedWord | None = None) -> float:
    return described(asked(text, known, word), chunks).unsaid


@pytest.mark.parametrize(
    ("question", "known", "is_spoken", "expected"),
    [
        ("Why does Zorblax hide tokens?", "a token hide", True, ("Zorblax",)),
        ("Zorblax, quux, or ZORBLAX 9000, or Zorblaxes?", "nothing", True, ("Zorblax", "quux", "9000")),
        ("Zorblax, quux", "nothing", True, ()),
        ("ＺＯＲＢＬＡＸ и внимание", "внимания", True, ("ＺＯＲＢＬＡＸ", "и")),
        ("why hidden masks?", "the mask hidden", True, ()),
        ("whom would masks hide from?", "mask hide", True, ()),
        ("Zorblax 用了注意力吗？", "注意力", True, ("Zorblax",)),
        ("量子纠缠是什么？", "注意力", True, ()),
        ("量子 qubit 糾纏", "注意力", True, ("qubit",)),
        # A language that isn't spoken here has none, nor has one that is taken for one that is.
        ("What does the Zorblax cost?", "注意力给每个词一个权重", False, ()),
        ("Что такое внимание?", "注意力给每个词一个权重", False, ()),
        ("Что такое внимание?", "why does a token hide", True, ()),
        ("¿Qué hacen los transformadores?", "why does a token hide", True, ()),
        # A foreign name among characters is one in whichever library.
        ("Zorblax 充电器多少钱？", "attention weighs words", False, ("Zorblax",)),
        ("Zorblax 充电器多少钱？", "注意力", True, ("Zorblax",)),
    ],
)
def test_content_words_that_nothing_says_are_named_as_the_question_writes_them(
    question: str, known: str, is_spoken: bool, expected: tuple[str, ...]
) -> None:
    assert unknown_words(asked(question, known, is_spoken=is_spoken)) == expected


_WORD = TranslatedWord("掩码", (("attent", "mask"), ("veil",)))


@pytest.mark.parametrize(
    ("question", "known", "chunks", "expected"),
    [
        ("Why mask tokens?", "mask token", {10: "masks"}, 0.25),
        ("Why mask tokens?", "mask token", {10: "masks", 13: "a token"}, 0),
        ("Why mask tokens?", "mask token", {10: "masks", 14: "a token"}, 0.25),
        ("Why mask tokens?", "mask token", {10: "masks", 110: "a token"}, 0.25),
        ("掩码", "掩码", {10: "attention masks"}, 0),
        ("掩码", "掩码", {10: "masks"}, 0.5),
        ("注意力", "注意", {10: "注意"}, 0),
        ("什么是榴莲酥", "注意", {10: "注意"}, 1),
    ],
    ids=[
        "in the first chunk",
        "in a neighbour",
        "farther away",
        "in another transcript",
        "in translation",
        "in half of a translation",
        "an unknown bigram beside a known one is no word",
        "unknown bigrams alone",
    ],
)
def test_the_rarity_of_what_is_not_said_near(
    question: str, known: str, chunks: dict[int, str], expected: float
) -> None:
    assert unsaid(question, known, chunks, _WORD) == expected


def test_a_word_that_nothing_says_weighs_more_than_one_that_is_said_elsewhere() -> None:
    assert unsaid("mask zorblax", "mask token", {10: "masks"}) > unsaid("mask token", "mask token", {10: "masks"})


def test_words_of_a_language_that_nothing_speaks_mean_nothing() -> None:
    neutral = unsaid("Que font les transformateurs", "mask", {10: "masks"})
    assert 0 < neutral < unsaid("What do transformers do", "mask", {10: "masks"}) == 1


def test_the_number_of_passages_counts_within_what_was_measured() -> None:
    sizes = [described(asked("mask", "mask", chunks=n), {10: "mask"}).size for n in (0, 100, 5000, 11_000, 10**7)]
    assert sizes[0] == sizes[1] < sizes[2] < sizes[3] == sizes[4]


@pytest.mark.parametrize("calibration", [BUNDLED_CALIBRATION, ANY_CALIBRATION])
def test_the_estimate_is_monotone_in_each_feature(calibration: Calibration) -> None:
    middle = Features(0.3, 0.4, 0.5, -1.0)
    for better in (
        middle._replace(meaning=0.4),
        middle._replace(unsaid=0.3),
        middle._replace(unknown=0.0),
        middle._replace(size=-2.0),
    ):
        assert calibration.logit(better) >= calibration.logit(middle)


def test_the_confidence_follows_from_the_estimate() -> None:
    grid = [Features(*values) for values in product((0.0, 0.3, 0.6), (0.0, 0.5, 1.0), (0.0, 1.0), (-2.0, 0.0))]
    found = sorted((estimate(one, BUNDLED_CALIBRATION) for one in grid), key=lambda pair: pair[1].probability)
    assert list(dict.fromkeys(state for state, _ in found)) == [Confidence.NONE, Confidence.LOW, Confidence.HIGH]


def test_another_scale_of_meaning_changes_nothing_for_other_models() -> None:
    near, far = (estimate(Features(meaning, 0.2, 0.0, -1.0), ANY_CALIBRATION)[0] for meaning in (0.9, 0.05))
    assert near is far is Confidence.HIGH


@given(st.text(max_size=60), st.text(max_size=60), st.booleans())
@settings(max_examples=100)
def test_unknown_words_are_words_of_the_question(question: str, known: str, is_spoken: bool) -> None:
    nowhere = set(terms(question)) - set(terms(known))
    words = unknown_words(asked(question, known, is_spoken=is_spoken))
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
