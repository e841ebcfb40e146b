"""Asks the questions of an evaluation, judges the answers, and summarises them by language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from seekpoint.index.errors import UsageError
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.evaluation.metrics import Abstention, Judgement, Metrics, judge, mean_metrics, measure_abstention
from seekpoint.query.evaluation.question_file import Question

ALL = "all"


@dataclass(frozen=True, slots=True)
class EvaluatedQuestion:
    """A question and its judgement, which is `None` for a question that has no answer in the library."""

    id: str
    question: str
    direction: str
    answered: bool
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The metrics of a run: over all questions and by direction, such as `zh->en` (Chinese question, English video)."""

    rows: tuple[EvaluatedQuestion, ...]
    groups: dict[str, Metrics]
    abstention: Abstention | None


def evaluate(
    questions: Iterable[Question], answer: Callable[[str], Answer], language_of: Callable[[str], str]
) -> Evaluation:
    """Ask the questions and judge the answers.

    `language_of` gives the language of a video by its id, for questions whose file doesn't say it.
    """
    rows = tuple(_evaluated(question, _ask(question.text, answer), language_of) for question in questions)
    judgements: dict[str, list[Judgement]] = {}
    for row in rows:
        if row.judgement:
            for group in (ALL, row.direction):
                judgements.setdefault(group, []).append(row.judgement)
    return Evaluation(
        rows=rows,
        groups={group: mean_metrics(members) for group, members in sorted(judgements.items())},
        abstention=measure_abstention(
            [row.answered for row in rows if row.judgement is None], [row.answered for row in rows if row.judgement]
        ),
    )


def _ask(text: str, answer: Callable[[str], Answer]) -> Answer:
    """The answer to a question; an empty question counts as unanswered, as in `ask -`."""
    try:
        return answer(text)
    except UsageError:
        return Answer(text, Confidence.NONE, ())


def _evaluated(question: Question, answer: Answer, language_of: Callable[[str], str]) -> EvaluatedQuestion:
    language = question.language or "?"
    if not question.spans:
        return EvaluatedQuestion(question.id, question.text, f"{language}->", answer.answered, None)
    direction = f"{language}->{question.video_language or language_of(question.spans[0].video_id) or '?'}"
    judgement = judge(question, answer.moments)
    return EvaluatedQuestion(question.id, question.text, direction, answer.answered, judgement)
