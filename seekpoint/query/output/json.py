"""Answers and resources as JSON, in the form of `ask --json` and of the HTTP API: a stable contract."""

from __future__ import annotations

from seekpoint.index.types import Resource
from seekpoint.query.answers import Answer, Doubt, Explanation, Moment


def to_json(answer: Answer) -> dict[str, object]:
    """The answer in the form of `ask --json`."""
    doubt = {"doubt": doubt_json(answer.doubt)} if answer.doubt else {}
    return {
        "question": answer.question,
        "answered": answer.answered,
        **doubt,
        "moments": [_moment_json(moment) for moment in answer.moments],
    }


def _moment_json(moment: Moment) -> dict[str, object]:
    page = {} if moment.page is None else {"page": moment.page}
    chapter = {"chapter": moment.chapter} if moment.chapter else {}
    explanation = {"explanation": explanation_json(moment.explanation)} if moment.explanation else {}
    return {
        "rank": moment.rank,
        "score": moment.score,
        "resource": resource_json(moment.resource),
        "language": moment.language,
        "start": moment.start,
        "end": moment.end,
        "timestamp": moment.timestamp,
        **page,
        **chapter,
        "quote": moment.quote,
        "link": moment.link,
        **explanation,
    }


def resource_json(resource: Resource) -> dict[str, object]:
    """A resource, as `ask`, `status` and the HTTP API print it."""
    return {
        "id": resource.id,
        "kind": resource.kind,
        "title": resource.title,
        "url": resource.url,
        "sections": [list(path) for path in resource.sections],
    }


def explanation_json(explanation: Explanation) -> dict[str, object]:
    """What `ask --explain --json` adds to a moment."""
    return {
        "meaning": explanation.meaning,
        "words": explanation.words,
        "share": explanation.share,
        "named": explanation.named,
        "stands_in": explanation.stands_in,
        "matched": list(explanation.matched),
        "translated": [{"word": word, "said": list(said)} for word, said in explanation.translated],
        "windows": [window._asdict() for window in explanation.windows],
    }


def doubt_json(doubt: Doubt) -> dict[str, object]:
    """What `ask --explain --json` adds to an answer."""
    return {"least_score": doubt.least_score, "unknown": list(doubt.unknown)}
