from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.text.terms import content_terms, is_function_word, located_terms


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Why are the masks over there?", ["mask"]),
        ("How do I tell my daughter about our divorce?", ["daughter", "divorc"]),
        ("为什么学习率会变？", ["学习", "习率", "率会", "会变"]),
        ("為什麼學習率會變？", ["学习", "习率", "率会", "会变"]),
        ("什么是注意力", ["注意", "意力"]),
        ("Transformer 里的 attention 是什么？", ["transform", "attent"]),
        ("see https://e.org/why?masks=1 on masks", ["see", "mask"]),
        ("几何是什么", ["几何"]),
        ("Что такое внимание", ["что", "так", "вниман"]),
    ],
)
def test_function_words_and_addresses_are_no_content(question: str, expected: list[str]) -> None:
    assert [term.text for term in content_terms(question)] == expected


@pytest.mark.parametrize("question", ["what is it?", "是什么？", "https://e.org/a"])
def test_a_question_without_content_words_is_its_terms(question: str) -> None:
    assert content_terms(question) == list(located_terms(question))


@pytest.mark.parametrize(
    ("term", "expected"), [("what", True), ("什么", True), ("mask", False), ("查询", False), ("whi", True)]
)
def test_a_term_is_a_function_word_or_content(term: str, expected: bool) -> None:
    assert is_function_word(term) == expected


@given(st.text(max_size=60))
def test_content_terms_are_terms_of_the_text_in_order(text: str) -> None:
    located = list(located_terms(text))
    found = content_terms(text)
    assert [term for term in located if term in found] == found
