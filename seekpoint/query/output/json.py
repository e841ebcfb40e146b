"""Answers and resources as JSON, in the form of `ask --json` and of the HTTP API: a stable contract."""

from __future__ import annotations

from typing import Any

from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.output import json_schema
from seekpoint.query.output.json_schema import AnswerJson


def to_json(answer: Answer, nothing: str | None = None) -> AnswerJson:
    """The answer in the form of `ask --json`, with what a reader made of it.

    `nothing` says why there are no moments, where there are none and the question excludes nothing.
    """
    document: AnswerJson = as_json(answer)
    document["question"] = answer.question
    if nothing and not (answer.moments or answer.excluded):
        document["note"] = as_json(nothing)
    if reading := answer.reading:
        document["reader"] = reading.verdict
        document["text"] = as_json(" ".join(sentence.text for sentence in reading.sentences))
        cited = ((sentence.text, citation) for sentence in reading.sentences for citation in sentence.citations)
        document["citations"] = [as_json(citation) | {"sentence": as_json(text)} for text, citation in cited]
        if reading.problem:
            document["problem"] = as_json(reading.problem)
    return document


def error_json(question: str, error: str) -> AnswerJson:
    """The answer of `ask --json -` to a line that is no question, with the error."""
    return {"question": question, "answered": False, "confidence": Confidence.NONE, "moments": [], "error": error}


def as_json(value: Any) -> Any:  # noqa: ANN401
    """An object in its form, the class of its name and `Json`: an attribute for each key, empty ones if required.

    Texts come without characters that turn, hide or control others, which an imported library may hold.
    """
    if form := getattr(json_schema, f"{type(value).__name__}Json", None):
        kept = (name for name in form.__annotations__ if name in form.__required_keys__ or getattr(value, name, None))
        return {name: as_json(getattr(value, name)) for name in kept}
    if isinstance(value, tuple | list):
        return [as_json(each) for each in value]
    return clean(value) if isinstance(value, str) and not value.isprintable() else value
