"""Question files: questions, and the spans that answer them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from seekpoint.files import parsed_json, read_text
from seekpoint.index.errors import SourceError
from seekpoint.index.text.clean import clean

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
            except (ValueError, OverflowError, TypeError, KeyError, AttributeError) as error:
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
    spans = []
    for source in () if row["video_id"] is None else (row, *row.get("also", ())):
        for start, end in source.get("spans") or [[source["start"], source["end"]]]:  # which may stand for a single one
            spans.append(AnswerSpan(clean(str(source["video_id"])), _seconds(start), _seconds(end)))
    names = (clean(str(row.get(key, default))) for key, default in (("qid", number), ("qlang", ""), ("vlang", "")))
    question_id, language, video_language = names
    return Question(question_id, clean(text), language, video_language, tuple(spans))


def _seconds(value: str | float) -> float:
    seconds = float(value)
    if not isfinite(seconds):
        raise ValueError("no time")
    return seconds
