"""Parses OPML: a list of feeds, as podcast players and feed readers export it, or an outline with links."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError

from seekpoint.index.errors import SourceError
from seekpoint.indexer.reading_list.addresses import feed_resource, resource_of
from seekpoint.indexer.reading_list.entries import Entries, deeper, short

MARK = re.compile(r"\s*(?:<\?xml\b[^>]{0,200}>\s*)?(?:<!--(?>.*?-->)\s*)*<opml\b", re.IGNORECASE | re.DOTALL)
"""The beginning of such a file, also of one that ends in .xml."""

# Many programs leave the & of an address as it is, and XML 1.0 has no control characters.
_BARE = re.compile(r"&(?!(?:#\d+|#x[\da-f]+|amp|lt|gt|quot|apos);)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def read(text: str, entries: Entries) -> None:
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
            entries.add(link, title, path, make=resource_of)
        elif element.tag.lower() == "outline" and len(element):
            path = deeper(path, short(title)) if title else path
        elif element.tag.lower() == "outline":
            entries.leave_out("without an address")
        waiting += [(child, path) for child in reversed(element)]
