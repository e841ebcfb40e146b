"""The formats of reading lists: how each is told, and what reads it; OPML and bookmarks are read here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from xml.etree.ElementTree import Element, ParseError

from seekpoint.index.errors import SourceError
from seekpoint.indexer.reading_list import bibliographies, links, tables
from seekpoint.indexer.reading_list.addresses import feed_resource
from seekpoint.indexer.reading_list.entries import BOOKMARKS_MARK, Entries, deeper, tagged
from seekpoint.indexer.sources.metadata import stated_text

_OPML_MARK = re.compile(r"\s*(?:<\?xml\b[^>]{0,200}>\s*)?(?:<!--(?>.*?-->)\s*)*<opml\b", re.IGNORECASE | re.DOTALL)
# Many programs leave the & of an address as it is, and XML 1.0 has no control characters.
_BARE = re.compile(r"&(?!(?:#\d+|#x[\da-f]+|amp|lt|gt|quot|apos);)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def read_opml(text: str, entries: Entries) -> None:
    """Add each feed, or link, under the outlines that it is in; raises SourceError for XML that isn't well-formed."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(_CONTROL.sub("", _BARE.sub("&amp;", text.lstrip())))
    except ParseError as error:
        raise SourceError(f"line {error.position[0]} isn't well-formed XML: export the list again") from error
    except DefusedXmlException as error:
        raise SourceError("it declares entities, as no list of feeds does") from error
    waiting: list[tuple[Element, tuple[str, ...]]] = [(root, ())]
    while waiting:
        element, path = waiting.pop()
        stated = {name.lower(): value.strip() for name, value in element.attrib.items()}
        title = stated.get("title") or stated.get("text") or ""
        if feed := stated.get("xmlurl"):
            entries.add(feed, title, path, make=feed_resource)
        elif link := stated.get("url") or stated.get("htmlurl"):
            entries.add(link, title, path)
        elif element.tag.lower() == "outline" and len(element):
            path = deeper(path, stated_text(title)) if title else path
        elif element.tag.lower() == "outline":
            entries.leave_out("without an address")
        waiting += [(child, path) for child in reversed(element)]


def read_bookmarks(text: str, entries: Entries) -> None:
    """Add each bookmark under its folders; one that is in none, under its tags."""
    from lxml import etree

    # It holds no tree, and takes 0.7 s for 50,000 bookmarks with their icons, 66 MB; html.parser takes 1.7 s, and
    # quadratic time for hostile ones.
    etree.fromstring(text.encode(), etree.HTMLParser(target=_Bookmarks(entries), encoding="utf-8", huge_tree=True))


class _Bookmarks:
    """Takes the events of the parser. A folder is an H3, and the list of what is in it."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._path: tuple[str, ...] = ()
        # For each open list, the path outside of it.
        self._outer: list[tuple[str, ...]] = []
        self._folder: str | None = None
        self._address: tuple[str, str] = ("", "")
        self._text: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "dl":
            self._outer.append(self._path)
            if self._folder:
                self._path = deeper(self._path, self._folder)
            self._folder = None
        elif tag in ("a", "h3"):
            self._text = []
            self._address = attributes.get("href", ""), attributes.get("tags", "")

    def end(self, tag: str) -> None:
        if tag == "dl" and self._outer:
            self._path = self._outer.pop()
        elif tag == "h3":
            self._folder = stated_text(self._taken())
        elif tag == "a":
            address, tags = self._address
            paths = [self._path] if self._path else tagged(tags)
            self._entries.add(address, self._taken(), *paths)

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def close(self) -> None:
        """End of the file; lists that it leaves open end with it."""

    def _taken(self) -> str:
        text, self._text = "".join(self._text or ()), None
        return text


@dataclass(frozen=True, slots=True)
class ListFormat:
    """A format: its suffixes, the `mark` at its beginning that tells it whatever its suffix, and what reads it.

    `holds` says what its entries are, for a list without any.
    """

    holds: str
    read: Callable[[str, Entries], None]
    suffixes: tuple[str, ...] = ()
    mark: re.Pattern[str] | None = None


_LINKS = "Markdown links, <a href> and https://… addresses"
_RECORDS = "records with an address, a DOI, or a file that is there"
_MARKDOWN = ListFormat(_LINKS, partial(links.read, links.parse_markdown))
# In order: the first whose mark is there, else the first whose suffix it is, else Markdown.
_FORMATS = (
    ListFormat("bookmarks, <A HREF>", read_bookmarks, mark=BOOKMARKS_MARK),
    ListFormat("outlines with xmlUrl or url", read_opml, (".opml",), _OPML_MARK),
    ListFormat(_RECORDS, bibliographies.read_bibtex, (".bib", ".bibtex"), bibliographies.BIBTEX_MARK),
    ListFormat(_RECORDS, bibliographies.read_ris, (".ris",), bibliographies.RIS_MARK),
    ListFormat(_RECORDS, bibliographies.read_csl, mark=bibliographies.CSL_MARK),
    ListFormat("a column named url, or one of addresses or YouTube's video ids", tables.read, (".csv", ".tsv")),
    ListFormat(_LINKS, partial(links.read, links.parse_urls), (".txt",)),
)


def format_of(text: str, suffix: str) -> ListFormat:
    """The format of a list."""
    marked = (form for form in _FORMATS if form.mark and form.mark.match(text))
    named = (form for form in _FORMATS if suffix.lower() in form.suffixes)
    return next(marked, None) or next(named, _MARKDOWN)
