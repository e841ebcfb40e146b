"""Leaving one source out: how questions are grouped, weights chosen without a source, and variants asked once."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.leave_one_out import (
    AXES,
    SETS,
    SOURCES,
    START,
    Asked,
    LeftOut,
    Right,
    Variants,
    answerable,
    as_asked,
    choose,
    leave_out,
    prototype,
    source_of_videos,
    to_json,
    to_markdown,
    worth,
)
from seekpoint.query.evaluation.question_file import AnswerSpan, Question
from seekpoint.query.search.settings import TUNING, Tuning
from tests.shared import SHARED, needs_shared

BOTH, FIFTH, NEITHER = Right(True, True), Right(False, True), Right(False, False)
ASKED = (Asked("talks en->en", "dance"), Asked("talks zh->en", "dance"), Asked("talks zh->zh", "cooking"))


def likes(dance: float, cooking: float, tuning: Tuning) -> list[Right]:
    """Questions about dancing are answered with one share of meaning, those about cooking with another."""
    first, second = (BOTH if tuning.dense_share == share else NEITHER for share in (dance, cooking))
    return [first, first, second]


def test_a_question_belongs_to_the_source_of_its_first_video(tmp_path: Path) -> None:
    for source, video in (("cooking", "zhongwen001"), ("dance", "english0001")):
        with gzip.open(tmp_path / f"{source}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.write(json.dumps({"video_id": video, "title": "怎么和面 / how to knead"}) + "\n")
    source_of = source_of_videos(tmp_path, ["cooking", "dance"])
    chinese, english, other = (AnswerSpan(video, 1, 2) for video in ("zhongwen001", "english0001", "elsewhere01"))
    questions = [
        Question("1", "为什么要醒面？", "zh", "zh", (chinese, english)),
        Question("2", "Where do the feet go?", "en", "en", (english, chinese)),
        Question("3", "谁编的舞？", "zh", "en", (other,)),
    ]
    assert list(as_asked("talks", questions, source_of)) == [
        Asked("talks zh->zh", "cooking"),
        Asked("talks en->en", "dance"),
        Asked("talks zh->en", ""),
    ]


def test_each_direction_of_a_set_counts_the_same_however_many_questions_it_has() -> None:
    asked = [Asked("a en->en", "x"), Asked("a en->en", "x"), Asked("a en->en", "y"), Asked("b zh->en", "y")]
    rights = [BOTH, NEITHER, FIFTH, NEITHER]
    for without, expected in (("", ((1.5 + 0 + 0.5) / 3 + 0) / 2), ("x", (0.5 + 0) / 2), ("y", 0.75)):
        assert worth(asked, rights, without) == pytest.approx(expected)


def test_the_best_of_each_axis_is_found_which_is_tried_again_once_another_has_changed() -> None:
    wanted = replace(START, **AXES[0][-1], **AXES[1][0], **AXES[2][-1])

    def nearness(tuning: Tuning) -> float:
        return -abs(tuning.dense_share - wanted.dense_share) - abs(tuning.translated - wanted.translated) + tuning.reach

    def together_alone(tuning: Tuning) -> float:
        return tuning.reach + (10 * tuning.dense_share if tuning.reach > START.reach else 0)

    assert choose(nearness) == wanted
    assert choose(together_alone) == replace(START, **AXES[0][-1], **AXES[2][-1])
    assert choose(lambda _: 1.0) == START, "what is no better isn't chosen"


def test_a_sources_own_questions_have_no_say_in_its_weights() -> None:
    dance, cooking = results(0.4, 0.6, FIFTH, NEITHER, BOTH)
    assert (dance.tuning, dance.chosen) == (replace(START, dense_share=0.6), (NEITHER, NEITHER))
    assert (cooking.tuning, cooking.chosen) == (replace(START, dense_share=0.4), (NEITHER,))
    assert cooking.prototype == (BOTH,)


def results(dance: float, cooking: float, *prototype: Right | None) -> list[LeftOut]:
    def right(tuning: Tuning) -> list[Right]:
        return likes(dance, cooking, tuning)

    return [leave_out(source, ASKED, right, prototype) for source in ("dance", "cooking")]


def test_the_shipped_weights_and_the_prototype_stand_beside_the_chosen_ones() -> None:
    found = results(TUNING.dense_share, TUNING.dense_share, FIFTH, NEITHER, BOTH)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in to_markdown(found).splitlines()[2:]]
    same = f"{TUNING.dense_share:g}; 0.5, 0; 20 s"
    assert rows[0][:6] == ["dance", "2", same, "1.000 / 1.000", "1.000 / 1.000", "0.000 / 0.500"]
    assert rows[0][6] == "+1.000 (+1.000 to +1.000)"
    assert rows[1][:6] == ["cooking", "1", same, "1.000 / 1.000", "1.000 / 1.000", "1.000 / 1.000"]
    assert rows[2][:6] == ["all of them", "3", "", "1.000 / 1.000", "1.000 / 1.000", "0.333 / 0.667"]
    document = json.loads(json.dumps(to_json(found)))
    assert document["dance"]["hybrid"] == {"moment1": 0.0, "moment5": 0.5}
    assert document["all of them"]["gain"]["moment1"]["mean"] == pytest.approx(2 / 3)
    assert document["cooking"]["tuning"]["dense_share"] == TUNING.dense_share


def test_what_the_prototype_was_not_asked_is_left_open() -> None:
    unasked = results(0.5, 0.5, FIFTH, NEITHER, None)
    dance, cooking, both = to_markdown(unasked).splitlines()[2:]
    assert "–" not in dance and cooking.count("–") == both.count("–") == 3
    unknown = to_json(unasked)["cooking"]
    assert unknown["hybrid"] is None and unknown["gain"] == {"moment1": None, "moment5": None}


def test_a_variant_is_asked_once_and_kept_for_the_next_run_of_the_same_code(tmp_path: Path) -> None:
    file, asked = tmp_path / "variants.jsonl", list[Tuning]()

    def ask(tuning: Tuning) -> list[Right]:
        asked.append(tuning)
        return likes(0.5, 0.6, tuning)

    runs = [[variants(START), variants(TUNING)] for variants in (Variants(ask, file, "this code") for _ in range(2))]
    assert runs[0] == runs[1] and asked == [START, TUNING]
    assert Variants(lambda _: [FIFTH], file, "other code")(START) == [FIFTH]


@pytest.mark.shared
@needs_shared
def test_every_source_has_its_questions_and_the_prototypes_answers_are_those_of_the_quality_benchmark(
    tmp_path: Path,
) -> None:
    source_of = source_of_videos(SHARED / "transcripts")
    asked = [member for name in SETS for member in as_asked(name, answerable(name), source_of)]
    counts = {"hungyi": 324, "hf-course": 88, "fastai": 415, "3b1b": 62, "broad": 360, "": 200}
    assert Counter(member.source for member in asked) == counts and counts.keys() == {*SOURCES, ""}
    answers, questions = tmp_path / "fastai" / "baselines" / "hybrid.jsonl", answerable("fastai")
    answers.parent.mkdir(parents=True)
    with answers.open("w") as file:
        for question in questions:
            for span in question.spans:
                start = span.start if question.language == "zh" else span.end + 1
                moment = {"resource": {"id": span.video_id}, "start": start}
                file.write(json.dumps({"question": question.text, "answered": True, "moments": [moment]}) + "\n")
    found = prototype(tmp_path)
    right = [BOTH if question.language == "zh" else NEITHER for question in questions]
    assert found == [*[None] * (180 + 130 + 228), *right, *[None] * (180 + 130 + 228)]
