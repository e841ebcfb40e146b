"""An answer as text for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import Resource
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links.timestamps import timestamp
from seekpoint.query.output import reasons

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def to_json(answer: Answer) -> dict[str, object]:
    """The answer in the form of `ask --json`, a stable contract."""
    doubt = {"doubt": reasons.doubt_json(answer.doubt)} if answer.doubt else {}
    return {
        "question": answer.question,
        "answered": answer.answered,
        **doubt,
        "moments": [_moment_json(moment) for moment in answer.moments],
    }


def _moment_json(moment: Moment) -> dict[str, object]:
    chapter = {"chapter": moment.chapter} if moment.chapter else {}
    page = {} if moment.page is None else {"page": moment.page}
    why = {"explanation": reasons.to_json(moment.explanation)} if moment.explanation else {}
    return {
        "rank": moment.rank,
        "score": moment.score,
        "resource": resource_json(moment.resource),
        "language": moment.language,
        "start": moment.start,
        "end": moment.end,
        "timestamp": timestamp(moment.start),
        **page,
        **chapter,
        "quote": moment.quote,
        "link": moment.link,
        **why,
    }


def resource_json(resource: Resource) -> dict[str, object]:
    """A resource as every JSON output has it."""
    return {
        "id": resource.id,
        "kind": resource.kind,
        "title": resource.title,
        "url": resource.url,
        "sections": [list(path) for path in resource.sections],
    }


def no_answer(answer: Answer) -> str:
    """What is said above the moments of an answer that is none."""
    return f"Nothing here answers that{'; nearest:' if answer.moments else '.'}"


def to_text(answer: Answer, *, styled: bool) -> str:
    """The answer for reading; `styled` for a terminal that shows bold text and clickable links."""
    if not answer.moments:
        return no_answer(answer)
    parts = [] if answer.answered else [no_answer(answer)]
    parts += ["\n".join(_lines(moment, styled)) for moment in answer.moments]
    if answer.doubt:
        parts.append(reasons.doubt_text(answer.doubt))
    return "\n\n".join(parts)


def _lines(moment: Moment, styled: bool) -> Iterator[str]:
    resource = moment.resource
    page = None if moment.page is None else f"p. {moment.page}"
    place = " · ".join(part for part in (timestamp(moment.start), page, moment.language) if part)
    yield f"{moment.rank}. {_style(clean(resource.title), _BOLD, styled)}  {place}"
    for path in resource.sections:
        yield f"   {_style(' › '.join(clean(heading) for heading in path), _DIM, styled)}"
    if moment.chapter:
        yield f"   in: {_emphasised(clean(moment.chapter), styled)}"
    yield f"   “{_marked(moment, styled)}”"
    yield f"   {_clickable(printable(moment.link), styled)}"
    if moment.explanation:
        for line in reasons.to_lines(moment.score, moment.explanation):
            yield f"   {_style(line, _DIM, styled)}"


def _marked(moment: Moment, styled: bool) -> str:
    """The quote with its matches emphasised."""
    parts, done = [], 0
    for start, stop in moment.marks:
        parts += [printable(moment.quote[done:start]), _emphasised(printable(moment.quote[start:stop]), styled)]
        done = stop
    return "".join([*parts, printable(moment.quote[done:])])


def _emphasised(text: str, styled: bool) -> str:
    """The text in bold, or between asterisks where there is no bold."""
    return f"{_BOLD}{text}{_RESET}" if styled else f"*{text}*"


def _style(text: str, code: str, styled: bool) -> str:
    return f"{code}{text}{_RESET}" if styled else text


def _clickable(address: str, styled: bool) -> str:
    """The OSC 8 escape sequence makes the address a link; terminals that don't know it show the text alone."""
    return f"\x1b]8;;{address}\x1b\\{address}\x1b]8;;\x1b\\" if styled else address
