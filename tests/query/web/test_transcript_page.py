"""Finding a phrase in a transcript."""

from __future__ import annotations

import pytest

from seekpoint.query.web.transcript_page import Part, occurrences


def found(phrase: str, *texts: str) -> list[str]:
    """What is found, with a bar where a text ends."""
    return [
        "|".join(texts[part.number][part.start : part.stop] for part in place) for place in occurrences(phrase, texts)
    ]


@pytest.mark.parametrize(
    ("phrase", "text", "places"),
    [
        ("mask", "The Mask masks", ["Mask", "mask"]),
        ("softmax", "ｓｏｆｔｍａｘ Softmax", ["ｓｏｆｔｍａｘ", "Softmax"]),
        ("cafe", "café, cafe\u0301", ["café", "cafe"]),
        ("naïve", "a naive one", ["naive"]),
        ("don't", "Don’t", ["Don’t"]),
        ("a  b", "a b\ta\u00a0 b", ["a b", "a\u00a0 b"]),
        ("机器学习", "機器學習與机器 学习", ["機器學習", "机器 学习"]),
        ("機器", "机器", ["机器"]),
        ("softmax函数", "用 Softmax 函數", ["Softmax 函數"]),
        ("が", "かが", ["が"]),
        ("a.c", "abc a.c", ["a.c"]),
        ("aa", "aaaa", ["aa", "aa"]),
        ("", "anything", []),
        ("  ", "any thing", []),
    ],
)
def test_a_phrase_is_found_however_it_is_written(phrase: str, text: str, places: list[str]) -> None:
    assert found(phrase, text) == places


@pytest.mark.parametrize(
    ("phrase", "texts", "places"),
    [
        ("causal mask", ("a causal", "mask"), ["causal|mask"]),
        ("因果掩码", ("这是因果", "掩碼"), ["因果|掩碼"]),
        ("notable", ("not", "able"), []),
        ("a b c", ("a", "b", "c"), ["a|b|c"]),
        ("a b", ("a", "", "b"), ["a|b"]),
    ],
)
def test_a_phrase_goes_over_the_end_of_a_cue(phrase: str, texts: tuple[str, ...], places: list[str]) -> None:
    assert [place.replace("| ", "|") for place in found(phrase, *texts)] == places


def test_places_are_in_order_and_name_their_text() -> None:
    assert occurrences("词", ["无", "有词", "词"]) == [[Part(1, 1, 2)], [Part(2, 0, 1)]]
