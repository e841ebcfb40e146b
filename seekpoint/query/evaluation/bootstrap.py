"""How sure a figure is: intervals from resampled questions (Efron's percentile bootstrap), with a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

_RESAMPLES = 1000
# Of 1000 means in order, where the middle 95 % of them begin and end.
_FIRST, _LAST = 25, 975


class Interval(NamedTuple):
    """Where the mean lies in 95 of 100 resamples."""

    low: float
    high: float


def interval(values: Sequence[float]) -> Interval:
    """The interval of the mean of one value or more."""
    chance = random.Random(0)
    means = sorted(sum(chance.choice(values) for _ in values) / len(values) for _ in range(_RESAMPLES))
    return Interval(means[_FIRST], means[_LAST])


class Difference(NamedTuple):
    """How much the mean rose from one system to the other, and where that lies in 95 of 100 resamples."""

    mean: float
    interval: Interval

    @property
    def is_resolved(self) -> bool:
        """Whether it is more than chance."""
        return self.interval.low > 0 or self.interval.high < 0


def difference(before: Sequence[float], after: Sequence[float]) -> Difference:
    """Compare two systems on the same questions, one value or more of each, pair by pair."""
    rises = [new - old for old, new in zip(before, after, strict=True)]
    return Difference(sum(rises) / len(rises), interval(rises))
