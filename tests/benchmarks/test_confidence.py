"""The plots of the confidence benchmark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import confidence
from benchmarks.calibration import Asking, Judge, Row, judged_by
from benchmarks.confidence import Bin, Judged, curve, estimate, judged_without, right_by_estimate, shares_below
from seekpoint.query.search.confidence import Features


def row(logit: float, asking: Asking, name: str = "talks", *, right: bool = False, **kinds: bool) -> Row:
    features = Features(logit, 0.0, 0.0, 0.0, 0.0)
    return Row(name, asking, features, logit, right, kinds.get("held_out", False), kinds.get("alone", False))


def score(one: Row) -> float:
    return one.score


def judged(*rows: Row) -> Judged:
    return Judged(rows, Judge(score, score, low=-1.5, high=1.5))


TALKS = judged(
    row(-3.0, Asking.OFF, held_out=True),
    row(0.1, Asking.NEAR),
    row(-0.1, Asking.ANSWERABLE),
    row(3.0, Asking.ANSWERABLE, right=True),
    row(3.1, Asking.ANSWERABLE),
)
LECTURES = judged(row(3.0, Asking.ANSWERABLE, right=True), row(40.0, Asking.ANSWERABLE, right=True))


def test_a_share_is_of_the_estimates_below_a_limit_and_answerable_questions_alone_are_counted_by_tenths() -> None:
    assert shares_below([0.2, 0.4, 0.4, 0.9], [0.0, 0.2, 0.4, 0.41, 1.0]) == [0.0, 0.0, 0.25, 0.75, 1.0]
    bins = right_by_estimate([TALKS])
    assert len(bins) == 10
    assert bins[4] == Bin(1, 0) and bins[9] == Bin(2, 1) and sum(one.questions for one in bins) == 3
    assert right_by_estimate([TALKS, LECTURES])[9] == Bin(4, 3)
    assert estimate(40.0) == 1.0, "the last tenth has its end too"


def test_a_set_is_judged_by_what_was_fitted_without_it_and_by_what_was_not_fitted_with() -> None:
    rows = [
        row(0.0, Asking.OFF, "a", held_out=True),
        row(1.0, Asking.OFF, "a"),
        row(2.0, Asking.ANSWERABLE, "a", alone=True),
        row(3.0, Asking.ANSWERABLE, "b"),
        row(4.0, Asking.ANSWERABLE, "b-short"),
    ]

    def fitted(given: Sequence[Row]) -> Judge:
        return Judge(score, score, min(one.score for one in given), 9.0)

    assert judged_without(rows, fitted) == {
        "a": Judged([rows[0]], Judge(score, score, 3.0, 9.0)),
        "b": Judged([rows[3]], Judge(score, score, 0.0, 9.0)),
        "b-short": Judged([rows[4]], Judge(score, score, 0.0, 9.0)),
    }, "short forms are left out together with the set that they stand for"


def test_high_confidence_begins_where_first_moments_are_mostly_right_and_few_others_have_it() -> None:
    answered = [row(step / 10, Asking.ANSWERABLE, right=step >= 4) for step in range(8)]
    near = [row(0.45, Asking.NEAR)]
    assert judged_by(answered, score, score).high == 0.3, "four of five are right"
    assert judged_by([*answered, *near], score, score).high == 0.5, "no question near the topic has it"
    assert curve({"talks": Judged([*answered, *near], judged_by(answered, score, score))}).splitlines()[-1] == (
        "| 0.70 | 0.67 | 1.000 | 0.000 |"
    )


def test_the_plots_name_sets_kinds_and_thresholds_on_white_in_small_files_that_are_the_same_each_time(
    tmp_path: Path,
) -> None:
    pytest.importorskip("matplotlib")
    for folder in ("first", "second"):
        confidence.draw({"talks": TALKS, "lectures": LECTURES}, tmp_path / folder)
    files, again = (
        {path.name: path.read_text("utf-8") for path in (tmp_path / folder).iterdir()} for folder in ("first", "second")
    )
    assert files == again
    kinds, right = files[confidence.KINDS], files[confidence.RIGHT]
    for text in files.values():
        assert {"talks", "lectures"} <= set(re.findall(r">(\w+)<", text)) and "fill: #ffffff" in text
        assert len(text) < 100_000 and "<dc:date>" not in text
    assert all(f">{text}<" in kinds for text in ("off-topic, 1", "near-topic, 1", "answerable, 3", "answerable, 2"))
    assert "low from 0.18" in kinds
    assert ">all sets<" in right and ">right first<" in right
