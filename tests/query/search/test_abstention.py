from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seekpoint.index.chunks import StoredChunk
from seekpoint.index.text.terms import terms
from seekpoint.query.answers import Doubt, Hit
from seekpoint.query.search.abstention import doubt, is_answer
from seekpoint.query.search.settings import TUNING

fuzz = settings(max_examples=100)


def unknown(question: str, known: str = "", *, is_spoken: bool = True) -> tuple[str, ...]:
    """The words that are named where a library says only these."""
    nowhere = set(terms(question)) - set(terms(known))
    return doubt(question, nowhere, 1000, is_spoken=is_spoken, tuning=TUNING).unknown


def least(question: str, known: str, chunks: int = 1000) -> float:
    nowhere = set(terms(question)) - set(terms(known))
    return doubt(question, nowhere, chunks, is_spoken=True, tuning=TUNING).least_score


@pytest.mark.parametrize(
    ("question", "known", "expected"),
    [
        ("Why does Zorblax hide tokens?", "why does a token hide", ("Zorblax",)),
        ("Zorblax, quux, or ZORBLAX 9000, or Zorblaxes?", "or", ("Zorblax", "quux", "9000")),
        ("ＺＯＲＢＬＡＸ и внимание", "внимания", ("ＺＯＲＢＬＡＸ", "и")),
        ("why hidden masks?", "why is the mask hidden", ()),
        ("Zorblax 用了注意力吗？", "注意力", ("Zorblax",)),
        ("量子纠缠是什么？", "注意力", ()),
        ("量子 qubit 糾纏", "注意力", ("qubit",)),
    ],
)
def test_words_that_nothing_says_are_named_as_the_question_writes_them(
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


@pytest.mark.parametrize(("strange", "plain"), [("why zorblax", "why"), ("掩码 zorblax", "掩码")])
def test_an_unknown_word_asks_for_more(strange: str, plain: str) -> None:
    assert least(strange, plain) > least(plain, plain)
    assert least(f"{strange} quux", plain) == least(strange, plain), "one or several are the same doubt"


def test_more_passages_ask_for_more_for_the_best_of_them_is_better_by_chance() -> None:
    needed = [least("why", "why", chunks) for chunks in (0, 1, 14, 100, 10_000, 1_000_000)]
    assert needed[0] == needed[1], "an empty library is no smaller than one of a passage"
    assert all(fewer < more for fewer, more in pairwise(needed[1:]))
    assert needed[0] > 0 and needed[-1] < 1


def test_only_the_first_moment_counts() -> None:
    chunk = StoredChunk(1, 1, "a", "en", 0, 5, 0.0, 45.0)
    good, poor = (Hit(chunk, score, score, score) for score in (0.4, 0.1))
    needed = Doubt(0.2, ())
    assert is_answer([good, poor], needed)
    assert not is_answer([poor], needed)
    assert not is_answer([], Doubt(0.0, ())), "what isn't there answers nothing"


def test_a_score_that_is_shown_as_the_least_one_is_enough() -> None:
    chunk = StoredChunk(1, 1, "a", "en", 0, 5, 0.0, 45.0)
    assert is_answer([Hit(chunk, 0.2, 0.2, 0.19996)], Doubt(0.2, ()))
    assert not is_answer([Hit(chunk, 0.2, 0.2, 0.19994)], Doubt(0.2, ()))


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 10**9), st.booleans())
@fuzz
def test_any_question_gets_a_reachable_score_and_words_of_its_own(
    question: str, known: str, chunks: int, is_spoken: bool
) -> None:
    nowhere = set(terms(question)) - set(terms(known))
    needed = doubt(question, nowhere, chunks, is_spoken=is_spoken, tuning=TUNING)
    assert 0 < needed.least_score < 1
    assert all(word in question and set(terms(word)) <= nowhere for word in needed.unknown)
    assert len({*terms(" ".join(needed.unknown))}) == len(needed.unknown)
