"""Fitting the confidence: a logistic regression, monotone in each feature, and the thresholds. All pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from statistics import fmean
from typing import NamedTuple

import numpy as np

from benchmarks.question_sets import SHORT
from seekpoint.query.search.confidence import Calibration, Features, Logit

# A penalty on the squares of the weights, the features being scaled to a standard deviation of 1.
_RIDGE = 0.005
# The weight of questions that were put to one recording alone: many are near its topic, some are answered there.
_ALONE = 0.1
# Questions. A kind of a set counts in full from this many on.
_FULL = 100
# The sign of each feature's weight in a logit; 0 for one that has none.
_OF_ANSWERED = Features(meaning=1, unsaid=-1, unknown=-1, size=-1, ahead=0, together=0, noted=1)
_OF_RIGHT = Features(meaning=0, unsaid=0, unknown=0, size=0, ahead=1, together=1, noted=1)
# At most these shares of answerable questions get a no: of all, and of those whose first moment is right.
_LOST, _RIGHT_LOST = 0.03, 0.02
# At least this share of the answerable questions with high confidence has a right first moment, as the mean of the
# sets but for short forms and BRIEF, and at most these shares of off-topic and of near-topic questions get it.
_RIGHT, _OFF_HIGH, _NEAR_HIGH = 0.78, 0.01, 0.05
BRIEF = "tutorialvqa"
"""The set whose answers last some seconds: however certain its first moments are, half of them are right."""


class Asking(StrEnum):
    """Whether the library answers a question, or how far it is from one that is answered."""

    ANSWERABLE = "answerable"
    NEAR = "near-topic"
    OFF = "off-topic"


@dataclass(frozen=True, slots=True)
class Row:
    """A question put to a library; `held_out` isn't fitted with. `alone` is a search in one recording only.

    `is_capped` has a word that nothing mentions, with which the confidence isn't high.
    """

    set: str
    asking: Asking
    features: Features
    score: float
    is_right: bool = False
    held_out: bool = False
    alone: bool = False
    is_capped: bool = False


Certainty = Callable[[Row], float]
"""How certain it is that a question is answered, or that its first moment is right, on any scale."""


class Judge(NamedTuple):
    """The certainties that a question is answered and its first moment right, and their thresholds."""

    answered: Certainty
    right: Certainty
    low: float
    high: float

    def is_none(self, row: Row) -> bool:
        """Whether the answer says that nothing answers."""
        return self.answered(row) < self.low

    def is_high(self, row: Row) -> bool:
        """Whether the confidence is high."""
        return not self.is_none(row) and self.right(row) >= self.high


def fit(rows: Sequence[Row], by_meaning: bool = True) -> Calibration:
    """Fit both logits, with or without what depends on the scale of cosines, and choose the thresholds."""
    rows = [row for row in rows if not row.held_out]
    answerable = [row for row in rows if row.asking is Asking.ANSWERABLE]
    answered = _logit(
        rows, [row.asking is Asking.ANSWERABLE for row in rows], _OF_ANSWERED._replace(meaning=by_meaning)
    )
    right = _logit(answerable, [row.is_right for row in answerable], _OF_RIGHT._replace(ahead=int(by_meaning)))
    calibration = Calibration(answered, right, 0.0, 0.0)
    judge = judged_by(rows, *certainties(calibration))
    return calibration._replace(low=judge.low, high=judge.high)


def certainties(calibration: Calibration) -> tuple[Certainty, Certainty]:
    """Both probabilities; that the first moment is right is 0 where the confidence isn't high anyway."""

    def answered(row: Row) -> float:
        return calibration.probabilities(row.features)[0]

    def right(row: Row) -> float:
        return 0.0 if row.is_capped else calibration.probabilities(row.features)[1]

    return answered, right


def _logit(rows: Sequence[Row], holds: Sequence[bool], signs: Features) -> Logit:
    """Fit the weights that have a sign; the others are 0."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # which takes long to load

    columns = np.array([row.features for row in rows])
    scale = columns.std(axis=0) + 1e-9
    centre = columns.mean(axis=0)
    scaled = (columns - centre) / scale
    holding = np.array(holds, float)
    importance = _importance(rows)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        logits = scaled @ parameters[1:] + parameters[0]
        error = importance * (1 / (1 + np.exp(-logits)) - holding)
        total = importance @ (np.logaddexp(0, logits) - holding * logits)
        penalty = parameters * np.array([0, *(_RIDGE,) * len(signs)])
        return total + penalty @ parameters, np.array([error.sum(), *(error @ scaled)]) + 2 * penalty

    bounds = [(None, None)] + [(0 if sign >= 0 else None, 0 if sign <= 0 else None) for sign in signs]
    found = minimize(loss, np.zeros(len(bounds)), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[1:] / scale
    return Logit(float(found[0] - weights @ centre), Features(*weights.tolist()))


def _importance(rows: Sequence[Row]) -> np.ndarray:
    """A weight for each row: each kind of each set counts the same, and answerable questions as much as others."""
    groups: dict[tuple[str, Asking, bool], list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault((row.set, row.asking, row.alone), []).append(place)
    weights = np.zeros(len(rows))
    for (_, _, alone), places in groups.items():
        weights[places] = min(len(places), _FULL) / len(places) * (_ALONE if alone else 1)
    answered = np.array([row.asking is Asking.ANSWERABLE for row in rows])
    for side in filter(np.any, (answered, ~answered)):
        weights[side] /= weights[side].sum()
    return weights


def judged_by(rows: Iterable[Row], answered: Certainty, right: Certainty) -> Judge:
    """Choose the thresholds of two certainties: as few lost as may be, and as many high ones as are right."""
    rows = [row for row in rows if not row.alone and not row.set.endswith(SHORT)]
    judged = [row for row in rows if row.asking is Asking.ANSWERABLE and row.set != BRIEF]

    def share(asking: Asking, test: Callable[[Row], bool], *, right: bool = False) -> float:
        return mean_share([(row, test(row)) for row in rows if row.asking is asking and row.is_right >= right])

    def loses_little(least: float) -> bool:
        lost = share(Asking.ANSWERABLE, lambda row: answered(row) < least)
        return lost <= _LOST and share(Asking.ANSWERABLE, lambda row: answered(row) < least, right=True) <= _RIGHT_LOST

    def claims_little(least: float) -> bool:
        claimed = share(Asking.OFF, lambda row: right(row) >= least)
        return claimed <= _OFF_HIGH and share(Asking.NEAR, lambda row: right(row) >= least) <= _NEAR_HIGH

    def is_mostly_right(least: float) -> bool:
        claimed = [row for row in judged if right(row) >= least]
        return mean_share([(row, row.is_right) for row in claimed]) >= _RIGHT

    candidates = sorted(map(answered, rows))
    low = candidates[_last(candidates, loses_little)]
    candidates = sorted({right(row) for row in rows})
    first = min(_last(candidates, lambda least: not claims_little(least)) + 1, len(candidates) - 1)
    return Judge(answered, right, low, next(filter(is_mostly_right, candidates[first:]), candidates[-1]))


def _last(candidates: Sequence[float], holds: Callable[[float], bool]) -> int:
    """The place of the last of the ascending candidates for which a falling condition holds, or 0."""
    first, stop = 0, len(candidates)
    while stop - first > 1:
        middle = (first + stop) // 2
        first, stop = (middle, stop) if holds(candidates[middle]) else (first, middle)
    return first


def mean_share(judged: Sequence[tuple[Row, bool]]) -> float:
    """The share of rows that pass, as the mean over the sets; 0 without rows."""
    by_set = groupby(sorted(judged, key=lambda one: one[0].set), key=lambda one: one[0].set)
    return fmean([fmean(passed for _, passed in group) for _, group in by_set] or [0.0])
