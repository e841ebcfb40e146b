"""Parses PDFs: paragraphs and headings in reading order, with their pages."""

from __future__ import annotations

import ctypes
import logging
import unicodedata
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from seekpoint.index.errors import unavailable
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Details
from seekpoint.indexer.sources.metadata import stated_authors, stated_date, stated_title
from seekpoint.indexer.sources.papers.blocks import blocks
from seekpoint.indexer.sources.papers.contents import without_contents
from seekpoint.indexer.sources.papers.furniture import without_furniture
from seekpoint.indexer.sources.papers.glyphs import CODED, read_page
from seekpoint.indexer.sources.papers.headings import OutlineEntry
from seekpoint.indexer.sources.papers.layout import Page, columns
from seekpoint.indexer.transcript.text_timeline import ParsedDocument

# pdfium keeps all pages of an open document: reopening it bounds the memory.
_PAGES_AT_ONCE = 250
_LONGEST_METADATA = 1000
_MOST_OUTLINE_ENTRIES = 20_000

# pypdfium2 warns of loops in outlines, which are harmless here.
logging.getLogger("pypdfium2").setLevel(logging.CRITICAL)


def read_pdf(data: bytes) -> ParsedDocument:
    """Parse a PDF; raises Unfetched if it is damaged, encrypted, or has no text."""
    try:
        pages = list(_pages(data))
        shown = [piece.text for page in pages for piece in page.pieces]
        if sum(map(_unmapped, shown)) * 2 > sum(map(len, shown)):
            raise unavailable("pdf_unreadable")
        pages = [
            page._replace(pieces=tuple(each for each in page.pieces if each.text.strip(f"{CODED} "))) for page in pages
        ]
        with closing(pypdfium2.PdfDocument(data)) as document:
            printed_columns = list(columns(without_furniture(pages)))
            outline = _outline(document)
            printed, parsed_blocks = blocks(list(without_contents(printed_columns)) or printed_columns, outline)
            if not parsed_blocks:
                raise unavailable("pdf_images" if pages else "pdf_broken")
            title = stated_title(_metadata(document, "Title"))
            return ParsedDocument(
                blocks=parsed_blocks,
                title=title if title and not _unmapped(title) else printed,
                stated=Details(
                    published=stated_date(_metadata(document, "CreationDate")),
                    authors=stated_authors(_metadata(document, "Author")),
                ),
                language=_language(document),
            )
    except pypdfium2.PdfiumError:
        raise unavailable(_fault(data)) from None


def _fault(data: bytes) -> str:
    """The code of the reason why pdfium can't open a document."""
    # A document without pages can be opened, and pdfium's error code is then a stale one.
    if document := pdfium.FPDF_LoadMemDocument64(data, len(data), None):
        is_empty = pdfium.FPDF_GetPageCount(document) < 1
        pdfium.FPDF_CloseDocument(document)
        return "pdf_without_pages" if is_empty else "pdf_broken"
    is_locked = pdfium.FPDF_GetLastError() in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
    return "pdf_encrypted" if is_locked else "pdf_broken"


def _pages(data: bytes) -> Iterator[Page]:
    """The pages that can be read; damaged ones are missing."""
    first, last = 0, 1
    while first < last:
        with closing(pypdfium2.PdfDocument(data)) as document:
            last = len(document)
            for index in range(first, min(first + _PAGES_AT_ONCE, last)):
                if page := read_page(document, index):
                    yield page
        first += _PAGES_AT_ONCE


def _unmapped(text: str) -> int:
    """The number of characters that stand for no letter."""
    if text.isascii() and text.isprintable():
        return 0
    return sum(char == "\ufffd" or unicodedata.category(char) in ("Cc", "Co", "Cn", "Cs") for char in text)


def _metadata(document: pypdfium2.PdfDocument, key: str) -> str:
    with suppress(UnicodeDecodeError):
        return clean(document.get_metadata_value(key)[:_LONGEST_METADATA])
    return ""


def _language(document: pypdfium2.PdfDocument) -> str | None:
    length = pdfium.FPDFCatalog_GetLanguage(document, None, 0)
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    pdfium.FPDFCatalog_GetLanguage(document, buffer, length)
    tag = bytes(buffer).decode("utf-16", "replace").partition("\0")[0]
    return tag or None


def _outline(document: pypdfium2.PdfDocument) -> Iterator[OutlineEntry]:
    for entry in islice(document.get_toc(), _MOST_OUTLINE_ENTRIES):
        with suppress(UnicodeDecodeError, pypdfium2.PdfiumError):
            target = entry.get_dest()
            index = target.get_index() if target else None
            yield OutlineEntry(clean(entry.get_title()), None if index is None else index + 1)
