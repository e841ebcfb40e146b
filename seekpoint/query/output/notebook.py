"""An answer, a moment and a resource as HTML for a notebook. All pure."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import Resource, to_html
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links.timestamps import is_openable, timestamp
from seekpoint.query.output.terminal import no_answer


def answer_html(answer: Answer) -> str:
    """The question with its moments, best first."""
    said = "" if answer.answered else f"<p>{no_answer(answer)}</p>"
    items = "".join(f"<li>{moment_html(moment)}</li>" for moment in answer.moments)
    listed = f"<ol>{items}</ol>" if items else ""
    return f"<div><p><b>{_safe(answer.question)}</b></p>{said}{listed}</div>"


def moment_html(moment: Moment) -> str:
    """The title, which opens the place, with what is said there."""
    title = _linked(moment.resource.title, moment.link)
    return f"<div>{title} · {' · '.join(_place(moment))}{_sections(moment.resource)}{_quote(moment)}</div>"


def resource_html(resource: Resource) -> str:
    """The title, which opens it, with what it is and where it stands."""
    return f"<div>{_linked(resource.title, resource.url)} · {_safe(resource.kind)}{_sections(resource)}</div>"


def _linked(title: str, address: str) -> str:
    shown = _safe(title) or _safe(address)
    if not is_openable(address):
        return shown
    return f'<a href="{escape(printable(address))}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _place(moment: Moment) -> Iterator[str]:
    if moment.start is not None:
        yield timestamp(moment.start) or ""
    if moment.page is not None:
        yield f"p. {moment.page}"
    yield _safe(moment.language)
    if moment.chapter:
        yield f"in: {_safe(moment.chapter)}"


def _sections(resource: Resource) -> str:
    return "".join(f"<br><small>{_safe(' › '.join(path))}</small>" for path in resource.sections if path)


def _quote(moment: Moment) -> str:
    parts, done = [], 0
    for start, stop in moment.marks:
        parts += [_raw(moment.quote[done:start]), f"<mark>{_raw(moment.quote[start:stop])}</mark>"]
        done = stop
    said = "".join([*parts, _raw(moment.quote[done:])])
    return f'<blockquote lang="{_safe(moment.language)}" dir="auto">{said}</blockquote>'


def _safe(text: str) -> str:
    return escape(clean(text))


def _raw(text: str) -> str:
    """A part of a text, whose white space stays."""
    return escape(printable(text))


to_html.register(Answer, answer_html)
to_html.register(Moment, moment_html)
to_html.register(Resource, resource_html)
