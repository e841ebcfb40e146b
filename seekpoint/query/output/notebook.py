"""Answers, moments and resources as HTML for a notebook. All pure."""

from __future__ import annotations

from html import escape

from seekpoint.index.text.clean import clean, printable, without_passwords
from seekpoint.index.types import Resource, to_html
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.output.terminal import known_language, positions, quote_parts, verdict
from seekpoint.safe_links import is_openable


def answer_html(answer: Answer) -> str:
    """The question and its moments, best first."""
    note = f"<p>{escape(line)}</p>" if (line := verdict(answer)) else ""
    read = "".join(
        f"{_escaped(said.text)} {''.join(_linked_title(f'[{each.moment}]', each.link) for each in said.citations)} "
        for said in (answer.reading.sentences if answer.reading else ())
    )
    note += f"<p>{read}</p>" if read else ""
    items = "".join(f"<li>{moment_html(moment)}</li>" for moment in answer.moments)
    moments = f"<ol>{items}</ol>" if items else ""
    return f"<div><p><b>{_escaped(answer.question)}</b></p>{note}{moments}</div>"


def moment_html(moment: Moment) -> str:
    """The title as a link to the place, the position, the headings and the quote."""
    title = _linked_title(moment.resource.title, moment.link)
    chapter = [f"in: {_escaped(moment.chapter)}"] if moment.chapter else []
    place = " · ".join([title, *positions(moment), *map(_escaped, known_language(moment)), *chapter])
    parts = ((escape(printable(text)), is_match) for text, is_match in quote_parts(moment))
    said = "".join(f"<mark>{text}</mark>" if is_match else text for text, is_match in parts)
    name = f"{_escaped(moment.speaker)}: " if moment.speaker else ""
    quote = f'<blockquote lang="{_escaped(moment.language)}" dir="auto">{name}{said}</blockquote>'
    return f"<div>{place}{_sections(moment.resource)}{quote}</div>"


def resource_html(resource: Resource) -> str:
    """The title as a link to the resource, its kind and its headings."""
    title = _linked_title(resource.title, without_passwords(resource.url))
    return f"<div>{title} · {_escaped(resource.kind)}{_sections(resource)}</div>"


def _linked_title(title: str, address: str) -> str:
    text = _escaped(title) or _escaped(address)
    if not is_openable(address):
        return text
    return f'<a href="{escape(printable(address))}" target="_blank" rel="noopener noreferrer">{text}</a>'


def _sections(resource: Resource) -> str:
    return "".join(f"<br><small>{_escaped(' › '.join(path))}</small>" for path in resource.sections if path)


def _escaped(text: str) -> str:
    return escape(clean(text))


to_html.register(Answer, answer_html)
to_html.register(Moment, moment_html)
to_html.register(Resource, resource_html)
