from __future__ import annotations

import json
from dataclasses import replace

from seekpoint.query.answers import Answer, Doubt
from seekpoint.query.output.json import doubt_json, explanation_json, to_json
from tests.query.output.examples import EXPLANATION
from tests.query.output.test_terminal import ANSWER, EXPLAINED, MOMENT


def test_an_answer_as_json() -> None:
    assert json.loads(json.dumps(to_json(ANSWER))) == {
        "question": "什么是掩码？",
        "answered": True,
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


def test_a_moment_has_a_chapter_only_where_there_is_one() -> None:
    document = to_json(Answer("q", True, (MOMENT, replace(MOMENT, chapter="位置编码"))))
    plain, titled = json.loads(json.dumps(document))["moments"]
    assert titled == plain | {"chapter": "位置编码"}
    assert "chapter" not in plain


def test_a_moment_has_an_explanation_only_where_it_was_asked_for() -> None:
    plain, explained = to_json(ANSWER), json.loads(json.dumps(to_json(EXPLAINED)))
    assert explained.pop("doubt") == {"least_score": 0.2, "unknown": ["Zorblax"]}
    assert explained["moments"][0].pop("explanation")["matched"] == ["掩码"]
    assert explained == json.loads(json.dumps(plain))


def test_an_explanation_as_json() -> None:
    assert json.loads(json.dumps(explanation_json(EXPLANATION))) == {
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


def test_a_doubt_as_json() -> None:
    assert doubt_json(Doubt(0.2229, ("Zorblax", "量子"))) == {"least_score": 0.2229, "unknown": ["Zorblax", "量子"]}


def test_an_unanswered_question_keeps_its_moments() -> None:
    assert to_json(replace(ANSWER, answered=False)) == to_json(ANSWER) | {"answered": False}
