"""The result of the tool `ask`: the moments, their quotes shortened so that all fit, and links to the transcripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.mcp.results import (
    MOST_TOKENS,
    FoundAnswer,
    FoundMoment,
    address,
    fitting,
    place,
    quotable,
    section,
    size,
    title,
)
from seekpoint.query.mcp.transcript_links import transcript_link
from seekpoint.query.token_budget import tokens

NOT_ANSWERED = (
    "Nothing in this library answers that. These are only the nearest passages: don't present them as an answer."
)
MAY_NOT_ANSWER = "These passages are near the question, and may not answer it: read them before you rely on them."
_NOTES = {Confidence.NONE: NOT_ANSWERED, Confidence.LOW: MAY_NOT_ANSWER}
NOTHING_FOUND = "Nothing that is indexed passes these filters, or nothing is indexed yet: `status` tells which."
ALL_EXCLUDED = "All that is near has what the question excludes: ask without the minus."

# Tokens of a word, a phrase, headings and a quote.
_WORD, _PHRASE, _HEADINGS = 15, 30, 40
_LEAST_QUOTE = 40
_MOST_WORDS, _MOST_PHRASES = 8, 4


def found_answer(answer: Answer, positions: Mapping[int, float], lacking: str | None = None) -> FoundAnswer:
    """The answer, with quotes shortened so that it fits.

    `positions` are `at` for moments of texts, by rank; `lacking` is what the library doesn't have of the filters.
    """
    moments = [_found_moment(moment, positions.get(moment.rank, moment.start)) for moment in answer.moments]
    result = FoundAnswer(
        answered=answer.answered,
        confidence=answer.confidence,
        unknown=[quotable(word, _WORD) for word in answer.unknown[:_MOST_WORDS]] or None,
        respelled={quotable(word, _WORD): quotable(meant, _WORD) for word, meant in answer.respelled[:_MOST_WORDS]}
        or None,
        missing=[quotable(phrase, _PHRASE) for phrase in answer.missing[:_MOST_PHRASES]] or None,
        excluded=[quotable(phrase, _PHRASE) for phrase in answer.excluded[:_MOST_PHRASES]] or None,
        nearer=answer.nearer or None,
        note=_NOTES.get(answer.confidence) if moments else _why_nothing(answer, lacking),
        moments=[],
    )
    budget = MOST_TOKENS - size(result)
    result.moments = fitting(moments, budget - _LEAST_QUOTE * len(moments), _with_link) or fitting(
        moments, budget - _LEAST_QUOTE, _with_link
    )
    result.left_out = len(moments) - len(result.moments) or None
    _quote(result.moments, answer.moments, budget - sum(map(_with_link, result.moments)))
    return result


def _why_nothing(answer: Answer, lacking: str | None) -> str:
    return ALL_EXCLUDED if answer.excluded else lacking or NOTHING_FOUND


def _with_link(moment: FoundMoment) -> float:
    """The tokens of a moment and of the link to its transcript."""
    return size(moment) + size(transcript_link(moment))


def _quote(shown: Sequence[FoundMoment], moments: Sequence[Moment], budget: float) -> None:
    """Fill in the quotes, shortened to so many tokens together."""
    for k, (each, moment) in enumerate(zip(shown, moments, strict=False)):
        each.quote = quotable(moment.quote, budget / (len(shown) - k))
        budget -= tokens(json.dumps(each.quote, ensure_ascii=False))


def _found_moment(moment: Moment, at: float | None) -> FoundMoment:
    return FoundMoment(
        title=title(moment.resource),
        kind=moment.resource.kind,
        resource=moment.resource.id,
        section=section(moment.resource),
        chapter=quotable(moment.chapter, _HEADINGS) if moment.chapter else None,
        place=place(moment.start, moment.page),
        at=at,
        language=moment.language,
        quote="",
        link=address(moment.link) or address(moment.resource.url),
    )
