"""Asks the questions of an evaluation, judges the answers, and summarises them by language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from seekpoint.files import parsed_json, read_text
from seekpoint.index.errors import SourceError, UsageError
from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.evaluation.metrics import Abstention, Judgement, Metrics, judge, mean_metrics, measure_abstention

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


_FORM = '{"question": "…", "video_id": "…", "spans": [[start, end], …]}'


class AnswerSpan(NamedTuple):
    """Where a video answers a question, in seconds."""

    video_id: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Question:
    """A question; without spans it has no answer in the library. Languages are empty if the file doesn't say them."""

    id: str
    text: str
    language: str
    video_language: str
    spans: tuple[AnswerSpan, ...]


def read_questions(path: Path) -> list[Question]:
    """Read a question file; raises SourceError."""
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not in UTF-8"
        raise SourceError(f"can't read the questions in {path}: {reason}") from error
    questions = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                questions.append(_question(parsed_json(line), str(number)))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise SourceError(
                    f"{clean(str(path))}, line {number}: a question is a line of JSON, {_FORM}"
                ) from error
    if not questions:
        raise SourceError(f"{clean(str(path))}: no questions in it; one is a line of JSON, {_FORM}")
    return questions


def _question(row: dict[str, Any], number: str) -> Question:
    text = row["question"]
    if not isinstance(text, str) or not clean(text):
        raise ValueError("no words")
    spans = () if row["video_id"] is None else tuple(_spans(row))
    names = (clean(str(row.get(key, default))) for key, default in (("qid", number), ("qlang", ""), ("vlang", "")))
    question_id, language, video_language = names
    return Question(question_id, clean(text), language, video_language, spans)


def _spans(row: dict[str, Any]) -> Iterator[AnswerSpan]:
    """The spans of a row and of its `also`; `start` and `end` may stand for a single span."""
    for source in (row, *row.get("also", ())):
        for start, end in source.get("spans") or [[source["start"], source["end"]]]:
            yield AnswerSpan(clean(str(source["video_id"])), _seconds(start), _seconds(end))


def _seconds(value: str | float) -> float:
    try:
        seconds = float(value)
    except OverflowError as error:
        raise ValueError("no time") from error
    if not isfinite(seconds):
        raise ValueError("no time")
    return seconds
