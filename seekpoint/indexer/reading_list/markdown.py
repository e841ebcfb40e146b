"""Parses Markdown into headings and the links under them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

from seekpoint.index.errors import SourceError

# markdown-it drops deeper elements, and recurses once or twice per level.
_MAX_NESTING = 100


def outline_of(text: str) -> Outline:
    """The headings and links of a Markdown text, raw HTML included; raises SourceError if it is nested too deep."""
    outline = Outline()
    tokens = _markdown().parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type in ("list_item_open", "blockquote_open") and token.level + 1 >= _MAX_NESTING:
            raise SourceError(f"line {token.map[0] + 1 if token.map else '?'} is nested too deep to be read")
        if token.type == "html_block":
            outline.read(token.content)
        elif token.type == "inline" and before is not None:
            outline.read(f"<{before.tag}>{_html(token)}</{before.tag}>")
    return outline


class _Markdown(MarkdownIt):
    """A parser that accepts every link, such as `file:`, and leaves its address as it is: `addresses` decides on it."""

    def validateLink(self, url: str) -> bool:
        return True

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link


@cache
def _markdown() -> MarkdownIt:
    return _Markdown("gfm-like", {"maxNesting": _MAX_NESTING})


def _html(inline: Token) -> str:
    for token in inline.children or ():
        if token.markup == "linkify":
            token.attrSet("data-bare", "")
    parser = _markdown()
    return str(parser.renderer.render([inline], parser.options, {}))


@dataclass(slots=True)
class Heading:
    """A heading; `text` has one piece per text node."""

    level: int
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    """A link and its `path` of headings; it is `bare` if its text is the address itself."""

    href: str
    bare: bool
    path: tuple[Heading, ...]
    text: list[str] = field(default_factory=list)


class Outline(HTMLParser):
    """Collects headings and the links under them from blocks of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.headings: list[Heading] = []
        self._path: tuple[Heading, ...] = ()
        self._open: dict[str, list[str]] = {}

    def read(self, html: str) -> None:
        """Add a block; elements that it leaves open end with it."""
        self.feed(html)
        self.close()
        self.reset()
        self._open.clear()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and (href := attributes.get("href")):
            link = Link(href, "data-bare" in attributes, self._path)
            self.links.append(link)
            self._open["a"] = link.text
        elif re.fullmatch("h[1-6]", tag):
            heading = Heading(int(tag[1]))
            self.headings.append(heading)
            self._path = (*(above for above in self._path if above.level < heading.level), heading)
            self._open["h"] = heading.text
        elif tag in ("img", "br"):
            self.handle_data(f" {attributes.get('alt') or ''} ")

    def handle_endtag(self, tag: str) -> None:
        self._open.pop("h" if re.fullmatch("h[1-6]", tag) else tag, None)

    def handle_data(self, data: str) -> None:
        for text in self._open.values():
            text.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Skip `<![…>`, for which the standard parser fails with an AssertionError if it doesn't know the keyword."""
        return self.rawdata.find(">", i) + 1 or -1
