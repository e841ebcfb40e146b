"""Fitting the confidence: a logistic regression, monotone in each feature, and the thresholds. All pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from statistics import fmean
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]

from seekpoint.query.search.confidence import Calibration, Features

# A penalty on the squares of the weights, the features being scaled to a standard deviation of 1.
_RIDGE = 0.005
# The weight of questions that were put to one recording alone: many are near its topic, some are answered there.
_ALONE = 0.1
# Questions. A kind of a set counts in full from this many on.
_FULL = 100
_SIGNS = Features(meaning=1, unsaid=-1, unknown=-1, size=-1)
# At most these shares of answerable questions get a no: of all, and of those whose first moment is right.
_LOST, _RIGHT_LOST = 0.03, 0.02
# At most these shares of off-topic and of near-topic questions are answered with high confidence. Near-topic questions
# of a set that takes no part in the fit are up to .07 more often so.
_OFF_HIGH, _NEAR_HIGH = 0.05, 0.16


class Asking(StrEnum):
    """Whether the library answers a question, or how far it is from one that is answered."""

    ANSWERABLE = "answerable"
    NEAR = "near-topic"
    OFF = "off-topic"


@dataclass(frozen=True, slots=True)
class Row:
    """A question put to a library; `held_out` isn't fitted with. `alone` is a search in one recording only."""

    set: str
    asking: Asking
    features: Features
    score: float
    is_right: bool = False
    held_out: bool = False
    alone: bool = False


Judge = Callable[[Row], float]
"""The certainty that a question is answered, on any scale."""


class Judged(NamedTuple):
    """Questions with their certainties, and from which certainty on one is answered, and with high confidence."""

    rows: Sequence[tuple[Row, float]]
    low: float
    high: float


def fit(rows: Sequence[Row], free: Sequence[bool] = (True,) * 4) -> Calibration:
    """Fit the weights that are free, and choose the thresholds; the others are 0."""
    rows = [row for row in rows if not row.held_out]
    columns = np.array([row.features for row in rows])
    scale = columns.std(axis=0) + 1e-9
    centre = columns.mean(axis=0)
    scaled = (columns - centre) / scale
    answered = np.array([row.asking is Asking.ANSWERABLE for row in rows], float)
    importance = _importance(rows)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        logits = scaled @ parameters[1:] + parameters[0]
        error = importance * (1 / (1 + np.exp(-logits)) - answered)
        total = importance @ (np.logaddexp(0, logits) - answered * logits)
        penalty = parameters * np.array([0, *(_RIDGE,) * 4])
        return total + penalty @ parameters, np.array([error.sum(), *(error @ scaled)]) + 2 * penalty

    bounds = [(None, None)] + [
        (0, 0) if not is_free else (0, None) if sign > 0 else (None, 0)
        for sign, is_free in zip(_SIGNS, free, strict=True)
    ]
    found = minimize(loss, np.zeros(5), jac=True, bounds=bounds, method="L-BFGS-B").x
    weights = found[1:] / scale
    calibration = Calibration(float(found[0] - weights @ centre), Features(*weights.tolist()), 0, 0)
    low, high = thresholds(rows, lambda row: calibration.logit(row.features))
    return calibration._replace(low=low, high=high)


def _importance(rows: Sequence[Row]) -> np.ndarray:
    """A weight for each row: each kind of each set counts the same, and answerable questions as much as others."""
    groups: dict[tuple[str, Asking, bool], list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault((row.set, row.asking, row.alone), []).append(place)
    weights = np.zeros(len(rows))
    for (_, _, alone), places in groups.items():
        weights[places] = min(len(places), _FULL) / len(places) * (_ALONE if alone else 1)
    answered = np.array([row.asking is Asking.ANSWERABLE for row in rows])
    for side in (answered, ~answered):
        weights[side] /= weights[side].sum()
    return weights


def thresholds(rows: Iterable[Row], judge: Judge) -> tuple[float, float]:
    """From which certainty on a question is answered, and from which with high confidence."""
    judged = [(row, judge(row)) for row in rows if not row.alone]
    candidates = sorted({certainty for _, certainty in judged})

    def share(asking: Asking, test: Callable[[float], bool], *, right: bool = False) -> float:
        return mean_share([(row, test(one)) for row, one in judged if row.asking is asking and row.is_right >= right])

    def loses_little(least: float) -> bool:
        lost = share(Asking.ANSWERABLE, lambda one: one < least)
        return lost <= _LOST and share(Asking.ANSWERABLE, lambda one: one < least, right=True) <= _RIGHT_LOST

    def claims_little(least: float) -> bool:
        claimed = share(Asking.OFF, lambda one: one >= least)
        return claimed <= _OFF_HIGH and share(Asking.NEAR, lambda one: one >= least) <= _NEAR_HIGH

    low = candidates[_last(candidates, loses_little)]
    high = candidates[min(_last(candidates, lambda least: not claims_little(least)) + 1, len(candidates) - 1)]
    return low, max(low, high)


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
