"""The plots of the confidence benchmark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import confidence
from benchmarks.calibration import Asking, Judge, Judged, Row
from benchmarks.confidence import Bin, estimate, judged_without, right_by_estimate, shares_below
from seekpoint.query.search.confidence import Features
from tests.paths import ROOT


def row(
    logit: float,
    asking: Asking,
    *,
    right: bool = False,
    held_out: bool = False,
    alone: bool = False,
    name: str = "talks",
) -> Row:
    return Row(name, asking, Features(logit, 0.0, 0.0, 0.0), logit, right, held_out, alone)


def judged(*rows: Row) -> Judged:
    return Judged([(one, one.score) for one in rows], low=-1.5, high=1.5)


TALKS = judged(
    row(-3.0, Asking.OFF, held_out=True),
    row(0.1, Asking.NEAR),
    row(-0.1, Asking.ANSWERABLE),
    row(3.0, Asking.ANSWERABLE, right=True),
    row(3.1, Asking.ANSWERABLE),
)
LECTURES = judged(row(3.0, Asking.ANSWERABLE, right=True), row(40.0, Asking.ANSWERABLE, right=True))


def drawn(folder: Path) -> dict[str, str]:
    pytest.importorskip("matplotlib")
    confidence.draw({"talks": TALKS, "lectures": LECTURES}, folder)
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_a_share_is_of_the_estimates_below_a_limit() -> None:
    assert shares_below([0.2, 0.4, 0.4, 0.9], [0.0, 0.2, 0.4, 0.41, 1.0]) == [0.0, 0.0, 0.25, 0.75, 1.0]


def test_answerable_questions_alone_are_counted_by_tenths_of_the_estimate() -> None:
    bins = right_by_estimate([TALKS])
    assert len(bins) == 10
    assert bins[4] == Bin(1, 0) and bins[9] == Bin(2, 1) and sum(one.questions for one in bins) == 3
    assert right_by_estimate([TALKS, LECTURES])[9] == Bin(4, 3)
    assert estimate(40.0) == 1.0, "the last tenth has its end too"


def test_a_set_is_judged_by_what_was_fitted_without_it_and_by_what_was_not_fitted_with() -> None:
    rows = [
        row(0.0, Asking.OFF, held_out=True, name="a"),
        row(1.0, Asking.OFF, name="a"),
        row(2.0, Asking.ANSWERABLE, alone=True, name="a"),
        row(3.0, Asking.ANSWERABLE, name="b"),
    ]

    def fitted(given: Sequence[Row]) -> tuple[Judge, float, float]:
        return lambda one: one.score, min(one.score for one in given), 9.0

    assert judged_without(rows, fitted) == {
        "a": Judged([(rows[0], 0.0)], 3.0, 9.0),
        "b": Judged([(rows[3], 3.0)], 0.0, 9.0),
    }


def test_the_plots_name_sets_kinds_and_thresholds_in_words_on_white(tmp_path: Path) -> None:
    files = drawn(tmp_path)
    kinds, right = files[confidence.KINDS], files[confidence.RIGHT]
    assert all({"talks", "lectures"} <= set(re.findall(r">(\w+)<", text)) for text in files.values())
    assert all("fill: #ffffff" in text for text in files.values())
    assert all(f">{text}<" in kinds for text in ("off-topic, 1", "near-topic, 1", "answerable, 3", "answerable, 2"))
    assert "low from 0.18" in kinds and "high from 0.82" in kinds
    assert ">all sets<" in right and ">right first<" in right


def test_the_same_questions_give_the_same_small_files(tmp_path: Path) -> None:
    first = drawn(tmp_path / "1")
    assert first == drawn(tmp_path / "2")
    assert all(len(text) < 100_000 and "<dc:date>" not in text for text in first.values())


def test_the_page_shows_plots_that_are_there() -> None:
    page = ROOT / "benchmarks" / "RESULTS.md"
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page.read_text("utf-8"))
    assert {f"../docs/quality/{name}" for name in (confidence.KINDS, confidence.RIGHT)} <= {*shown}
    assert all((page.parent / plot).exists() for plot in shown)
