"""Parses EPUB books: their chapters in the order of the spine, with titles of the table of contents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote

from lxml import etree

from seekpoint.index.errors import unavailable
from seekpoint.index.text.clean import clean
from seekpoint.indexer.sources.archives.archive import DocumentArchive, attribute, join, named
from seekpoint.indexer.sources.metadata import citation, stated_author, stated_authors, stated_title
from seekpoint.indexer.sources.pages.charset import decoded
from seekpoint.indexer.sources.pages.html import blocks_of
from seekpoint.indexer.sources.pages.text_runs import Element, dom_of, text_runs_of
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument

_PAGE = re.compile(r"application/xhtml\+xml|text/html|text/x-oeb1-document")
# The XML declaration and the DOCTYPE, which may define entities.
_PROLOGUE = re.compile(
    r"\s*(?:<\?[^>]*\?>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)?", re.IGNORECASE | re.DOTALL
)
# The share of a chapter's characters that lead elsewhere in the book.
_MOST_LINKED = 0.6
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# Fonts are hidden by methods that need no key: https://www.w3.org/TR/epub-33/#sec-font-obfuscation and Adobe's.
_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


class _Entry(NamedTuple):
    """An entry of the table of contents: its title, and the part and the id in it that it leads to."""

    title: str
    part: str
    fragment: str


def read_epub(archive: DocumentArchive) -> ParsedDocument:
    """Parse a book; raises Unfetched if its text is encrypted."""
    container = archive.xml("META-INF/container.xml")
    package = next((each.get("full-path") for each in named(container, "rootfile") if each.get("full-path")), None)
    if package is None or package not in archive:
        raise unavailable("archive_broken")
    root = archive.xml(package)
    folder = package.rpartition("/")[0]
    manifest = {item.get("id"): item for item in named(root, "item") if item.get("href")}
    parts = {item.get("href"): item for item in manifest.values()}  # a hostile book names one part thousands of times
    contents = [each for item in parts.values() if (each := _contents(item, folder, archive))]
    items = (manifest[each.get("idref")] for each in named(root, "itemref") if each.get("idref") in manifest)
    pages = (item for item in items if _PAGE.match(item.get("media-type", "")) and not _is_nav(item))
    chapters = list(dict.fromkeys(join(folder, item.get("href")) for item in pages))
    for data in named(archive.xml("META-INF/encryption.xml"), "EncryptedData"):
        methods = (each.get("Algorithm") for each in named(data, "EncryptionMethod"))
        targets = {join("", each.get("URI", "")) for each in named(data, "CipherReference")}
        if next(methods, None) not in _OBFUSCATION and not targets.isdisjoint(chapters):  # as in books with DRM
            raise unavailable("epub_encrypted")
    entries = max(contents, key=len, default=[])
    blocks = [block for part in chapters for block in _blocks(archive, part, entries)]
    titles, authors, languages, dates, publishers, identifiers = (
        [text for each in named(root, name) if (text := clean("".join(each.itertext())))]
        for name in ("title", "creator", "language", "date", "publisher", "identifier")
    )
    title, language, publisher = (next(iter(texts), "") for texts in (titles, languages, publishers))
    stated = citation((name for author in authors for name in stated_authors(author)), dates[:1], (), identifiers)
    stated = replace(stated, channel=stated_author(publisher))
    return ParsedDocument(tuple(blocks), stated_title(title), stated, language or None)


def _is_nav(item: Element) -> bool:
    return "nav" in (item.get("properties") or "").split()


def _contents(item: Element, folder: str, archive: DocumentArchive) -> list[_Entry]:
    """The table of contents in a part, if it is one: of EPUB 3, or of EPUB 2 (NCX)."""
    part = join(folder, item.get("href"))
    above = part.rpartition("/")[0]
    if _is_nav(item):
        tables = [nav for nav in named(_dom(archive.read(part)), "nav") if attribute(nav, "type") in ("toc", None)]
        links = [("".join(a.itertext()), a.get("href")) for nav in tables[:1] for a in named(nav, "a")]
    elif item.get("media-type") == "application/x-dtbncx+xml":
        points = [*named(_dom(archive.read(part)), "navpoint")]
        labels = ("".join(next(named(point, "text"), point).itertext()) for point in points)
        links = [*zip(labels, (next(named(point, "content"), point).get("src") for point in points), strict=True)]
    else:
        return []
    targets = ((clean(title), *(href or "").partition("#")[::2]) for title, href in links)
    return [
        _Entry(title, join(above, path) if path else part, unquote(fragment))
        for title, path, fragment in targets
        if title
    ]


def _blocks(archive: DocumentArchive, part: str, entries: list[_Entry]) -> Iterator[Block]:
    """The blocks of a chapter; anchors are the part's name and, if the heading has one, its id."""
    root = _dom(archive.read(part))
    if next(root.iter(*_HEADINGS), None) is None:
        _add_headings(root, [entry for entry in entries if entry.part == part])
    for link in root.iter("a"):
        if "://" in link.get("href", ""):  # out of the book, as those of a bibliography
            link.tag = "span"
    name = part.rpartition("/")[2]
    runs = text_runs_of(root)
    if sum(run.linked for run in runs) > _MOST_LINKED * sum(len(run.text) for run in runs):
        return  # a table of contents
    for block in blocks_of(runs):
        yield replace(block, anchor=f"{name}#{block.anchor}" if block.anchor else name)


def _add_headings(root: Element, entries: list[_Entry]) -> None:
    """Make headings of the titles in the table of contents, where they stand in the text or else above it."""
    ids = {each.get("id"): each for each in root.iter() if each.get("id")}
    body = next(root.iter("body"), root)
    for entry in reversed(entries):
        target = ids.get(entry.fragment, body)
        block = next(target.iterancestors("p"), target)
        paragraph = _first_paragraph(block)
        if paragraph is not None and clean("".join(paragraph.itertext())).casefold() == entry.title.casefold():
            paragraph.tag = "h2"
            continue
        heading = etree.Element("h2")
        heading.text = entry.title
        if entry.fragment:
            heading.set("id", entry.fragment)
        if block is body or block.getparent() is None:
            body.insert(0, heading)
        else:
            block.addprevious(heading)


def _first_paragraph(block: Element) -> Element:
    """The innermost paragraph with the first text in a block, or in the one after it; `None` if that has none."""
    for each in (block, block.getnext()):
        texts = () if each is None else (part for part in each.iter("*") if (part.text or "").strip())
        if (first := next(iter(texts), None)) is not None:
            return first if first.tag in ("p", "div") else next(first.iterancestors("p", "div"), None)
    return None


def _dom(data: bytes) -> Element:
    """The root of an XHTML page or of an NCX, read as HTML, since many aren't well-formed; names are in lower case."""
    text = decoded(data)
    prologue = _PROLOGUE.match(text)
    try:
        return dom_of(text[prologue.end() if prologue else 0 :])
    except etree.ParserError:  # nothing, or only comments
        return etree.Element("html")
