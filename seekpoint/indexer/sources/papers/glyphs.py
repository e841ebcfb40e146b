"""Extracts the glyphs of a PDF page by pdfium, in runs of one font on one baseline."""

from __future__ import annotations

import ctypes
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Set
from contextlib import closing
from math import atan2, copysign, hypot, isfinite, pi
from typing import NamedTuple, TypeAlias

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from seekpoint.indexer.sources.papers import layout
from seekpoint.indexer.sources.papers.layout import Page, TextSpan, is_unspaced

# Presentation forms: Latin and Armenian ligatures, Hebrew and Arabic contextual forms, and radicals used as whole
# ideographs. NFKC for all characters would flatten exponents and full-width punctuation.
_COMPOSED = {
    code: unicodedata.normalize("NFKC", chr(code))
    for first, last in ((0xFB00, 0xFB4F), (0xFB50, 0xFDFB), (0xFE70, 0xFEFC), (0x2E80, 0x2FD5))
    for code in range(first, last + 1)
}

# Bullets in Word's symbol fonts (private use area).
_COMPOSED |= dict.fromkeys((0xF0B7, 0xF0A7), "•")
# Old TeX fonts have no letters with accents: an accent is drawn over the letter that follows.
_ACCENTS = dict(zip("´¨ˆ˜ˇ˘˙˚¯˝", "\u0301\u0308\u0302\u0303\u030c\u0306\u0307\u030a\u0304\u030b", strict=True))
_ACCENTED = re.compile(f"([{''.join(_ACCENTS)}])([^\\W\\d_])")
_HYPHEN, _UNKNOWN = "\x02", "\ufffd"
CODED = "\uffff"
"""A noncharacter in place of a glyph that has a number instead of a letter."""

_LOW_SURROGATES = frozenset(map(chr, range(0xDC00, 0xE000)))
_QUARTER = pi / 2
_UPRIGHT = 0.1
# A page with a smaller share of upright text is turned as a whole, for example for a wide table.
_LEAST_UPRIGHT = 0.05
# In points: rounding errors of single precision within a line.
_SAME = 0.25
_BOLD = re.compile(r"bold|black|heavy|medi(?!um)|demi|bx(?:ti|sl)?\d|simhei|heiti|[-,]bd", re.IGNORECASE)
# ISO 32000-1, table 123. pdfium's font weight is estimated from stem widths, and wrong for TeX fonts.
_FORCE_BOLD = 1 << 18
_LONGEST_FONT_NAME = 200
# A font with all characters of ASCII is that of a table of them.
_FIRST_CODE, _LAST_CODE, _FEWEST_CODES = ord("!"), ord("~"), 5
_Box: TypeAlias = tuple[float, float, float, float]


class _Run(NamedTuple):
    """Glyphs of one font on one baseline, in page coordinates; `turn` counts quarters counterclockwise, if whole.

    `font` is the address of the first glyph's font, or 0.
    """

    text: str
    corners: _Box
    origin: tuple[float, float]
    size: float
    bold: bool
    turn: int | None
    font: int


def read_page(document: pypdfium2.PdfDocument, index: int) -> Page | None:
    """The text of page `index`, from 0; `None` if the page can't be read."""
    try:
        with closing(document[index]) as page, closing(page.get_textpage()) as glyphs:
            found = list(_runs(glyphs.raw))
            rotation = page.get_rotation() // 90
            left, bottom, right, top = page.get_bbox()
    except pypdfium2.PdfiumError:
        return None
    used: defaultdict[int, set[str]] = defaultdict(set)
    for run in found:
        used[run.font].update(run.text)
    coded = {font for font, chars in used.items() if _are_codes(chars)}
    readable = (run._replace(text=CODED * len(run.text)) if run.font in coded else run for run in found)
    runs = [run for run in readable if all(map(isfinite, (*run.corners, *run.origin, run.size)))]
    letters: Counter[int] = Counter()
    for run in runs:
        if run.turn is not None:
            letters[run.turn] += len(run.text)
    is_turned = letters[rotation] < _LEAST_UPRIGHT * letters.total()
    turn = letters.most_common(1)[0][0] if is_turned else rotation
    low, high = sorted(_turned(x, y, turn)[1] for x, y in ((left, bottom), (right, top)))
    spans = []
    for run in (run for run in runs if run.turn == turn):
        x1, y1, x2, y2 = run.corners
        start, end = sorted(_turned(x, y, turn)[0] for x, y in ((x1, y1), (x2, y2)))
        spans.append(TextSpan(run.text, start, end, _turned(*run.origin, turn)[1], run.size, run.bold))
    return layout.page(spans, index + 1, low, high)


def _are_codes(chars: Set[str]) -> bool:
    """Whether the characters that a page has in a font are glyphs numbered by their first use, from `!` on.

    Programs that embed a font in a figure number its glyphs so, and some don't say which letters they are.
    """
    codes = sorted(map(ord, chars - {" "}))
    return len(codes) >= _FEWEST_CODES and codes == [*range(_FIRST_CODE, codes[-1] + 1)] and codes[-1] < _LAST_CODE


def _turned(x: float, y: float, turn: int) -> tuple[float, float]:
    """A point on the page after a rotation clockwise by `turn` quarters."""
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turn]


def _runs(glyphs: pdfium.FPDF_TEXTPAGE) -> Iterator[_Run]:
    box = pdfium.FS_RECTF()
    weights: dict[int, bool] = {}
    first, size, text, bold, spaced = 0, 0.0, "", False, False
    left = bottom = right = top = 0.0
    for index in range(pdfium.FPDFText_CountChars(glyphs)):
        code = pdfium.FPDFText_GetUnicode(glyphs, index)
        char = chr(code) if code <= sys.maxunicode else _UNKNOWN  # a code that the font maps to no letter
        if char.isspace():
            spaced = spaced or char not in "\r\n"
            continue
        pdfium.FPDFText_GetLooseCharBox(glyphs, index, box)
        continues = abs(box.bottom - bottom) < _SAME and abs(box.top - top) < _SAME
        continues = continues and right - size < box.left < right + size
        continues = continues and not (spaced and _is_bold(glyphs, index, weights) != bold)
        spaced = spaced and not (box.left - right < size / 2 and is_unspaced(text[-1:], char))
        # pdfium gives a character beyond the basic plane in two halves, at the same place.
        if not (text and (continues or char in _LOW_SURROGATES)):
            if text:
                yield _run(glyphs, first, text, (left, bottom, right, top), size, bold)
            matrix = _matrix(glyphs, index)
            size = abs(pdfium.FPDFText_GetFontSize(glyphs, index)) * hypot(matrix.c, matrix.d) or 1.0
            first, text, bold = index, "", _is_bold(glyphs, index, weights)
            left, bottom, right, top = box.left, box.bottom, box.right, box.top
        text += f" {char}" if spaced else char
        left, right, spaced = min(left, box.left), max(right, box.right), False
    if text:
        yield _run(glyphs, first, text, (left, bottom, right, top), size, bold)


def _font(glyphs: pdfium.FPDF_TEXTPAGE, index: int) -> pdfium.FPDF_FONT | None:
    text_object = pdfium.FPDFText_GetTextObject(glyphs, index)
    return pdfium.FPDFTextObj_GetFont(text_object) if text_object else None


def _is_bold(glyphs: pdfium.FPDF_TEXTPAGE, index: int, weights: dict[int, bool]) -> bool:
    """Whether a glyph's font is bold; `weights` holds the page's fonts that are known."""
    font = _font(glyphs, index)
    if not font:
        return False
    address = ctypes.addressof(font.contents)
    if address not in weights:
        name = ctypes.create_string_buffer(_LONGEST_FONT_NAME)
        pdfium.FPDFFont_GetBaseFontName(font, name, len(name))
        is_named = _BOLD.search(name.value.decode("utf-8", "replace")) is not None
        weights[address] = is_named or bool(pdfium.FPDFFont_GetFlags(font) & _FORCE_BOLD)
    return weights[address]


def _matrix(glyphs: pdfium.FPDF_TEXTPAGE, index: int) -> pdfium.FS_MATRIX:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(glyphs, index, matrix)
    return matrix


def _run(glyphs: pdfium.FPDF_TEXTPAGE, first: int, text: str, corners: _Box, size: float, bold: bool) -> _Run:
    matrix = _matrix(glyphs, first)
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(glyphs, first, x, y)
    sign = copysign(1.0, pdfium.FPDFText_GetFontSize(glyphs, first))
    quarters = atan2(sign * matrix.b, sign * matrix.a) / _QUARTER
    turn = round(quarters) % 4 if abs(quarters - round(quarters)) < _UPRIGHT else None
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = _ACCENTED.sub(_accented, text.translate(_COMPOSED))
    text = text.replace(_HYPHEN, "-").replace("\0", _UNKNOWN)
    font = _font(glyphs, first)
    return _Run(text, corners, (x.value, y.value), size, bold, turn, ctypes.addressof(font.contents) if font else 0)


def _accented(match: re.Match[str]) -> str:
    """The letter with its accent, if there is one character for both."""
    whole = unicodedata.normalize("NFC", match[2].replace("ı", "i") + _ACCENTS[match[1]])
    return whole if len(whole) == 1 else match[0]
