from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.output.json import AnswerJson, error_json, to_json
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


def test_a_field_is_there_only_where_it_says_something() -> None:
    plain = json.loads(json.dumps(to_json(ANSWER)))
    marks: dict[str, Any] = {"missing": ("位置编码",), "excluded": ("mask", "a b"), "nearer": True}
    for fields in (marks, {"unknown": ("Zorblax",)}, {"confidence": Confidence.NONE}):
        told = json.loads(json.dumps(fields)) | ({"answered": False} if "confidence" in fields else {})
        assert json.loads(json.dumps(to_json(replace(ANSWER, **fields)))) == plain | told


def test_an_explained_answer_as_json() -> None:
    moment = replace(EXPLAINED.moments[0], chapter="位置编码", explanation=EXPLANATION)
    answer = json.loads(json.dumps(to_json(replace(EXPLAINED, moments=(MOMENT, moment)))))
    fields = {"probability": 0.8, "right": 0.6, "meaning": 0.42, "unsaid": 0.25, "unknown": 0.5, "size": -1.0}
    fields |= {"ahead": 0.1, "together": 0.4, "noted": 0.0}
    assert answer["estimate"] == fields
    plain, told = answer["moments"]
    explanation = told.pop("explanation")
    assert told == plain | {"chapter": "位置编码"} and "chapter" not in plain
    assert explanation == {
        "meaning": 0.42,
        "words": 0.1,
        "share": 0.55,
        "named": 0.0,
        "verbatim": 0.0,
        "noted": 0.0,
        "answers": None,
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


def test_an_answer_has_the_form_that_is_defined_for_it_and_another_is_noticed() -> None:
    for answer in (
        EXPLAINED,  # with an estimate
        examples.ANSWER,
        Answer("q", Confidence.LOW, (replace(PAPER_MOMENT, explanation=EXPLANATION, chapter="位置编码"),), ("词",)),
        Answer("什么?", Confidence.NONE, ()),
        replace(ANSWER, missing=("位置 编码",), excluded=("mask",), nearer=True),
        *map(hostile_answer, examples.HOSTILE),
    ):
        assert_valid(AnswerJson, to_json(answer))
    assert_valid(AnswerJson, error_json("", "the question is empty"))
    changes: list[dict[str, object]] = [{"moments": None}, {"answered": "yes"}, {"extra": 1}]
    changes += [{"moments": [{"rank": 1}]}, {"estimate": {}}]
    for change in changes:
        with pytest.raises((ValidationError, AssertionError)):
            assert_valid(AnswerJson, {**to_json(ANSWER), **change})
