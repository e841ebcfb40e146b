"""The questions that a language model noted of a resource, as text, as Markdown and as JSON. All pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Resource
from seekpoint.query.links import link, page_label, text_link, timestamp
from seekpoint.query.noted_questions import AnsweredQuestion
from seekpoint.query.output.exports import escaped, linked
from seekpoint.query.output.json import as_json
from seekpoint.query.output.terminal import chapter_text, clickable, title_text, wrapped


def to_text(resource: Resource, asked: Iterable[AnsweredQuestion], *, styled: bool, width: int | None) -> str:
    """For a terminal: each after the time or page of its answer."""
    blocks = [wrapped(title_text(resource, styled=styled), width)]
    for title, group in groupby(asked, attrgetter("chapter")):
        lines = wrapped(chapter_text(title, styled=styled), width) if title else []
        for each in group:
            place = clickable(_place(resource, each), _address(resource, each) if styled else "")
            lines += wrapped(f"{place}  {clean(each.question.text)}".strip(), width, "", "   ")
        blocks.append(lines)
    return "\n\n".join(map("\n".join, blocks))


def to_markdown(resource: Resource, asked: Iterable[AnsweredQuestion]) -> str:
    """As a part of a FAQ: a list of links under headings."""
    blocks = [f"## {escaped(clean(resource.title) or '…')}"]
    for title, group in groupby(asked, attrgetter("chapter")):
        blocks += [f"### {escaped(clean(title))}"] if title else []
        links = (
            (linked(clean(each.question.text), _address(resource, each)), _place(resource, each)) for each in group
        )
        blocks.append("\n".join(f"- {to} {place}".rstrip() for to, place in links))
    return "\n\n".join(blocks)


def to_json(resource: Resource, asked: Iterable[AnsweredQuestion]) -> Iterator[dict[str, Any]]:
    """An object for each; `start` is null for what is read."""
    about = {"resource": resource.id, "title": resource.title}
    for each in asked:
        (start, language, text), to = each.question, _address(resource, each)
        row = about | {"chapter": each.chapter, "start": start if resource.kind.plays else None, "page": each.cue.page}
        yield {name: as_json(value) for name, value in (row | {"language": language, "text": text, "link": to}).items()}


def _place(resource: Resource, asked: AnsweredQuestion) -> str:
    if resource.kind.plays:
        return timestamp(asked.question.start) or ""
    return page_label(resource.kind, asked.cue.page) if asked.cue.page else ""


def _address(resource: Resource, asked: AnsweredQuestion) -> str:
    return link(resource, asked.question.start) if resource.kind.plays else text_link(resource, asked.cue)
