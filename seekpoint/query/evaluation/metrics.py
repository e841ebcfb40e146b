"""The metrics of an evaluation: the judgement of one answer, and means over many. All pure; times in seconds."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from seekpoint.query.answers import Moment
from seekpoint.query.evaluation.question_file import Question

# A moment is right from EARLY seconds before the answer starts, and sharp within SHARP seconds of that start.
EARLY = 15.0
SHARP = 15.0
DEPTH = 10
"""How many moments of an answer are judged."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Which of an answer's moments are right.

    `error` is the distance in seconds from the first moment to the start of the answer, if that moment is right.
    """

    video1: bool
    moment1: bool
    moment5: bool
    reciprocal_rank: float
    sharp1: bool
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Means (0 to 1) over `n` questions; median and 90th percentile of the error over the right ones, in seconds."""

    n: int
    video1: float
    moment1: float
    moment1_interval: Interval
    moment5: float
    mrr10: float
    sharp1: float
    error_median: float | None
    error_p90: float | None


@dataclass(frozen=True, slots=True)
class Abstention:
    """Precision and recall of "no answer here", over `n` questions that have no answer in the library."""

    n: int
    recall: float
    precision: float | None
    lost_answers: int


def judge(question: Question, moments: Sequence[Moment]) -> Judgement:
    """Judge the first moments of an answer to a question that has an answer in the library."""
    # The distance from each moment to the start of the nearest span that it lands in.
    errors: list[float | None] = []
    for moment in moments[:DEPTH]:
        start = inf if moment.start is None else moment.start
        spans = [span for span in question.spans if span.video_id == moment.resource.id]
        distances = [abs(start - span.start) for span in spans if span.start - EARLY <= start <= span.end]
        errors.append(min(distances, default=None))
    ranks = [rank for rank, error in enumerate(errors, 1) if error is not None]
    first = errors[0] if errors else None
    return Judgement(
        video1=bool(moments) and any(span.video_id == moments[0].resource.id for span in question.spans),
        moment1=first is not None,
        moment5=any(rank <= 5 for rank in ranks),
        reciprocal_rank=1 / ranks[0] if ranks else 0.0,
        sharp1=first is not None and first <= SHARP,
        error=first,
    )


def mean_metrics(judgements: Sequence[Judgement]) -> Metrics:
    """Summarise the judgements of one question or more."""
    errors = sorted(judgement.error for judgement in judgements if judgement.error is not None)
    first = [float(judgement.moment1) for judgement in judgements]

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(judgements)

    return Metrics(
        n=len(judgements),
        video1=mean([judgement.video1 for judgement in judgements]),
        moment1=mean(first),
        moment1_interval=interval(first),
        moment5=mean([judgement.moment5 for judgement in judgements]),
        mrr10=mean([judgement.reciprocal_rank for judgement in judgements]),
        sharp1=mean([judgement.sharp1 for judgement in judgements]),
        error_median=statistics.median(errors) if errors else None,
        error_p90=errors[int(len(errors) * 0.9)] if errors else None,
    )


def measure_abstention(unanswerable: Sequence[bool], answerable: Sequence[bool]) -> Abstention | None:
    """Measure abstention from whether each question was answered; `None` if every question has an answer."""
    if not unanswerable:
        return None
    right, lost = unanswerable.count(False), answerable.count(False)
    return Abstention(
        n=len(unanswerable),
        recall=right / len(unanswerable),
        precision=right / (right + lost) if right + lost else None,
        lost_answers=lost,
    )


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
