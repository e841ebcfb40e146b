"""The formats of reading lists: how each is told, and what reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from seekpoint.indexer.reading_list import bibliographies, bookmarks, links, opml, tables
from seekpoint.indexer.reading_list.entries import Entries


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
FORMATS = (
    ListFormat("bookmarks, <A HREF>", bookmarks.read, mark=bookmarks.MARK),
    ListFormat("outlines with xmlUrl or url", opml.read, (".opml",), opml.MARK),
    ListFormat(_RECORDS, bibliographies.read_bibtex, (".bib", ".bibtex"), bibliographies.BIBTEX_MARK),
    ListFormat(_RECORDS, bibliographies.read_ris, (".ris",), bibliographies.RIS_MARK),
    ListFormat(_RECORDS, bibliographies.read_csl, mark=bibliographies.CSL_MARK),
    ListFormat("a column named url, or one of addresses or YouTube's video ids", tables.read, (".csv", ".tsv")),
    ListFormat(_LINKS, partial(links.read, links.parse_urls), (".txt",)),
)
"""In order: the first whose mark is there, else the first whose suffix it is."""

MARKDOWN = ListFormat(_LINKS, partial(links.read, links.parse_markdown))
"""The format of all other lists."""


def format_of(text: str, suffix: str) -> ListFormat:
    """The format of a list."""
    marked = (form for form in FORMATS if form.mark and form.mark.match(text))
    named = (form for form in FORMATS if suffix.lower() in form.suffixes)
    return next(marked, None) or next(named, MARKDOWN)
