"""Parses the links of a Markdown text, and of a text of addresses, under their headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from lxml import etree
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from seekpoint.index.errors import SourceError
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Resource
from seekpoint.indexer.reading_list.addresses import address_of, resource_of, resource_of_link
from seekpoint.indexer.reading_list.entries import Entries
from seekpoint.indexer.sources.metadata import stated_text

FRONT_MATTER = re.compile(r"\A---[ \t\r]*\n(?=\w[^\n:]*:)(?:.*\n)*?(?:---|\.\.\.)[ \t\r]*(?:\n|\Z)")
# Characters that begin or end a mark of Markdown, which may span several lines of a list.
_MARKS = re.compile(r"[`<>\[\]\\]")
_ADDRESS = re.compile(r"(?:(?:https?|ftp)://|www\.)\S+", re.IGNORECASE)
# In Chinese and Japanese, punctuation follows an address without a space.
_BARE_ADDRESS = re.compile(
    r"(?:(?:https?|ftp|feed)://|www\.|youtu\.be/)[^，。；：！？、（）【】「」『』《》〈〉“”‘’…]+", re.IGNORECASE
)


def read(parse: Callable[[str, Path | str | None], tuple[Resource, ...]], text: str, entries: Entries) -> None:
    """Add each link; one that leads nowhere outside the text is no entry."""
    entries.resources += parse(text, entries.base)


def parse_markdown(text: str, base: Path | str | None = None) -> tuple[Resource, ...]:
    """One resource per link, in the section of its headings; raises SourceError for one that is nested too deep.

    `base` of relative links is a folder or an address. A single h1 above all links is the title of the list, not a
    section. A link within a heading belongs to that heading.
    """
    outline = outline_of(FRONT_MATTER.sub("", text))
    titles = [heading for heading in outline.headings if heading.level == 1]
    is_title = len(titles) == 1 and all(link.path[:1] == (titles[0],) for link in outline.links)
    names = {id(heading): stated_text("".join(heading.text)) for heading in outline.headings}
    entries: list[Resource | None] = []
    for link in outline.links:
        label = clean("".join(link.text))
        title = "" if link.bare or label == link.href or _ADDRESS.fullmatch(label) else stated_text(label)
        path = tuple(filter(None, (names[id(heading)] for heading in link.path[is_title:])))
        for href in _bare_addresses(link.href, label) if link.bare else (link.href,):
            entries.append(resource_of_link(href, title, (path,) if path else (), base))
    return tuple(filter(None, entries))


def parse_urls(text: str, base: Path | str | None = None) -> tuple[Resource, ...]:
    """One resource per address or Markdown link in plain text; lines that begin with `#` are comments."""
    lines = (line.strip() for line in text.splitlines())
    return parse_markdown("\n".join("" if line.startswith("#") else line for line in lines), base)


def as_listed(_: bytes, addresses: Sequence[str], lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines that make a list of `lines` name these addresses too, and the addresses that it would skip.

    Raises SourceError. Call it in the sandbox.
    """
    spelled = {address: _as_listed(address) for address in addresses}
    new = [line for its_lines in spelled.values() for line in its_lines]
    read = {resource.id for resource in parse_urls("\n".join([*lines, *new]))}
    taken = [line for line in new if read & {resource.id for resource in parse_urls(line)}]
    refused = [address for address, its_lines in spelled.items() if not its_lines]
    return taken, refused + [line for line in new if line not in taken]


def _as_listed(address: str) -> list[str]:
    """The address as it stands in a list: as it is, with its marks encoded, or as a list reads it, as without a dot.

    Empty for one that a list would skip.
    """
    resource = resource_of(address)
    if resource is None:
        return []
    try:
        read, read_as_url = parse_urls(address), parse_urls(address_of(resource))
    except SourceError:
        return []
    is_plain = not _MARKS.search(address)
    if is_plain and [each.id for each in read] == [resource.id]:
        return [address]
    if (not is_plain or not read) and [each.id for each in read_as_url] == [resource.id]:
        return [address_of(resource)]
    return [each.url for each in read]


def _bare_addresses(href: str, text: str) -> list[str]:
    """Split addresses that the parser took for one; a bare host, such as fast.ai, is a word rather than a link."""
    if href == f"http://{text}":
        if "/" not in text and not text.lower().startswith("www."):
            return []
        href = f"https://{text}"
    return _BARE_ADDRESS.findall(f"https:{href}" if href.startswith("//") else href)


# markdown-it drops deeper elements, and recurses once or twice per level.
_MAX_NESTING = 100


def outline_of(text: str) -> Outline:
    """The headings and links of a Markdown text, raw HTML included; raises SourceError if it is nested too deep."""
    outline, parser = Outline(), _markdown()
    tokens = parser.parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type in ("list_item_open", "blockquote_open") and token.level + 1 >= _MAX_NESTING:
            raise SourceError(f"line {token.map[0] + 1 if token.map else '?'} is nested too deep to be read")
        if token.type == "html_block":
            outline.read(token.content)
        elif token.type == "inline" and before is not None:
            for part in token.children or ():
                if part.markup == "linkify":
                    part.attrSet("data-bare", "")
            html = parser.renderer.render([token], parser.options, {})
            outline.read(f"<{before.tag}>{html}</{before.tag}>")
    return outline


class _Markdown(MarkdownIt):
    """A parser that accepts every link, such as `file:`, and leaves its address as it is: `addresses` decides on it."""

    def validateLink(self, url: str) -> bool:
        return True

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link


# An address is looked for in the last characters before its "://", and in so many behind it.
_LONGEST_SCHEME, _LONGEST_ADDRESS = 64, 20_000
_SCHEME = re.compile(r"(?:\A|[^a-z0-9.+-])([a-z][a-z0-9.+-]*)\Z", re.IGNORECASE)


def _linkify(state: StateInline, silent: bool) -> bool:
    """Mark an address as the parser's own rule does, which goes through all of a paragraph for each one."""
    if state.linkLevel > 0 or not state.src.startswith("://", state.pos):
        return False
    before = state.pending
    if len(before) > _LONGEST_SCHEME:
        state.pending, before = before[:-_LONGEST_SCHEME], before[-_LONGEST_SCHEME:]
        state.pushPending()
        state.pending = before
    scheme = _SCHEME.search(before)
    behind = state.src[state.pos : state.pos + _LONGEST_ADDRESS]
    assert state.md.linkify
    link = state.md.linkify.match_at_start(scheme[1] + behind) if scheme else None
    if scheme is None or link is None:
        return False
    url = link.url.rstrip("*")
    if not silent:
        state.pending = before[: -len(scheme[1])]
        state.push("link_open", "a", 1).attrs = {"href": url, "data-bare": ""}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos += len(url) - len(scheme[1])
    return True


@cache
def _markdown() -> MarkdownIt:
    parser = _Markdown("gfm-like", {"maxNesting": _MAX_NESTING})
    assert parser.linkify  # "gfm-like" has it
    parser.linkify.add("feed:", "http:")
    parser.inline.ruler.at("linkify", _linkify)
    return parser


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


# The tags of all elements but those that matter. As elements without content they end no heading and no link, as the
# parser has it of a paragraph or a table.
_OTHER_TAG = re.compile(r"</?(?!(?:a|h[1-6]|img|br|script|style)[\s/>])[a-z][^\s/>]*", re.IGNORECASE)


class Outline:
    """Collects headings and the links under them from blocks of HTML, by the events of the parser."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.headings: list[Heading] = []
        self._path: tuple[Heading, ...] = ()
        self._open: dict[str, list[str]] = {}

    def read(self, html: str) -> None:
        """Add a block; elements that it leaves open end with it."""
        # html.parser takes quadratic time for tags without an end.
        parser = etree.HTMLParser(target=self, encoding="utf-8", huge_tree=True)
        etree.fromstring(f"<body>{_OTHER_TAG.sub('<input', html)}".encode(), parser)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
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
            self.data(f" {attributes.get('alt') or ''} ")

    def end(self, tag: str) -> None:
        self._open.pop("h" if re.fullmatch("h[1-6]", tag) else tag, None)

    def data(self, text: str) -> None:
        for pieces in self._open.values():
            pieces.append(text)

    def close(self) -> None:
        self._open.clear()
