"""Extracts the glyphs of a PDF page by pdfium, in runs of one font on one baseline."""

from __future__ import annotations

import ctypes
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Set
from contextlib import closing
from dataclasses import dataclass
from math import atan2, copysign, hypot, isfinite, pi

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


@dataclass(slots=True)
class _Run:
    """Glyphs of one font on one baseline, in page coordinates; `turn` counts quarters counterclockwise, if whole.

    `x` and `y` are the origin of the first glyph, `font` is the address of its font, or 0.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    x: float
    y: float
    size: float
    bold: bool
    turn: int | None
    font: int


def read_page(document: pypdfium2.PdfDocument, index: int) -> Page | None:
    """The text of page `index`, from 0; `None` if the page can't be read."""
    try:
        with closing(document[index]) as page, closing(page.get_textpage()) as glyphs:
            runs = list(_runs(glyphs.raw))
            rotation = page.get_rotation() // 90
            left, bottom, right, top = page.get_bbox()
    except pypdfium2.PdfiumError:
        return None
    used: defaultdict[int, set[str]] = defaultdict(set)
    for run in runs:
        run.text = _composed(run.text)
        used[run.font].update(run.text)
    coded = {font for font, chars in used.items() if _are_codes(chars)}
    for run in runs:
        if run.font in coded:
            run.text = CODED * len(run.text)
    runs = [
        run for run in runs if all(map(isfinite, (run.left, run.bottom, run.right, run.top, run.x, run.y, run.size)))
    ]
    letters: Counter[int] = Counter()
    for run in runs:
        if run.turn is not None:
            letters[run.turn] += len(run.text)
    is_turned = letters[rotation] < _LEAST_UPRIGHT * letters.total()
    turn = letters.most_common(1)[0][0] if is_turned else rotation
    low, high = sorted(_turned(x, y, turn)[1] for x, y in ((left, bottom), (right, top)))
    spans = []
    for run in (run for run in runs if run.turn == turn):
        start, end = sorted(_turned(x, y, turn)[0] for x, y in ((run.left, run.bottom), (run.right, run.top)))
        spans.append(TextSpan(run.text, start, end, _turned(run.x, run.y, turn)[1], run.size, run.bold))
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
    run: _Run | None = None
    spaced = False
    for index in range(pdfium.FPDFText_CountChars(glyphs)):
        code = pdfium.FPDFText_GetUnicode(glyphs, index)
        char = chr(code) if code <= sys.maxunicode else _UNKNOWN  # a code that the font maps to no letter
        if char.isspace():
            spaced = spaced or char not in "\r\n"
            continue
        pdfium.FPDFText_GetLooseCharBox(glyphs, index, box)
        continues = False
        if run:
            continues = abs(box.bottom - run.bottom) < _SAME and abs(box.top - run.top) < _SAME
            continues = continues and run.right - run.size < box.left < run.right + run.size
            continues = continues and not (spaced and _font(glyphs, index, weights)[1] != run.bold)
            spaced = spaced and not (box.left - run.right < run.size / 2 and is_unspaced(run.text[-1], char))
        # pdfium gives a character beyond the basic plane in two halves, at the same place.
        if run is None or not (continues or char in _LOW_SURROGATES):
            if run:
                yield run
            run = _begun(glyphs, index, box, weights)
        run.text += f" {char}" if spaced else char
        run.left, run.right, spaced = min(run.left, box.left), max(run.right, box.right), False
    if run:
        yield run


def _begun(glyphs: pdfium.FPDF_TEXTPAGE, index: int, box: pdfium.FS_RECTF, weights: dict[int, bool]) -> _Run:
    """The run that a glyph in a box begins, still without text."""
    matrix, x, y = pdfium.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetMatrix(glyphs, index, matrix)
    pdfium.FPDFText_GetCharOrigin(glyphs, index, x, y)
    font_size = pdfium.FPDFText_GetFontSize(glyphs, index)
    size = abs(font_size) * hypot(matrix.c, matrix.d) or 1.0
    sign = copysign(1.0, font_size)
    quarters = atan2(sign * matrix.b, sign * matrix.a) / _QUARTER
    turn = round(quarters) % 4 if abs(quarters - round(quarters)) < _UPRIGHT else None
    font, bold = _font(glyphs, index, weights)
    return _Run("", box.left, box.bottom, box.right, box.top, x.value, y.value, size, bold, turn, font)


def _font(glyphs: pdfium.FPDF_TEXTPAGE, index: int, weights: dict[int, bool]) -> tuple[int, bool]:
    """The address of a glyph's font, or 0, and whether it is bold; `weights` holds the page's fonts that are known."""
    text_object = pdfium.FPDFText_GetTextObject(glyphs, index)
    font = pdfium.FPDFTextObj_GetFont(text_object) if text_object else None
    if not font:
        return 0, False
    address = ctypes.addressof(font.contents)
    if address not in weights:
        name = ctypes.create_string_buffer(_LONGEST_FONT_NAME)
        pdfium.FPDFFont_GetBaseFontName(font, name, len(name))
        is_named = _BOLD.search(name.value.decode("utf-8", "replace")) is not None
        weights[address] = is_named or bool(pdfium.FPDFFont_GetFlags(font) & _FORCE_BOLD)
    return address, weights[address]


def _composed(text: str) -> str:
    """The text with halves of characters, presentation forms and accents put together."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = _ACCENTED.sub(_accented, text.translate(_COMPOSED))
    return text.replace(_HYPHEN, "-").replace("\0", _UNKNOWN)


def _accented(match: re.Match[str]) -> str:
    """The letter with its accent, if there is one character for both."""
    whole = unicodedata.normalize("NFC", match[2].replace("ı", "i") + _ACCENTS[match[1]])
    return whole if len(whole) == 1 else match[0]
