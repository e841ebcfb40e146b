"""Judgements of answers and their means."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seekpoint.index.types import Kind, Resource
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.evaluation.metrics import Abstention, Judgement, difference, interval, judge, measure_abstention
from seekpoint.query.evaluation.question_file import AnswerSpan, Question, read_questions
from seekpoint.query.evaluation.runs import evaluate
from seekpoint.query.output.json import to_json
from tests.shared import SHARED, needs_shared

TALK, OTHER = "attention01", "zhuyili0001"
QUESTION = Question("q1", "为什么要缩放?", "zh", "en", (AnswerSpan(TALK, 100.0, 130.0), AnswerSpan(OTHER, 50.0, 60.0)))


def moment(video_id: str, start: float | None, rank: int = 1) -> Moment:
    resource = Resource(video_id, Kind.VIDEO, "", f"https://www.youtube.com/watch?v={video_id}")
    return Moment(rank, 0.5, resource, "en", start, None, "", "")


def test_a_moment_is_right_from_15_s_before_the_answer_to_its_end() -> None:
    for start, right, sharp, error in (
        (84.9, False, False, None),
        (85.0, True, True, 15.0),
        (115.0, True, True, 15.0),
        (115.1, True, False, pytest.approx(15.1)),
        (130.0, True, False, 30.0),
        (130.1, False, False, None),
        (None, False, False, None),
    ):
        result = judge(QUESTION, [moment(TALK, start)])
        assert (result.video1, result.moment1, result.moment5, result.sharp1) == (True, right, right, sharp)
        assert result.error == error


def test_any_of_several_videos_and_ranks_counts() -> None:
    wrong = [moment("nowhere0001", 100.0)] * 5
    assert judge(QUESTION, [*wrong[:2], moment(OTHER, 55.0)]) == Judgement(False, False, True, 1 / 3, False)
    assert judge(QUESTION, [*wrong, moment(TALK, 100.0)]) == Judgement(False, False, False, 1 / 6, False)
    assert judge(QUESTION, [*wrong, *wrong, moment(TALK, 100.0)]).reciprocal_rank == 0
    assert judge(QUESTION, []) == Judgement(False, False, False, 0.0, False)


def test_abstention_has_recall_precision_and_lost_answers() -> None:
    assert measure_abstention([], [True]) is None
    assert measure_abstention([False, False, True, True], [True, False, True]) == Abstention(4, 0.5, 2 / 3, 1)
    assert measure_abstention([True], [True]) == Abstention(1, 0.0, None, 0)


def test_intervals_are_the_same_each_time_and_tell_a_difference_from_chance() -> None:
    assert interval([1.0] * 9) == (1.0, 1.0)
    low, high = interval([0.0, 1.0] * 50)
    assert 0.38 < low < 0.45 and 0.55 < high < 0.62
    assert interval([0.0, 1.0] * 50) == (low, high), "the same each time"
    better = difference([0.0] * 50, [1.0] * 30 + [0.0] * 20)
    assert better.mean == pytest.approx(0.6) and better.is_resolved
    assert not difference([0.0, 1.0] * 20, [1.0, 0.0] * 20).is_resolved


@needs_shared
@pytest.mark.parametrize("name", ["dev-natural", "fastai"])
def test_the_metrics_are_those_of_an_independent_scorer(tmp_path: Path, name: str) -> None:
    file = SHARED / "questions" / f"{name}.jsonl"
    answers = {question.id: _guess(question, random.Random(question.id)) for question in read_questions(file)}
    text = "\n".join(json.dumps(to_json(answer)) for answer in answers.values())
    (tmp_path / "answers.jsonl").write_text(text, "utf-8")
    scorer = SHARED.parent / "tools" / "score.py"
    command = [sys.executable, str(scorer), str(file), str(tmp_path / "answers.jsonl"), "--json"]
    theirs = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    waiting = iter(answers.values())
    ours = evaluate(read_questions(file), lambda _: next(waiting), lambda _: "")
    assert {group: _as_theirs(result) for group, result in ours.groups.items()} == {
        group: result for group, result in theirs.items() if group != "abstention"
    }
    if expected := theirs.get("abstention"):
        assert ours.abstention == Abstention(**expected)


def _guess(question: Question, chance: random.Random) -> Answer:
    """Moments around the answer and elsewhere, sometimes none."""
    spans = [*question.spans, AnswerSpan("nowhere0001", 10.0, 99.0)]
    picked = (chance.choice(spans) for _ in range(chance.randrange(12)))
    moments = tuple(moment(span.video_id, span.start + chance.uniform(-40, 60)) for span in picked)
    return Answer(question.text, Confidence.HIGH if chance.random() < 0.8 else Confidence.NONE, moments)


def _as_theirs(found: Any) -> dict[str, Any]:  # noqa: ANN401
    names = {"n": "n", "video1": "video1", "moment1": "m1", "moment5": "m5", "mrr10": "mrr10", "sharp1": "sharp1"}
    named = {theirs: getattr(found, ours) for ours, theirs in names.items()}
    errors = {"dt_median": found.error_median, "dt_p90": found.error_p90}
    return named | {"m1_ci": list(found.moment1_interval)} | errors
