"""What the marks in a question mean, and where they mean nothing."""

from __future__ import annotations

import time

import pytest

from seekpoint.index.errors import UsageError
from seekpoint.query.search.literal import QuestionSyntax, read_syntax, without_marks
from seekpoint.query.search.settings import LONGEST_QUESTION


def read(question: str) -> tuple[str, list[str], list[str]]:
    """The text, the phrases and what is excluded."""
    text, phrases, excluded, _ = read_syntax(question)
    return text, [one.text for one in phrases], [one.text for one in excluded]


@pytest.mark.parametrize(
    ("question", "text", "phrase"),
    [
        ('why "positional encoding"?', "why positional encoding?", "positional encoding"),
        ("why “positional encoding”?", "why positional encoding?", "positional encoding"),
        ("why “positional encoding“?", "why “positional encoding“?", None),
        ("warum „das Bild“?", "warum das Bild?", "das Bild"),
        ("warum „das Bild”?", "warum das Bild?", "das Bild"),
        ("pourquoi « le mot » ?", "pourquoi  le mot  ?", "le mot"),
        ("hvorfor »ordet«?", "hvorfor ordet?", "ordet"),
        ("什么是“位置编码”？", "什么是位置编码？", "位置编码"),
        ('什么是"位置编码"？', "什么是位置编码？", "位置编码"),
        ("什麼是「位置編碼」？", "什麼是位置編碼？", "位置編碼"),
        ("《书》里的『位置编码』", "《书》里的位置编码", "位置编码"),
        ("什么是＂位置编码＂？", "什么是位置编码？", "位置编码"),
        ("what ‘attends to’ what?", "what attends to what?", "attends to"),
        ("为什么叫‘注意力’呢", "为什么叫注意力呢", "注意力"),
        ("what is ‘don’t care’?", "what is don’t care?", "don’t care"),
        ("「外『内』外」", "外『内』外", "外『内』外"),
        ("“outer “inner” outer”", "“outer inner outer”", "inner"),
        ('" - "yes"', '" - yes', "yes"),
    ],
)
def test_all_kinds_of_quotation_marks_ask_for_a_phrase(question: str, text: str, phrase: str | None) -> None:
    assert read(question) == (text, [phrase] if phrase else [], [])


@pytest.mark.parametrize(
    "question",
    [
        'an unpaired " stays',
        "an unpaired “ stays, 「 and ’ too",
        "don't we've it's",
        "the students’ marks aren’t theirs’",
        'a 5" disk and a 3" disk',
        '"" and “” and "?!" are empty',
        "self-attention and layer-norm",
        "layer - norm",
        "labels of -100, and -1",
        "a dash — or –such — is none, −x too",
        "what(-mask)does",
        "掩码-注意力",
        "",
    ],
)
def test_other_marks_are_ordinary_characters(question: str) -> None:
    assert read_syntax(question) == QuestionSyntax(question)


@pytest.mark.parametrize(
    ("question", "text", "excluded"),
    [
        ("attention -mask", "attention", ["mask"]),
        ("-mask attention", "attention", ["mask"]),
        ("attention -mask, why?", "attention , why?", ["mask"]),
        ("attention -mask -softmax now", "attention now", ["mask", "softmax"]),
        ("heads -self-attention", "heads", ["self-attention"]),
        ("注意力 -掩码", "注意力", ["掩码"]),
        ("注意力　-掩码，为什么", "注意力 ，为什么", ["掩码"]),
        ("注意力 －掩码", "注意力", ["掩码"]),
        ('attention -"causal mask"', "attention", ["causal mask"]),
        ("注意力 -「因果掩码」", "注意力", ["因果掩码"]),
        ("attention -“causal mask” -x", "attention", ["causal mask", "x"]),
    ],
)
def test_a_minus_leaves_out(question: str, text: str, excluded: list[str]) -> None:
    assert read(question) == (text, [], excluded)


@pytest.mark.parametrize(
    ("question", "may_stress"),
    [
        ("“mask” and 「掩码」", True),
        ('“mask” and "掩码"', False),
        ("＂掩码＂", False),
        ("mask", False),
        ('“mask” -"key"', True),
    ],
)
def test_typographic_marks_alone_may_stress(question: str, may_stress: bool) -> None:
    assert read_syntax(question).may_stress is may_stress


def test_a_minus_within_quotation_marks_belongs_to_the_phrase() -> None:
    assert read('"attention -mask"') == ("attention -mask", ["attention -mask"], [])


@pytest.mark.parametrize("question", ["-mask", "-掩码 -「注意力」", ' -"causal mask" ?', "－掩码 。"])
def test_a_question_of_exclusions_alone_is_none(question: str) -> None:
    with pytest.raises(UsageError, match=r"^the question only leaves words out \(.*`attention -mask`$"):
        read_syntax(question)


@pytest.mark.parametrize(
    "part", ['"', "“", "‘", "«", "„", '"a', "‘a", '"a" ', "-a ", "‘a’", "a-", '-"', "「『", "\0“\0”"]
)
def test_no_question_takes_long_to_read(part: str) -> None:
    begin = time.process_time()
    read_syntax(part * (LONGEST_QUESTION // len(part) - 1) + " b")
    assert time.process_time() - begin < 1


def test_ten_thousand_marks_are_no_phrases() -> None:
    assert read_syntax('"a" ' * 10_000).phrases == ()  # a question of that length is refused


def test_what_is_asked_as_it_is_has_no_marks() -> None:
    quote = "he said “we don’t -mask” it, 「位置」 and -100"
    assert without_marks(quote) == "he said we don’t mask it, 位置 and -100"
    assert read_syntax(without_marks(quote)) == QuestionSyntax(without_marks(quote))
