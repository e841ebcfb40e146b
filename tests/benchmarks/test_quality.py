"""The quality benchmark: its own questions, what it lays out, its tables and plots, and the page that shows them."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from pathlib import Path
from statistics import fmean

import pytest

from benchmarks import confidence, plots, quality, quality_report
from benchmarks.quality_report import OURS, Result, to_json, to_markdown
from benchmarks.question_sets import (
    BEFORE_HEARING,
    DEFINITIONS,
    LECTURES,
    QUESTIONS,
    lay_out,
    library_of,
    link_one_track_each,
    question_file,
    questions_of,
)
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.evaluation.question_file import AnswerSpan, Question, read_questions
from seekpoint.query.evaluation.runs import Evaluation, evaluate
from tests import readme
from tests.benchmarks.test_confidence import LECTURE_ROWS, TALKS
from tests.paths import ROOT
from tests.query.evaluation.test_metrics import moment
from tests.shared import SHARED, needs_shared

PAGE = ROOT / "docs" / "quality.md"
TABLES = readme.RESULTS.read_text("utf-8")
ASKED = [
    Question("1", "why?", "en", "en", (AnswerSpan("english0001", 10.0, 200.0),)),
    Question("2", "为什么?", "zh", "en", (AnswerSpan("english0001", 30.0, 90.0),)),
    Question("3", "哪里?", "zh", "zh", (AnswerSpan("zhongwen001", 10.0, 20.0),)),
]


def system(late: float) -> Evaluation:
    spans = {question.text: question.spans[0] for question in ASKED}
    return evaluate(
        ASKED,
        lambda text: Answer(text, Confidence.HIGH, (moment(spans[text].video_id, spans[text].start + late),)),
        lambda _: "",
    )


RESULTS = [
    Result("lectures", {OURS: system(2.0), "bm25": system(50.0)}),
    Result("talks", {OURS: system(2.0), "e5raw": system(900.0)}),
]


DIRECTIONS = {
    LECTURES: {"": 80, "en->en": 60, "en->zh": 56, "zh->en": 56, "zh->zh": 56},
    f"{LECTURES}{DEFINITIONS}": {"en->en": 17, "en->zh": 14, "zh->en": 9, "zh->zh": 20},
    f"broad{DEFINITIONS}": {"en->en": 16, "en->zh": 6, "zh->en": 10, "zh->zh": 12},
    f"dev{DEFINITIONS}": {"en->en": 10, "zh->en": 11},
    f"dev{BEFORE_HEARING}": {"en->en": 12, "en->zh": 18, "zh->en": 12, "zh->zh": 18},
    f"broad{BEFORE_HEARING}": {"": 9, "en->en": 40, "en->zh": 26, "zh->en": 42, "zh->zh": 23},
}


@pytest.mark.parametrize("name", DIRECTIONS)
def test_questions_are_different_and_as_many_as_the_page_says(name: str, tmp_path: Path) -> None:
    questions = questions_of(name)
    directions = (f"{each.language}->{each.video_language}" if each.spans else "" for each in questions)
    assert Counter(directions) == DIRECTIONS[name]
    assert len({question.text.lower() for question in questions}) == len(questions)
    assert all(0 <= span.start < span.end for question in questions for span in question.spans)
    assert read_questions(question_file(name, tmp_path)) == questions


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize("name", ["broad-short", "dev-short", "lectures-short"])
def test_short_forms_have_the_places_of_the_questions_that_they_stand_for(name: str, tmp_path: Path) -> None:
    short, long = questions_of(name), {question.id: question for question in questions_of(library_of(name))}
    assert len(short) >= 130 and fmean(len(one.text) < len(long[one.id].text) for one in short) > 0.95
    assert all(one.spans == long[one.id].spans and one.text != long[one.id].text for one in short)
    assert read_questions(question_file(name, tmp_path)) == short


@pytest.mark.shared
@needs_shared
def test_every_lecture_that_answers_is_on_the_list(tmp_path: Path) -> None:
    corpus = lay_out(LECTURES, tmp_path)
    listed = set(re.findall(r"v=([\w-]{11})", corpus.reading_list.read_text("utf-8")))
    asked = {span.video_id for question in read_questions(QUESTIONS[LECTURES]) for span in question.spans}
    assert asked <= listed
    tracks = list((corpus.folder / "captions").iterdir())
    assert len(tracks) == len(listed) == 70
    assert sum(track.name.endswith(".en.vtt") for track in tracks) == 43
    assert corpus.captions == SHARED / "captions"


def test_plain_systems_get_one_track_a_video(tmp_path: Path) -> None:
    captions, folder = tmp_path / "captions", tmp_path / "laid-out"
    captions.mkdir()
    for name in ("Talk [english0001].zh.vtt", "Talk [english0001].en.vtt", "讲座 [zhongwen001].zh-TW.vtt"):
        (captions / name).write_text("WEBVTT\n", "utf-8")
    for _ in range(2):
        link_one_track_each(captions, folder)
        assert {path.name for path in folder.iterdir()} == {"Talk [english0001].en.vtt", "讲座 [zhongwen001].zh-TW.vtt"}
    assert all(path.read_text("utf-8") == "WEBVTT\n" for path in folder.iterdir())


def test_tables_and_json_have_each_system_and_direction_and_what_was_gained() -> None:
    text = to_markdown(RESULTS)
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in text.splitlines() if line.startswith("| ")]
    assert [OURS, "all", "3"] in rows and ["bm25", "zh->en", "1"] in rows and "### talks" in text
    assert "over bm25, question by question: all +0.333" in text
    found = json.loads(json.dumps(to_json(RESULTS)))
    assert found["lectures"]["bm25"]["groups"]["zh->en"]["moment1"] == 1.0
    assert found["talks"][OURS]["groups"].keys() == {"all", "en->en", "zh->en", "zh->zh"}
    assert found["talks"][OURS]["abstention"] is None


def test_the_pages_have_room_for_the_tables_of_all_benchmarks_and_show_plots_that_are_there() -> None:
    for name in ("quality", "left-out", "scale", "rebuild"):
        updated = readme.replaced(TABLES, name, "| a table |")
        assert "| a table |" in updated and updated.count(f"<!-- /{name} -->") == 1
        assert readme.replaced(updated, name, "") == readme.replaced(TABLES, name, "")
    shown = {page: re.findall(r"!\[[^]]+\]\(([^)]+)\)", page.read_text("utf-8")) for page in (PAGE, readme.RESULTS)}
    assert all((page.parent / plot).exists() for page, plots in shown.items() for plot in plots)
    assert f"quality/{quality_report.DIRECTIONS}" in shown[PAGE]
    drawn = (quality_report.DIRECTIONS, quality_report.ERRORS, confidence.KINDS, confidence.RIGHT)
    assert {f"../docs/quality/{plot}" for plot in drawn} <= {*shown[readme.RESULTS]}


def test_the_command_lines_and_questions_on_the_pages_are_read(tmp_path: Path) -> None:
    lines = re.findall(r"(?m)^python -m benchmarks\.quality (.*)$", TABLES)
    assert len(lines) >= 2
    for line in lines:
        quality.parser().parse_args(shlex.split(line))
    (block,) = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "questions.jsonl"
    file.write_text(block, "utf-8")
    answered, unanswered = read_questions(file)
    assert [span.video_id for span in answered.spans] == ["zxQyTK8quyY", "aircAruvnKk"] and unanswered.spans == ()


NAMED = {
    quality_report.ERRORS: ("lectures", "talks", "seekpoint, 3 right", "bm25, 2 right"),
    quality_report.DIRECTIONS: ("lectures", "talks", OURS, "bm25", "moment@1", "zh-&gt;en"),
    confidence.KINDS: ("talks", "lectures", "off-topic, 1", "near-topic, 1", "answerable, 3", "low from 0.20"),
    confidence.RIGHT: ("talks", "lectures", "all sets", "right first"),
    "growth.svg": ("Questions", "ms", "ours", "theirs", "due, at most", "chunks"),
}


@pytest.mark.slow
def test_plots_name_what_they_show_on_white_in_small_files_that_are_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    growth = plots.Panel("Questions", "ms", {"ours": {10: 1.0, 100: 2.0}, "theirs": {10: 3.0}}, {100: 4.0})
    drawn = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        quality_report.draw(RESULTS, folder)
        confidence.draw({"talks": TALKS, "lectures": LECTURE_ROWS}, folder)
        plots.draw_growth([growth], folder / "growth.svg")
        drawn.append({path.name: path.read_text("utf-8") for path in folder.iterdir()})
    assert drawn[0] == drawn[1] and drawn[0].keys() == NAMED.keys()
    for name, text in drawn[0].items():
        assert [word for word in NAMED[name] if f">{word}<" not in text] == [], name
        assert "fill: #ffffff" in text and len(text) < 100_000 and "<dc:date>" not in text
    assert "e5raw" not in drawn[0][quality_report.ERRORS], "no answer of it is right"


def test_only_right_answers_have_an_error_and_a_share_is_of_those_that_start_no_later() -> None:
    assert quality_report.right_errors(system(50.0)) == [50.0, 50.0]
    assert quality_report.right_errors(system(900.0)) == []
    assert quality_report.shares_within([20.0, 0.0, 5.0, 5.0], [0, 4, 5, 19, 20]) == [0.25, 0.25, 0.75, 0.75, 1.0]
