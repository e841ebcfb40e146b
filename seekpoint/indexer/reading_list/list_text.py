"""The text of a reading list: its charset, and its entries. Parsers are imported where they run, in the sandbox."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seekpoint.index.errors import SourceError
from seekpoint.index.types import Resource

FORMATS = "seekpoint.indexer.reading_list.formats"
"""The module of the parsers, for a child process that is to be ready."""


@dataclass(frozen=True, slots=True)
class ParsedList:
    """The entries of a list, and a remark on those that are left out; a list without entries may be a note.

    `holds` says what entries its format has, `has_words` whether there is more in it than front matter.
    """

    entries: tuple[Resource, ...]
    remark: str
    holds: str
    has_words: bool


_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# Python has further codecs, which are no charsets.
_CHARSET = re.compile(r"(?:big5|cp|euc|gb|iso|koi8|ks|mac|shift|utf|windows|x)[\w.:-]*")
_DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?(%s)""" % _CHARSET.pattern.encode(), re.IGNORECASE)
_BEGINNING = 1024
_ANY_FEED = "https://example.org/feed.xml"
_WEB_PAGE = re.compile(r"\s*(?:<!--(?>.*?-->)\s*)*+<(?:!doctype\s+html|html|head)\b", re.IGNORECASE | re.DOTALL)
ACCEPTED = (
    "a reading list (Markdown, text, bookmarks, CSV, OPML, BibTeX, RIS, CSL JSON), an address (https://…), "
    "a recording, document or web page, or a folder"
)
"""The sources that a build takes, for messages."""


def parse_list(data: bytes, suffix: str, base: str, is_remote: bool, charset: str | None = None) -> ParsedList:
    """Parse a list in any format; raises SourceError. Call it in the sandbox.

    `base` is its folder, or its address if it `is_remote`; `charset` is the declared one.
    """
    from seekpoint.indexer.reading_list.entries import Entries
    from seekpoint.indexer.reading_list.formats import format_of
    from seekpoint.indexer.reading_list.links import FRONT_MATTER
    from seekpoint.indexer.sources.podcasts.feed import is_feed, parse_feed

    text = _text(data, charset)
    if is_remote and _WEB_PAGE.match(text):
        raise SourceError("a web page, not a list: give the address of the file itself, behind “Raw” or “Download”")
    saved = text.encode(errors="replace")
    if is_feed(saved) and (feed := parse_feed(saved, _ANY_FEED, "utf-8")).episodes:
        raise SourceError(f"this is the feed of a podcast: give its address, such as {feed.address or _ANY_FEED}")
    entries, form = Entries(base if is_remote else Path(base)), format_of(text, suffix)
    form.read(text, entries)
    has_words = any(map(str.isalnum, FRONT_MATTER.sub("", text)))
    return ParsedList(tuple(entries.resources), entries.remark, form.holds, has_words)


def _text(data: bytes, charset: str | None = None) -> str:
    """Decode a list; the `charset` declared for it, or in it, comes after UTF-8, as it is often wrong for that."""
    declared = _DECLARED.search(data, 0, _BEGINNING) if data.lstrip()[:1] == b"<" else None
    label = declared[1].decode() if declared else None
    charset = charset if charset and _CHARSET.fullmatch(charset) else None
    bom_encodings = [encoding for mark, encoding in _BOMS.items() if data.startswith(mark)]
    for encoding in bom_encodings or filter(None, ("utf-8", charset, label, "gb18030")):
        with suppress(UnicodeError, LookupError):
            text = data.decode(encoding)
            if not text.strip():
                raise SourceError("the file is empty")
            if "\0" not in text:
                return text
    if b"\0" in data:
        raise SourceError("not a text file; a source is " + ACCEPTED)
    raise SourceError("not readable as text; save it as UTF-8")
