"""Draws a page of a PDF, and finds the lines of a quote on it."""

from __future__ import annotations

import sys
import unicodedata
import zlib
from base64 import b64decode, b64encode
from bisect import bisect_left
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from struct import pack, unpack
from typing import TypeAlias

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from seekpoint.files import read_file
from seekpoint.index.errors import unavailable
from seekpoint.indexer.sources.sandbox import sandboxed

Mark: TypeAlias = tuple[float, float, float, float]
"""A line of a quote or a part of it: left, top, width and height, as shares of the page's."""

LONGEST_SIDE = 1400
"""Pixels."""

_SECONDS, _MOST_MARKS, _LONGEST_QUOTE = 10.0, 500, 4000
# In bytes of UTF-8, the shortest part of a quote that is marked alone: seven characters of Chinese.
_SHORTEST_PART = 20
# The largest gap in a mark, in heights of its glyphs.
_WIDEST_GAP = 3
_PNG = b"\x89PNG\r\n\x1a\n"


def drawn_page(path: Path, number: int, quote: str) -> tuple[bytes, int, list[Mark]]:
    """Page `number` of a PDF, from 1, as a PNG, the number of pages, and the marks of a quote on that page.

    The PNG is empty if there is no such page. Raises Unfetched if it can't be drawn, OSError if the file can't be read.
    """
    picture, pages, marks = sandboxed(draw_page, read_file(path), number, quote[:_LONGEST_QUOTE], seconds=_SECONDS)
    return png_of(picture), pages, marks[:_MOST_MARKS]


def png_of(picture: str) -> bytes:
    """The PNG, or nothing; raises Unfetched for any other answer of a reader that a PDF took over."""
    with suppress(ValueError):
        png = b64decode(picture)
        if not png or (png.startswith(_PNG) and len(png) > 24 and max(unpack(">II", png[16:24])) <= LONGEST_SIDE):
            return png
    raise unavailable("reader_gave_up")


def draw_page(data: bytes, number: int, quote: str) -> tuple[str, int, list[Mark]]:
    """As `drawn_page`, of the bytes of a PDF and with the PNG in base64; call it in the sandbox."""
    with closing(pypdfium2.PdfDocument(data)) as document:
        pages = len(document)
        if not 1 <= number <= pages:
            return "", pages, []
        with closing(document[number - 1]) as page:
            # A little less, since pypdfium2 rounds up.
            bitmap = page.render(scale=(LONGEST_SIDE - 0.01) / max(page.get_size()), rev_byteorder=True)
            return b64encode(_png(bitmap)).decode(), pages, _marks(page, bitmap, quote)


def _png(bitmap: pypdfium2.PdfBitmap) -> bytes:
    """A bitmap with a byte each for red, green and blue as a PNG."""
    pixels, used = bytes(bitmap.buffer), 3 * bitmap.width
    rows = b"".join(b"\0" + pixels[at : at + used] for at in range(0, len(pixels), bitmap.stride))
    head = pack(">IIBBBBB", bitmap.width, bitmap.height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR" + head, b"IDAT" + zlib.compress(rows), b"IEND")
    return _PNG + b"".join(pack(">I", len(chunk) - 4) + chunk + pack(">I", zlib.crc32(chunk)) for chunk in chunks)


def _marks(page: pypdfium2.PdfPage, bitmap: pypdfium2.PdfBitmap, quote: str) -> list[Mark]:
    """The marks of the parts of a quote that a page has, in the order in which it draws them."""
    boxes: list[list[int]] = [[0, 0, 0, 0]]
    glyph, position = pdfium.FS_RECTF(), bitmap.get_posconv(page)
    with closing(page.get_textpage()) as text:
        letters, owners = bytearray(), list[int]()
        for index in range(pdfium.FPDFText_CountChars(text)):
            code = pdfium.FPDFText_GetUnicode(text, index)
            folded = _folded(chr(code)) if code <= sys.maxunicode else b""
            letters += folded
            owners += [index] * len(folded)
        for index in sorted({owners[at] for at in _shared(b"".join(map(_folded, quote)), bytes(letters))}):
            pdfium.FPDFText_GetLooseCharBox(text, index, glyph)
            corners = position.to_bitmap(glyph.left, glyph.top), position.to_bitmap(glyph.right, glyph.bottom)
            (left, right), (top, bottom) = map(sorted, zip(*corners, strict=True))
            last = boxes[-1]
            height = min(bottom - top, last[3] - last[1])
            is_beside = max(left - last[2], last[0] - right) <= _WIDEST_GAP * height
            if is_beside and 2 * (min(bottom, last[3]) - max(top, last[1])) >= height > 0:
                last[:] = min(left, last[0]), min(top, last[1]), max(right, last[2]), max(bottom, last[3])
            else:
                boxes.append([left, top, right, bottom])
    width, height = bitmap.width, bitmap.height
    return [(x / width, y / height, (right - x) / width, (bottom - y) / height) for x, y, right, bottom in boxes[1:]]


@lru_cache(maxsize=4096)
def _folded(char: str) -> bytes:
    """The letters and digits of a character, without case and accents, in UTF-8.

    Old fonts draw accents as letters of their own, and pdfium gives characters beyond the basic plane in halves.
    """
    folded = unicodedata.normalize("NFKD", char).casefold() if char <= "\uffff" else ""
    return "".join(each for each in folded if each.isalnum() and unicodedata.category(each) != "Lm").encode()


def _shared(sought: bytes, text: bytes) -> list[int]:
    """The places in a text of the parts of what is sought, the longest from each beginning."""
    places: list[int] = []
    start, shortest = 0, max(min(_SHORTEST_PART, len(sought)), 1)
    while start <= (last := len(sought)) - shortest:
        lengths = range(shortest, last - start + 1)
        longer = bisect_left(lengths, True, key=lambda length: sought[start : start + length] not in text)
        stop = start + shortest + longer - 1 if longer else start + 1
        if longer:
            at = text.index(sought[start:stop])
            places += range(at, at + stop - start)
        start = stop
    return places
