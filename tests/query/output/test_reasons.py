"""The words of an explanation, in a terminal and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seekpoint.query.answers import Doubt, Explanation, Translation, Window
from seekpoint.query.output.reasons import doubt_json, doubt_text, to_json, to_lines

EXPLANATION = Explanation(
    meaning=0.42,
    words=0.1,
    share=0.55,
    stands_in=True,
    matched=("Masks", "掩码"),
    translated=(Translation("掩码", ("mask", "masks")), Translation("自注意力", ("self", "attention"))),
    windows=(Window(8.2, 38.2, 0.5), Window(3570.0, 3660.0, 0.375)),
)
BARE = replace(EXPLANATION, stands_in=False, matched=(), translated=(), windows=())
HOSTILE = "a\x1b[31mb\x07\u202ec\n\x9b2Jd\u2066\r"


def test_the_reasons_in_words() -> None:
    assert list(to_lines(0.276, EXPLANATION)) == [
        "score 0.276 = 0.55 × meaning 0.420 + 0.45 × words 0.100",
        "found in another language than the question's: meaning and translations stand in for words",
        "words said here: Masks, 掩码",
        "said here in translation: 掩码 → mask, masks; 自注意力 → self, attention",
        "nearest in meaning: 0:08 to 0:38 (0.50), and around a place 59:30 to 1:01:00 (0.38)",
    ]


def test_that_a_question_names_it_counts_and_is_told() -> None:
    named = replace(BARE, named=0.15)
    (line,) = to_lines(0.426, named)
    assert line == "score 0.426 = 0.55 × meaning 0.420 + 0.45 × words 0.100 + 0.15, for the question names it"
    assert to_json(named)["named"] == 0.15


def test_what_is_not_there_is_not_told() -> None:
    assert list(to_lines(0.276, BARE)) == ["score 0.276 = 0.55 × meaning 0.420 + 0.45 × words 0.100"]


def test_the_reasons_as_json() -> None:
    assert json.loads(json.dumps(to_json(EXPLANATION))) == {
        "meaning": 0.42,
        "words": 0.1,
        "share": 0.55,
        "named": 0.0,
        "stands_in": True,
        "matched": ["Masks", "掩码"],
        "translated": [
            {"word": "掩码", "said": ["mask", "masks"]},
            {"word": "自注意力", "said": ["self", "attention"]},
        ],
        "windows": [
            {"start": 8.2, "end": 38.2, "cosine": 0.5},
            {"start": 3570.0, "end": 3660.0, "cosine": 0.375},
        ],
    }


@pytest.mark.parametrize("names", [("Zorblax",), ("Zorblax", "量子")])
def test_the_words_that_nothing_says_are_named(names: tuple[str, ...]) -> None:
    doubt = Doubt(0.2229, names)
    assert doubt_text(doubt).endswith(f"from a score of 0.223 on, since nothing here says {', '.join(names)}.")
    assert doubt_json(doubt) == {"least_score": 0.2229, "unknown": list(names)}


def test_without_such_words_only_the_score_is_told() -> None:
    assert doubt_text(Doubt(0.2229, ())) == "The first moment is an answer from a score of 0.223 on."


@given(st.text(max_size=20) | st.just(HOSTILE))
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_whatever_the_words_hold_a_line_stays_a_line(text: str) -> None:
    hostile = replace(EXPLANATION, matched=(text, HOSTILE), translated=(Translation(text, (text, HOSTILE)),))
    for line in [*to_lines(0.5, hostile), doubt_text(Doubt(0.2, (text, HOSTILE)))]:
        assert not set(line) & set("\x1b\x9b\x07\r\n\u2028\u202e\u2066")
        assert line.splitlines() == [line]
