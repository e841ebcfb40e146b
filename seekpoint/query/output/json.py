"""Answers and resources as JSON, in the form of `ask --json` and of the HTTP API: a stable contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Chapter, ModelCard, Resource, ResourceStatus
from seekpoint.query.answers import (
    Answer,
    CitedSentence,
    Confidence,
    Estimate,
    Explanation,
    Moment,
    Respelling,
    Summary,
    Translation,
    Window,
)
from seekpoint.query.output import json_schema
from seekpoint.query.output.json_schema import AnswerJson

FORMS: Mapping[type, Any] = {
    Answer: json_schema.AnswerJson,
    Chapter: json_schema.ChapterJson,
    CitedSentence: json_schema.CitedSentenceJson,
    Estimate: json_schema.EstimateJson,
    Explanation: json_schema.ExplanationJson,
    ModelCard: json_schema.ModelJson,
    Moment: json_schema.MomentJson,
    Resource: json_schema.ResourceJson,
    Respelling: json_schema.RespellingJson,
    ResourceStatus: json_schema.ResourceStatusJson,
    Summary: json_schema.SummaryJson,
    Translation: json_schema.TranslationJson,
    Window: json_schema.WindowJson,
}


def to_json(answer: Answer, summary: Summary | None = None) -> AnswerJson:
    """The answer in the form of `ask --json`, with its summary if there is to be one."""
    document: AnswerJson = as_json(answer)
    document["question"] = answer.question
    if summary:
        document["summary"] = as_json(summary)
    return document


def error_json(question: str, error: str) -> AnswerJson:
    """The answer of `ask --json -` to a line that is no question, with the error."""
    return {"question": question, "answered": False, "confidence": Confidence.NONE, "moments": [], "error": error}


def as_json(value: Any) -> Any:  # noqa: ANN401
    """An object in its form: for each key its attribute of that name, an empty one only if it's required.

    Texts come without characters that turn, hide or control others, which an imported library may hold.
    """
    if form := FORMS.get(type(value)):
        kept = (name for name in form.__annotations__ if name in form.__required_keys__ or getattr(value, name, None))
        return {name: as_json(getattr(value, name)) for name in kept}
    if isinstance(value, tuple | list):
        return [as_json(each) for each in value]
    return clean(value) if isinstance(value, str) and not value.isprintable() else value
