"""The confidence, its features, and the words that the library doesn't have."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from seekpoint.index.text.terms import content_terms, terms
from seekpoint.index.types import Evidence, StoredChunk, TermMatrix
from seekpoint.query.answers import Confidence
from seekpoint.query.search.confidence import (
    ANY_CALIBRATION,
    BUNDLED_CALIBRATION,
    Features,
    Logit,
    estimate,
    features,
    unknown_words,
)
from seekpoint.query.search.question import Query
from seekpoint.query.search.ranking import Hit
from seekpoint.query.search.translated_words import TranslatedWord
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
    return features(
        Hit(next(chunk for chunk in own if chunk.id == 10), 0.5, 0.5, 0.5), (), evidence, found, unknown_words(found)
    )


@pytest.mark.parametrize(
    ("question", "known", "is_spoken", "expected"),
    [
        ("Why does Zorblax hide tokens?", "a token hide", True, ("Zorblax",)),
        ("Zorblax, quux, or ZORBLAX 9000, or Zorblaxes?", "nothing", True, ("Zorblax", "quux", "9000")),
        ("ＺＯＲＢＬＡＸ и внимание", "внимания", True, ("ＺＯＲＢＬＡＸ", "и")),
        ("whom would masks hide from?", "mask hide", True, ()),
        ("量子 qubit 糾纏", "注意力", True, ("qubit",)),
        # A language that isn't spoken here has none, nor has one that is taken for one that is.
        ("What does the Zorblax cost?", "注意力给每个词一个权重", False, ()),
        ("Что такое внимание?", "why does a token hide", True, ()),
        # One or two words that nothing says are names.
        ("Zorblax", "a token hide", True, ("Zorblax",)),
        ("quux Zorblax", "a token hide", True, ("quux", "Zorblax")),
        ("трансформер", "a token hide", True, ()),
        ("Zorblax", "a token hide", False, ()),
        # Of characters, those that are all unknown are a word.
        ("红烧肉怎么做", "注意力", True, ("红烧肉",)),
        ("注意红烧", "注意", True, ()),
        ("红烧肉", "attention", False, ()),
        # A foreign name among characters is one in whichever library.
        ("Zorblax 充电器多少钱？", "attention weighs words", False, ("Zorblax",)),
    ],
)
def test_content_words_that_nothing_says_are_named_as_the_question_writes_them(
    question: str, known: str, is_spoken: bool, expected: tuple[str, ...]
) -> None:
    assert unknown_words(asked(question, known, is_spoken=is_spoken)) == expected


def test_the_script_tells_the_language_of_a_question_of_which_the_library_has_no_word() -> None:
    rarities = dict.fromkeys(("千层", "层蛋", "蛋糕"), 1.0)
    found = query("千层蛋糕", "zh", rarities=rarities)
    assert unknown_words(found) == ("千层蛋糕",)
    assert described(found, {10: "注意力"}).unsaid == 1


def test_the_rarity_of_what_is_not_said_near() -> None:
    word = TranslatedWord("掩码", (("attent", "mask"), ("veil",)))
    for question, known, chunks, expected, name in (
        ("Why mask tokens?", "mask token", {10: "masks"}, 0.25, "in the first chunk"),
        ("Why mask tokens?", "mask token", {10: "masks", 13: "a token"}, 0, "in a neighbour"),
        ("Why mask tokens?", "mask token", {10: "masks", 14: "a token"}, 0.25, "farther away"),
        ("Why mask tokens?", "mask token", {10: "masks", 110: "a token"}, 0.25, "in another transcript"),
        ("mask zorblax", "mask token", {10: "masks"}, 0.5, "a word that nothing says"),
        ("掩码", "掩码", {10: "attention masks"}, 0, "in translation"),
        ("掩码", "掩码", {10: "masks"}, 0.5, "in half of a translation"),
        ("注意力", "注意", {10: "注意"}, 0, "an unknown bigram beside a known one is no word"),
        ("什么是榴莲酥", "注意", {10: "注意"}, 1, "unknown bigrams alone"),
        ("榴莲酥 掩码", "掩码", {10: "掩码"}, 0.5, "a run of unknown bigrams is one word"),
        ("Que font les transformateurs", "mask", {10: "masks"}, 0.3, "a language that nothing speaks means nothing"),
        ("What do transformers do", "mask", {10: "masks"}, 1, "one that is spoken does"),
    ):
        assert described(asked(question, known, word), chunks).unsaid == expected, name


def test_the_number_of_passages_counts_within_what_was_measured() -> None:
    sizes = [described(asked("mask", "mask", chunks=n), {10: "mask"}).size for n in (0, 100, 5000, 11_000, 10**7)]
    assert sizes[0] == sizes[1] < sizes[2] < sizes[3] == sizes[4]


def test_the_first_hit_is_ahead_of_the_next_five_distinct_ones_before_a_reranker() -> None:
    chunks = [StoredChunk(number, 0, "a", "en", 0, 5, 60.0 * number, 60.0 * number + 45) for number in range(8)]
    scores = 0.9, 0.5, 0.5, 0.5, 0.5, 0.4, 0.3, 0.1
    hits = [Hit(chunk, 0.5, 0.25, score) for chunk, score in zip(chunks, scores, strict=True)]
    evidence = Evidence(chunks, [0.5] * 8, TermMatrix([], np.zeros((0, 8), np.float32), np.full(8, 9)))
    for first, distinct, ahead in (
        (hits[0], hits, 0.9 - 0.48),
        (hits[0], hits[:1], 0.9),
        (hits[1]._replace(score=0.99, fused=0.5), hits, 0.5 - (0.9 + 0.5 * 3 + 0.4) / 5),
        (hits[0]._replace(score=1.0, noted=0.1), hits, 0.9 - 0.48),
    ):
        found = features(first, distinct, evidence, asked("mask", "mask"), ())
        assert found.ahead == pytest.approx(ahead)


def test_the_estimate_is_monotone_in_each_feature() -> None:
    middle = Features(0.3, 0.4, 0.5, -1.0, 0.1, 0.4)
    better = Features(meaning=0.4, unsaid=0.3, unknown=0.0, size=-2.0, ahead=0.2, together=0.6)
    for calibration in (BUNDLED_CALIBRATION, ANY_CALIBRATION):
        for logit in (calibration.answered, calibration.right):
            for name, value in better._asdict().items():
                assert logit.of(middle._replace(**{name: value})) >= logit.of(middle)


def test_the_confidence_follows_from_the_estimate() -> None:
    kinds = (0.0, 0.3, 0.6), (0.0, 0.5, 1.0), (0.0, 1.0), (-2.0, 0.0), (0.0, 0.2), (0.0, 1.0)
    found = [estimate(Features(*values), BUNDLED_CALIBRATION) for values in product(*kinds)]
    by_state = {state: [one for other, one in found if other is state] for state in Confidence}
    none, others = by_state[Confidence.NONE], by_state[Confidence.LOW] + by_state[Confidence.HIGH]
    assert max(one.probability for one in none) <= min(one.probability for one in others)
    assert max(one.right for one in by_state[Confidence.LOW]) <= min(one.right for one in by_state[Confidence.HIGH])
    assert all(one.right <= one.probability for _, one in found), "the first moment is no likelier than an answer"


def test_with_cosines_of_an_unknown_scale_they_change_nothing_and_the_confidence_is_not_high() -> None:
    said, unsaid = (
        {
            estimate(Features(meaning, unsaid, 0.0, -1.0, ahead, 1.0), ANY_CALIBRATION)[0]
            for meaning in (0.9, 0.05)
            for ahead in (0.0, 0.9)
        }
        for unsaid in (0.0, 0.9)
    )
    assert (said, unsaid) == ({Confidence.LOW}, {Confidence.NONE})


@pytest.mark.parametrize(
    ("logit", "feature", "values", "expected"),
    [
        ("answered", "meaning", (0.39, 0.20, 0.0, -1.15, 0.02, 1.0), Confidence.LOW),
        ("answered", "unsaid", (0.09, 0.56, 0.0, -2.81, 0.04, 1.0), Confidence.NONE),
        ("answered", "unknown", (0.24, 0.51, 1.0, -1.15, 0.01, 0.4), Confidence.NONE),
        ("answered", "size", (0.15, 0.39, 0.0, -2.81, 0.04, 1.0), Confidence.LOW),
        ("answered", "noted", (0.15, 0.4, 0.0, -1.15, 0.05, 0.4, 0.2), Confidence.LOW),
        ("right", "noted", (0.4, 0.4, 0.0, -1.15, 0.1, 0.4, 0.3), Confidence.HIGH),
        ("right", "ahead", (0.60, 0.19, 0.0, -1.15, 0.15, 1.0), Confidence.HIGH),
        ("right", "together", (0.43, 0.39, 0.0, -1.15, 0.10, 0.8), Confidence.HIGH),
    ],
)
def test_each_feature_decides(logit: str, feature: str, values: tuple[float, ...], expected: Confidence) -> None:
    weighted: Logit = getattr(BUNDLED_CALIBRATION, logit)
    without = weighted._replace(weights=weighted.weights._replace(**{feature: 0.0}))
    assert estimate(Features(*values), BUNDLED_CALIBRATION)[0] is expected
    assert estimate(Features(*values), BUNDLED_CALIBRATION._replace(**{logit: without}))[0] is not expected  # type: ignore[arg-type]
