"""The confidence benchmark: what it counts, and what judges a set."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.calibration import Asking, Judge, Row, judged_by
from benchmarks.confidence import Bin, Judged, curve, judged_without, right_by_estimate, shares_below
from seekpoint.query.search.confidence import Features


def row(certainty: float, asking: Asking, name: str = "talks", *, right: bool = False, **kinds: bool) -> Row:
    features = Features(certainty, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Row(name, asking, features, certainty, right, kinds.get("held_out", False), kinds.get("alone", False))


def score(one: Row) -> float:
    return one.score


def judged(*rows: Row) -> Judged:
    return Judged(rows, Judge(score, score, low=0.2, high=0.8))


TALKS = judged(
    row(0.05, Asking.OFF, held_out=True),
    row(0.52, Asking.NEAR),
    row(0.48, Asking.ANSWERABLE),
    row(0.95, Asking.ANSWERABLE, right=True),
    row(0.96, Asking.ANSWERABLE),
)
LECTURE_ROWS = judged(row(0.95, Asking.ANSWERABLE, right=True), row(1.0, Asking.ANSWERABLE, right=True))


def test_a_share_is_of_the_estimates_below_a_limit_and_answerable_questions_alone_are_counted_by_tenths() -> None:
    assert shares_below([0.2, 0.4, 0.4, 0.9], [0.0, 0.2, 0.4, 0.41, 1.0]) == [0.0, 0.0, 0.25, 0.75, 1.0]
    bins = right_by_estimate([TALKS])
    assert len(bins) == 10
    assert bins[4] == Bin(1, 0) and bins[9] == Bin(2, 1) and sum(one.questions for one in bins) == 3
    assert right_by_estimate([TALKS, LECTURE_ROWS])[9] == Bin(4, 3), "the last tenth has its end too"


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
