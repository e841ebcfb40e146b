from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.output.json import as_json, error_json, to_json
from seekpoint.query.output.json_schema import AnswerJson
from tests.query.output import examples
from tests.query.output.examples import EXPLANATION, PAPER_MOMENT, assert_valid, hostile_answer
from tests.query.output.test_terminal import ANSWER, EXPLAINED, MOMENT


def test_an_answer_as_json() -> None:
    assert json.loads(json.dumps(to_json(ANSWER))) == {
        "question": "什么是掩码？",
        "answered": True,
        "confidence": "high",
        "moments": [
            {
                "rank": 1,
                "score": 0.83,
                "resource": {
                    "id": "wjZofJX0v4M",
                    "kind": "video",
                    "title": "什么是注意力",
                    "url": "https://www.youtube.com/watch?v=wjZofJX0v4M",
                    "sections": [["Attention", "Masks"], ["More"]],
                },
                "language": "zh",
                "start": 754.2,
                "end": 801.0,
                "timestamp": "12:34",
                "quote": "现在讲掩码 and masks",
                "link": "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s",
            }
        ],
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"missing": ("位置编码",), "excluded": ("mask", "a b"), "nearer": True},
        {"unknown": ("Zorblax",)},
        {"confidence": Confidence.NONE},
    ],
    ids=["marks", "unknown words", "no answer"],
)
def test_a_field_is_there_only_where_it_says_something(fields: dict[str, Any]) -> None:
    told = json.loads(json.dumps(fields)) | ({"answered": False} if "confidence" in fields else {})
    assert json.loads(json.dumps(to_json(replace(ANSWER, **fields)))) == json.loads(json.dumps(to_json(ANSWER))) | told


def test_a_moment_has_a_chapter_and_an_explanation_only_where_there_is_one() -> None:
    moment = replace(EXPLAINED.moments[0], chapter="位置编码")
    plain, told = json.loads(json.dumps(to_json(replace(EXPLAINED, moments=(MOMENT, moment)))))["moments"]
    assert told.pop("explanation")["matched"] == ["掩码"]
    assert told == plain | {"chapter": "位置编码"}
    assert "chapter" not in plain


def test_an_explanation_as_json() -> None:
    assert json.loads(json.dumps(as_json(EXPLANATION))) == {
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


def test_an_estimate_as_json() -> None:
    fields = {"probability": 0.8, "meaning": 0.42, "unsaid": 0.25, "unknown": 0.5, "size": -1.0}
    assert to_json(EXPLAINED)["estimate"] == fields


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        EXPLAINED,  # with an estimate
        examples.ANSWER,
        Answer("q", Confidence.LOW, (replace(PAPER_MOMENT, explanation=EXPLANATION, chapter="位置编码"),), ("词",)),
        Answer("什么?", Confidence.NONE, ()),
        replace(ANSWER, missing=("位置 编码",), excluded=("mask",), nearer=True),
        *map(hostile_answer, examples.HOSTILE),
    ],
)
def test_an_answer_has_the_form_that_is_defined_for_it(answer: Answer) -> None:
    assert_valid(AnswerJson, to_json(answer))
    assert_valid(AnswerJson, error_json("", "the question is empty"))


@pytest.mark.parametrize(
    "change", [{"moments": None}, {"answered": "yes"}, {"extra": 1}, {"moments": [{"rank": 1}]}, {"estimate": {}}]
)
def test_another_form_is_noticed(change: dict[str, object]) -> None:
    with pytest.raises((ValidationError, AssertionError)):
        assert_valid(AnswerJson, {**to_json(ANSWER), **change})
