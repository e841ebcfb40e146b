"""Removes page furniture: running heads and feet, page numbers, line numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from seekpoint.indexer.sources.papers.layout import Page, TextSpan

_OUTERMOST = 3
_LONGEST_NUMBERING = 40
_LONGEST_NUMBER = 5
# Shares: of a page's height, for its margins, and of the lines at one height that must be furniture for all to be.
_TOP, _BOTTOM = 0.15, 0.18
_MOSTLY = 0.6
_FEWEST_PAGES = 3
# A running head isn't larger than the text; repeated titles of slides are.
_LARGER = 1.08
# Share of the text's width; lines of prose are wider.
_WIDEST = 0.6
_FEWEST_LINES = 8
# In font sizes; the entries of a numbered list are further apart.
_LINES_APART = 2.2
_NUMBERING = re.compile(
    r"(?:[^\w.]|page|seite|第|页|頁|共)*\d+(?:[^\w.]|of|von|页|頁|共|第)*\d*\W*|\W*[ivxlc]{1,7}\W*", re.IGNORECASE
)
# A number with decimals is none of a page: it belongs to a table.
_DIGITS = re.compile(r"(?<![\d.,])\d+(?![\d.,]*\d)")


def without_furniture(pages: Sequence[Page]) -> list[Page]:
    """The pages without their furniture."""
    sizes = Counter[float]()
    for piece in (piece for each in pages for piece in each.pieces):
        sizes[round(piece.size, 1)] += len(piece.text)
    size = max(sizes, key=lambda size: sizes[size], default=0.0)
    pages = [_without(each, _line_numbers(each, size)) for each in pages]
    margins = [[piece for piece in _at_margins(each) if piece.size <= _LARGER * size] for each in pages]
    seen = Counter(fingerprint for margin in margins for fingerprint in set(map(_fingerprint, margin)))
    repeated = {
        (text, height)
        for (text, height), count in seen.items()
        if count >= (2 if sum(map(str.isalpha, text)) > 1 else _FEWEST_PAGES)
    }
    margins = [_narrow_lines(each, margin, repeated) for each, margin in zip(pages, margins, strict=True)]
    furniture = [
        {piece for piece in margin if _is_number(piece) or _fingerprint(piece) in repeated} for margin in margins
    ]
    # The heights at which most lines are furniture; other lines there are running heads with changing titles.
    filled = Counter(height for margin in margins for height in {round(piece.baseline) for piece in margin})
    matched = Counter(height for pieces in furniture for height in {round(piece.baseline) for piece in pieces})
    heights = {height for height, count in matched.items() if count >= max(_FEWEST_PAGES, _MOSTLY * filled[height])}
    return [
        _without(each, {piece for piece in margin if piece in furniture_pieces or round(piece.baseline) in heights})
        for each, margin, furniture_pieces in zip(pages, margins, furniture, strict=True)
    ]


def _without(page: Page, removed: set[TextSpan]) -> Page:
    return page._replace(pieces=tuple(piece for piece in page.pieces if piece not in removed))


def _at_margins(page: Page) -> list[TextSpan]:
    """The pieces on the outermost lines of a page, if these are in its margins."""
    height = page.top - page.bottom
    low = [piece for piece in page.pieces if piece.baseline < page.bottom + _BOTTOM * height]
    high = [piece for piece in page.pieces if piece.baseline > page.top - _TOP * height]
    lowest = sorted({round(piece.baseline) for piece in low})[:_OUTERMOST]
    highest = sorted({round(piece.baseline) for piece in high})[-_OUTERMOST:]
    return [piece for piece in (*low, *high) if round(piece.baseline) in (*lowest, *highest)]


def _fingerprint(piece: TextSpan) -> tuple[str, int]:
    """Text without digits, which change from page to page, and height; the digits are kept if there is nothing else."""
    undated = _DIGITS.sub("", piece.text).casefold()
    return undated if any(map(str.isalpha, undated)) else piece.text, round(piece.baseline)


def _is_number(piece: TextSpan) -> bool:
    return len(piece.text) <= _LONGEST_NUMBERING and _NUMBERING.fullmatch(piece.text) is not None


def _narrow_lines(page: Page, margin: Sequence[TextSpan], repeated: set[tuple[str, int]]) -> list[TextSpan]:
    """The margin without lines that are as wide as prose: a number in those is no page number."""
    width = max((piece.right for piece in page.pieces), default=0.0)
    width -= min((piece.left for piece in page.pieces), default=0.0)
    filled = Counter[int]()
    for piece in margin:
        filled[round(piece.baseline)] += 0 if _fingerprint(piece) in repeated else round(piece.right - piece.left)
    return [
        piece for piece in margin if _fingerprint(piece) in repeated or filled[round(piece.baseline)] <= _WIDEST * width
    ]


def _line_numbers(page: Page, size: float) -> set[TextSpan]:
    """Vertically aligned consecutive numbers, as in manuscripts with numbered lines."""
    aligned: dict[tuple[bool, int], list[TextSpan]] = {}
    for piece in sorted(page.pieces, key=lambda piece: -piece.baseline):
        if len(piece.text) <= _LONGEST_NUMBER and piece.text.isdecimal():
            aligned.setdefault((False, round(piece.left)), []).append(piece)
            aligned.setdefault((True, round(piece.right)), []).append(piece)
    return {
        piece
        for pieces in aligned.values()
        if len(pieces) >= _FEWEST_LINES
        and all(int(below.text) - int(above.text) == 1 for above, below in pairwise(pieces))
        and pieces[0].baseline - pieces[-1].baseline < _LINES_APART * size * (len(pieces) - 1)
        for piece in pieces
    }
