"""How good answers are: one question judged, and many summed up. All pure; times in seconds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from seekpoint.query.answers import Moment
from seekpoint.query.evaluation.bootstrap import Interval, interval
from seekpoint.query.evaluation.question_file import Question

# A moment may start so long before the answer does, and is sharp where it starts so near to it.
EARLY = 15.0
SHARP = 15.0
DEPTH = 10
"""How many moments of an answer are looked at."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer's moments are worth; `error` is how far the first one starts from the answer, if it is right."""

    video1: bool
    moment1: bool
    moment5: bool
    reciprocal_rank: float
    sharp1: bool
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares (0 to 1) over `n` questions; median and 90th percentile of the error, in seconds, over the right ones."""

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
    """How well the library knows what it doesn't hold, over `n` questions that have no answer in it."""

    n: int
    recall: float
    precision: float | None
    lost_answers: int


def judge(question: Question, moments: Sequence[Moment]) -> Judgement:
    """Judge the first moments of an answer to a question that has one."""
    errors = [_error(question, moment) for moment in moments[:DEPTH]]
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


def _error(question: Question, moment: Moment) -> float | None:
    """The distance to the beginning of the nearest span in which a moment lands; `None` where it lands in none."""
    start = moment.start
    if start is None:
        return None
    landed = (
        abs(start - span.start)
        for span in question.spans
        if span.video_id == moment.resource.id and span.start - EARLY <= start <= span.end
    )
    return min(landed, default=None)


def figures(judgements: Sequence[Judgement]) -> Figures:
    """Sum up the judgements of one question or more."""
    errors = sorted(judgement.error for judgement in judgements if judgement.error is not None)
    first = [float(judgement.moment1) for judgement in judgements]

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(judgements)

    return Figures(
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


def abstention(unanswerable: Sequence[bool], answerable: Sequence[bool]) -> Abstention | None:
    """From whether each question was answered, those without an answer apart; `None` where there is none of them."""
    if not unanswerable:
        return None
    rightly, lost = unanswerable.count(False), answerable.count(False)
    return Abstention(
        n=len(unanswerable),
        recall=rightly / len(unanswerable),
        precision=rightly / (rightly + lost) if rightly + lost else None,
        lost_answers=lost,
    )
