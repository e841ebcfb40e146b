"""The plots of the quality benchmark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import plots
from benchmarks.quality_report import OURS, Result
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.evaluation.question_file import AnswerSpan, Question
from seekpoint.query.evaluation.runner import Evaluation, evaluate
from tests.query.evaluation.test_metrics import moment

QUESTIONS = [
    Question("1", "why?", "en", "en", (AnswerSpan("english0001", 10.0, 200.0),)),
    Question("2", "为什么?", "zh", "en", (AnswerSpan("english0001", 30.0, 90.0),)),
    Question("3", "哪里?", "zh", "zh", (AnswerSpan("zhongwen001", 10.0, 20.0),)),
]


def system(late: float) -> Evaluation:
    """A system that starts each answer so many seconds after its span does."""
    spans = {question.text: question.spans[0] for question in QUESTIONS}
    return evaluate(
        QUESTIONS,
        lambda text: Answer(text, Confidence.HIGH, (moment(spans[text].video_id, spans[text].start + late),)),
        lambda _: "",
    )


RESULTS = [
    Result("lectures", {OURS: system(2.0), "bm25": system(50.0)}),
    Result("talks", {OURS: system(2.0), "e5raw": system(900.0)}),
]


def drawn(folder: Path) -> dict[str, str]:
    pytest.importorskip("matplotlib")
    plots.draw(RESULTS, folder)
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_a_share_is_of_the_answers_that_start_no_later() -> None:
    assert plots.shares_within([20.0, 0.0, 5.0, 5.0], [0, 4, 5, 19, 20, 100]) == [0.25, 0.25, 0.75, 0.75, 1.0, 1.0]


def test_only_right_answers_have_an_error() -> None:
    assert plots.right_errors(system(50.0)) == [50.0, 50.0]
    assert plots.right_errors(system(900.0)) == []


def test_the_same_results_give_the_same_small_files(tmp_path: Path) -> None:
    first, second = drawn(tmp_path / "1"), drawn(tmp_path / "2")
    assert first == second
    assert first.keys() == {plots.ERRORS, plots.DIRECTIONS}
    assert all(len(text) < 100_000 and "<dc:date>" not in text for text in first.values())


def test_plots_name_sets_systems_and_directions_in_words_on_white(tmp_path: Path) -> None:
    files = drawn(tmp_path)
    for text in files.values():
        assert {"lectures", "talks", OURS, "bm25"} <= set(re.findall(r"\w+", text))
        assert "fill: #ffffff" in text
    assert "seekpoint, 3 right" in files[plots.ERRORS] and "e5raw, 0 right" not in files[plots.ERRORS]
    assert "zh-&gt;en" in files[plots.DIRECTIONS] and "moment@1" in files[plots.DIRECTIONS]
