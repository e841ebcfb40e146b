"""A digest as text, Markdown, HTML and RSS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from seekpoint.index.text.clean import clean, counted, text_digest
from seekpoint.index.types import place_of
from seekpoint.query.answers import Moment
from seekpoint.query.output.exports import escaped, item
from seekpoint.query.output.notebook import moment_html
from seekpoint.query.output.terminal import moment_lines, positions, wrapped
from seekpoint.safe_links import is_openable

if TYPE_CHECKING:
    from seekpoint.query.digest import Digest, News

TITLE = "New on kept questions"


def to_text(digest: Digest, *, styled: bool, width: int | None) -> str:
    """For a terminal: the moments of each question as `ask` prints them."""
    blocks = []
    for news in _answered(digest):
        blocks.append("\n".join(wrapped(f"{heading(news, digest)}:", width)))
        blocks += ["\n".join(moment_lines(moment, styled, width)) for moment in news.moments]
    return "\n\n".join(blocks) or "\n".join(wrapped(nothing_new(digest), width))


def to_markdown(digest: Digest) -> str:
    """A heading for each question, and lists of links with quotes."""
    blocks = [f"# {TITLE}", f"Since {_day(digest)}."]
    for news in _answered(digest):
        blocks += [f"## {escaped(heading(news, digest))}", *map(item, news.moments)]
    return "\n\n".join(blocks if len(blocks) > 2 else [blocks[0], escaped(nothing_new(digest))])


def to_html(digest: Digest) -> str:
    """A page of its own, as for a mail."""
    parts = [f"<p>{escape(nothing_new(digest))}</p>"] if not _answered(digest) else []
    for news in _answered(digest):
        items = "".join(f"<li>{moment_html(moment)}</li>" for moment in news.moments)
        parts.append(f"<h2>{escape(heading(news, digest))}</h2>\n<ol>{items}</ol>")
    head = f'<meta charset="utf-8"><title>{TITLE}</title>'
    return "\n".join(["<!doctype html>", f"<html>{head}", f"<h1>{TITLE}</h1>", *parts, "</html>"])


def to_rss(digest: Digest, address: str = "") -> str:
    """RSS 2.0, an item for each moment; `address` is that of the page that shows them."""
    rss = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(rss, "channel")
    _add(channel, title=TITLE, link=address or "about:blank", description=f"Since {_day(digest)}")
    for news in _answered(digest):
        for moment in news.moments:
            entry = ElementTree.SubElement(channel, "item")
            place = " · ".join([clean(moment.resource.title) or moment.resource.id, *positions(moment)])
            _add(entry, title=f"{clean(news.question)}: {place}", description=moment_html(moment))
            if is_openable(moment.link):
                _add(entry, link=clean(moment.link))
            ElementTree.SubElement(entry, "guid", isPermaLink="false").text = _identity(news, moment)
            if moment.added:
                _add(entry, pubDate=format_datetime(datetime.fromisoformat(moment.added)))
    ElementTree.indent(rss)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(rss, encoding="unicode")}'


FORMATS: Mapping[str, Callable[[Digest], str]] = {"markdown": to_markdown, "html": to_html, "rss": to_rss}


def heading(news: News, digest: Digest) -> str:
    """`2 new moments on “…”, in 1 of 5 new resources`."""
    among = f"{news.resources} of {counted(len(digest.resources), 'new resource')}"
    return f"{counted(len(news.moments), 'new moment')} on “{clean(news.question)}”, in {among}"


def nothing_new(digest: Digest) -> str:
    """The line that says that nothing is new."""
    asked = counted(len(digest.questions), "kept question")
    return f"Nothing new on {asked} since {_day(digest)}, in {counted(len(digest.resources), 'new resource')}"


def _day(digest: Digest) -> str:
    """The day since which it looks, as the clock here has it."""
    return datetime.fromisoformat(digest.since).astimezone().date().isoformat()


def _answered(digest: Digest) -> list[News]:
    return [news for news in digest.questions if news.moments]


def _identity(news: News, moment: Moment) -> str:
    """Identifies a moment under a question, so that a reader of feeds shows it once."""
    place = place_of(moment.start, moment.page, None, moment.quote)
    return text_digest(clean(f"{news.question} {moment.resource.id} {place}")).hex()


def _add(element: ElementTree.Element, **texts: str) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(element, name).text = text
