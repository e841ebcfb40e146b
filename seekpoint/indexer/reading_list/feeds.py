"""Tells the feed of a podcast that was saved as a file: it is read from its address, which its words may name."""

from __future__ import annotations

import re
from html import unescape

from seekpoint.indexer.reading_list.addresses import resource_of

_FIRST_ITEM = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_LINK = re.compile(r"<(?:[\w.-]+:)?link\s[^<>]*>", re.IGNORECASE)
_IS_OWN = re.compile(r"""\srel\s*=\s*["']self["']""", re.IGNORECASE)
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)
_ANY = "https://example.org/feed.xml"


def podcast_at(text: str) -> str | None:
    """The address of the podcast whose feed a text is, or an example where it names none; `None` for other texts."""
    from seekpoint.indexer.sources.podcasts.feed import is_feed, parse_feed

    data = text.encode(errors="replace")
    if not is_feed(data) or not parse_feed(data, _ANY, "utf-8").episodes:
        return None
    links = _LINK.findall(_FIRST_ITEM.split(text, maxsplit=1)[0])
    named = (_HREF.search(link) for link in links if _IS_OWN.search(link))
    found = (resource_of(unescape(href[1] or href[2] or "")) for href in named if href)
    return next((one.url for one in found if one), _ANY)
