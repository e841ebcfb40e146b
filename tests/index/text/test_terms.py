"""Terms of texts in every language, and which of them are content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.text.terms import content_terms, is_function_word, is_whole_word, located_terms, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("注意力", ["注意", "意力"]),
        ("注意力，机制！", ["注意", "意力", "机制"]),
        ("用GPT4模型", ["用", "gpt4", "模型"]),
        ("アテンション", ["アテ", "テン", "ンシ", "ショ", "ョン"]),
        ("注意機構の仕組み", ["注意", "意机", "机构", "构の", "の仕", "仕组", "组み"]),
        ("어텐션 메커니즘", ["어텐", "텐션", "메커", "커니", "니즘"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("ＧＰＵ　１２３", ["gpu", "123"]),
        ("don't", ["don", "t"]),
        ("ध्यान तंत्र क्या है?", ["ध्यान", "तंत्र", "क्या", "है"]),
        ("?! … 🤷 、。", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("attention", "Attentions"),
        ("training the models", "TRAINED the model"),
        ("café", "cafe\u0301"),
        ("ﬁnd", "find"),
        ("ｱﾃﾝｼｮﾝ", "アテンション"),
        ("ｶﾞｲﾄﾞ", "ガイド"),
        ("が", "か\u3099"),
        ("Straße", "STRASSE"),
        ("反向傳播與自注意力機制", "反向传播与自注意力机制"),
        ("모델", "\u1106\u1169\u1103\u1166\u11af"),
    ],
)
def test_spellings_that_meet(one: str, other: str) -> None:
    assert terms(one) == terms(other)
    assert not set(terms(one)) & set(terms("retention, 位置, позиция, स्थान")), "other words stay apart"


def test_terms_know_where_they_stand_and_operators_are_words_like_others() -> None:
    for text in ("Why does the Mask hide 后面的词, and トークン?", "ध्यान ＧＰＵ cafe\u0301 ภาษาไทย 한국어", "說：機制"):
        located = list(located_terms(text))
        assert located and all(terms(text[term.start : term.stop]) == [term.text] for term in located)
    operators = '"quoted" a AND b OR NOT c NEAR(a b) col:term* -minus ^caret x\' OR 1=1'
    assert all(term.isalnum() and term == term.casefold() for term in terms(operators))


def test_words_between_spaces_are_whole_and_pairs_of_characters_may_be_no_words() -> None:
    for text in ("mask", "GPT4", "9000", "café", "внимание", "ध्यान", "انتباه", "Ελλάδα"):
        assert [is_whole_word(term) for term in terms(text)] == [True], text
    for text in ("注意力", "词", "アテンション", "ｱﾃﾝｼｮﾝ", "어텐션", "ภาษาไทย", "機制"):
        assert not any(is_whole_word(term) for term in terms(text)), text


@given(
    st.text(st.sampled_from("ab9 é注意力網絡㍿ｱﾞか\u3099이\u1106\u1169，.１\ufe00〇々"), max_size=12)
    | st.text(max_size=60),
    st.frozensets(st.sampled_from(["a", "b9", "注意", "意力", "é"])),
)
def test_terms_are_the_same_with_their_places_and_others_among_them(text: str, wanted: frozenset[str]) -> None:
    located = list(located_terms(text))
    assert terms(text) == [term.text for term in located]
    assert [*located_terms(text, wanted)] == [term for term in located if term.text in wanted]
    found = content_terms(text)
    assert [term for term in located if term in found] == found


@given(
    st.text(
        st.sampled_from("aB9 -注意力網絡説一，。（）！“”…·\u3000\u9fff\u4e00") | st.characters(max_codepoint=0xFFFF)
    )
)
def test_terms_do_not_depend_on_what_else_is_said(text: str) -> None:
    assert terms(f"{text} é") == [*terms(text), "é"]
    assert terms(f"mask, {text}") == ["mask", *terms(text)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Why are the masks over there?", ["mask"]),
        ("How do I tell my daughter about our divorce?", ["daughter", "divorc"]),
        ("为什么学习率会变？", ["学习", "习率", "率会", "会变"]),
        ("為什麼學習率會變？", ["学习", "习率", "率会", "会变"]),
        ("Transformer 里的 attention 是什么？", ["transform", "attent"]),
        ("see https://e.org/why?masks=1 on masks", ["see", "mask"]),
        ("几何是什么", ["几何"]),
    ],
)
def test_function_words_and_addresses_are_no_content(question: str, expected: list[str]) -> None:
    assert [term.text for term in content_terms(question)] == expected


def test_a_question_without_content_words_is_its_terms() -> None:
    for question in ("what is it?", "是什么？", "https://e.org/a"):
        assert content_terms(question) == list(located_terms(question))
    asked = ("what", "什么", "mask", "查询", "whi")
    assert [term for term in asked if is_function_word(term)] == ["what", "什么", "whi"]
