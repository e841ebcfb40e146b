"""Runs of an evaluation, their reports and their comparison."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seekpoint.index.errors import SourceError, UsageError
from seekpoint.index.open import open_reader
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.evaluation.question_file import AnswerSpan, Question
from seekpoint.query.evaluation.runs import (
    ALL,
    Evaluation,
    compare,
    comparison_text,
    evaluate,
    read_run,
    to_json,
    to_text,
)
from tests.cli.here import Ran, call
from tests.fake_chat import answering, by_letter, fake_chat
from tests.query.evaluation.test_metrics import moment

QUESTIONS = [
    Question("1", "why?", "en", "", (AnswerSpan("english0001", 10.0, 20.0),)),
    Question("2", "为什么?", "zh", "zh", (AnswerSpan("zhongwen001", 10.0, 20.0),)),
    Question("3", "哪里?", "zh", "", (AnswerSpan("elsewhere01", 10.0, 20.0),)),
    Question("4", "what isn't here?", "en", "", ()),
]


def run(*right: str) -> Evaluation:
    """An evaluation in which the questions with these ids are answered rightly."""

    def answer(text: str) -> Answer:
        (question,) = (question for question in QUESTIONS if question.text == text)
        if not question.spans:
            return Answer(text, Confidence.NONE, ())
        start = question.spans[0].start if question.id in right else 900.0
        return Answer(text, Confidence.HIGH, (moment(question.spans[0].video_id, start),))

    return evaluate(QUESTIONS, answer, lambda video_id: "en" if video_id == "english0001" else "")


def test_metrics_are_by_direction_and_abstention_is_apart() -> None:
    result = run("1")
    assert {group: (figures.n, figures.moment1) for group, figures in result.groups.items()} == {
        ALL: (3, 1 / 3),
        "en->en": (1, 1.0),
        "zh->zh": (1, 0.0),
        "zh->?": (1, 0.0),
    }
    assert result.abstention and (result.abstention.recall, result.abstention.precision) == (1.0, 1.0)
    text = to_text(result)
    assert "en->en" in text and "1 without an answer here: recall 1.000, precision 1.000" in text
    assert max(map(len, text.splitlines())) <= 110

    def refuse(text: str) -> Answer:
        raise UsageError("the question is empty")

    refused = evaluate(QUESTIONS[:1], refuse, lambda _: "en")
    assert (refused.groups[ALL].n, refused.groups[ALL].moment5, refused.rows[0].answered) == (1, 0.0, False)


def test_two_runs_are_compared_question_by_question_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "before.json"
    file.write_text(json.dumps(to_json(run("1"))), "utf-8")
    changes = compare(run("1", "2"), read_run(file), "before.json")
    assert changes["zh->zh"]["moment1"] == (1.0, (1.0, 1.0))
    assert changes[ALL]["moment1"].mean == pytest.approx(1 / 3) and not changes[ALL]["moment1"].is_resolved
    assert "moment@1 +1.000" in comparison_text(changes)
    assert json.loads(json.dumps(to_json(run("2"), changes)))["changes"]["zh->zh"]["moment1"]["mean"] == 1.0
    with pytest.raises(SourceError, match="none of these questions"):
        compare(run("1"), {"questions": []}, "before.json")
    with pytest.raises(SourceError, match="can't read"):
        read_run(tmp_path / "none.json")
    half = '{"questions": [{"id": "1", "judgement": {"moment1": true}}]}'
    for text in ("", "[]", "{}", half, '{"questions": [{"id": 1, "judgement": null}]}', '{"questions": [3]}'):
        file.write_text(text, "utf-8")
        with pytest.raises(SourceError, match="isn't what `seekpoint eval --json` prints"):
            read_run(file)


@pytest.mark.model
def test_eval_measures_the_example_list(example_library: Path, tmp_path: Path) -> None:
    def measure(*arguments: object) -> Ran:
        return call("eval", *arguments, "--index", example_library)

    with open_reader(example_library) as library:
        (talk,) = (s.resource.id for s in library.statuses() if s.resource.url.endswith("why-attention.ogg"))
    gold = {"video_id": talk, "spans": [[126, 195]]}
    rows = [
        {"qid": "a", "question": "Why three different matrices?", "qlang": "en", **gold},
        {"qid": "b", "question": "为什么要三个不同的矩阵?", "qlang": "zh", **gold},
        {"qid": "c", "question": "Who won the cup?", "qlang": "en", "video_id": "notherevid1", "spans": [[1, 2]]},
    ]
    file = tmp_path / "questions.jsonl"
    result = measure(file)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1) and file.name in result.stderr
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    result = measure(file, "--json")
    found = json.loads(result.stdout)
    assert found["groups"]["en->en"]["moment1"] == 1.0 and set(found["groups"]) >= {"all", "zh->en", "en->?"}
    assert "1 question asks for a video that isn't in the library, such as notherevid1" in result.stderr
    (tmp_path / "before.json").write_text(result.stdout, "utf-8")
    result = measure(file, "--compare", tmp_path / "before.json")
    assert (result.exit_code, "moment@1 +0.000 (+0.000 to +0.000) ~" in result.stdout) == (0, True)
    with fake_chat() as chat:
        chat.behaviour = by_letter("NONE")
        found = json.loads(measure(file, "--json", "--llm", chat.address).stdout)
        assert [row["answered"] for row in found["questions"]] == [False] * 3 and len(chat.requests) == 3
        chat.behaviour = answering(500)
        result = measure(file, "--llm", chat.address)
        assert result.exit_code == 0 and "3 answers not read, such as: http://127.0.0.1" in result.stderr
