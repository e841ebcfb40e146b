"""Confidence intervals by Efron's percentile bootstrap: questions are resampled, with a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

_RESAMPLES = 1000
# The middle 95 % of the 1,000 sorted means begin and end here.
_FIRST, _LAST = 25, 975


class Interval(NamedTuple):
    """The bounds of the mean in 95 of 100 resamples."""

    low: float
    high: float


def interval(values: Sequence[float]) -> Interval:
    """The confidence interval of the mean of one value or more."""
    generator = random.Random(0)
    means = sorted(sum(generator.choice(values) for _ in values) / len(values) for _ in range(_RESAMPLES))
    return Interval(means[_FIRST], means[_LAST])


class Difference(NamedTuple):
    """How much a mean differs between two runs, with its confidence interval."""

    mean: float
    interval: Interval

    @property
    def is_resolved(self) -> bool:
        """Whether the interval excludes 0, so that the difference is more than chance."""
        return self.interval.low > 0 or self.interval.high < 0


def difference(before: Sequence[float], after: Sequence[float]) -> Difference:
    """The mean difference of two runs on the same questions, pair by pair."""
    changes = [new - old for old, new in zip(before, after, strict=True)]
    return Difference(sum(changes) / len(changes), interval(changes))
