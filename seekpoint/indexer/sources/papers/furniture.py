"""What a printed page has around its text: running heads and feet, page numbers, numbers of lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from seekpoint.indexer.sources.papers.layout import Page, Span

_OUTERMOST = 3
_LONGEST_NUMBERING = 40
_LONGEST_NUMBER = 5
# Shares of a page's height, and of the pages with a line at some height that is told to be a running head by itself.
_MARGIN = 0.15
_MOSTLY = 0.6
_FEWEST_PAGES = 3
# Titles of slides repeat too: a running head isn't larger than the text.
_LARGER = 1.08
# Share of the text's width: a line of prose is wider.
_WIDEST = 0.6
_FEWEST_LINES = 8
# In sizes of the type: entries of a list that are numbered are further apart.
_LINES_APART = 2.2
_NUMBERING = re.compile(
    r"(?:[^\w.]|page|seite|第|页|頁|共)*\d+(?:[^\w.]|of|von|页|頁|共|第)*\d*\W*|\W*[ivxlc]{1,7}\W*", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")


def without_furniture(pages: Sequence[Page]) -> list[Page]:
    """The pages with nothing but their text."""
    size = _usual_size(pages)
    pages = [_without(each, _line_numbers(each, size)) for each in pages]
    margins = [[piece for piece in _at_margins(each) if piece.size <= _LARGER * size] for each in pages]
    repeated = _repeated(margins)
    margins = [_loose(each, margin, repeated) for each, margin in zip(pages, margins, strict=True)]
    told = [{piece for piece in margin if _is_number(piece) or _look(piece) in repeated} for margin in margins]
    heights = _heights(margins, told)
    return [
        _without(each, {piece for piece in margin if piece in known or round(piece.baseline) in heights})
        for each, margin, known in zip(pages, margins, told, strict=True)
    ]


def _without(page: Page, around: set[Span]) -> Page:
    return page._replace(pieces=tuple(piece for piece in page.pieces if piece not in around))


def _usual_size(pages: Sequence[Page]) -> float:
    sizes: Counter[float] = Counter()
    for each in pages:
        for piece in each.pieces:
            sizes[round(piece.size, 1)] += len(piece.text)
    return max(sizes, key=lambda size: sizes[size], default=0.0)


def _at_margins(page: Page) -> list[Span]:
    """What stands on the outermost lines of a page, as far as these are in its margins."""
    margin = _MARGIN * (page.top - page.bottom)
    low = [piece for piece in page.pieces if piece.baseline < page.bottom + margin]
    high = [piece for piece in page.pieces if piece.baseline > page.top - margin]
    lowest = sorted({round(piece.baseline) for piece in low})[:_OUTERMOST]
    highest = sorted({round(piece.baseline) for piece in high})[-_OUTERMOST:]
    return [piece for piece in (*low, *high) if round(piece.baseline) in (*lowest, *highest)]


def _repeated(margins: Sequence[Sequence[Span]]) -> set[tuple[str, int]]:
    seen = Counter[tuple[str, int]]()
    for pieces in margins:
        seen.update(set(map(_look, pieces)))
    return {(text, height) for (text, height), count in seen.items() if count >= _fewest(text)}


def _fewest(text: str) -> int:
    return 2 if sum(map(str.isalpha, text)) > 1 else _FEWEST_PAGES


def _look(piece: Span) -> tuple[str, int]:
    """What it says, without what changes from page to page, and its height. A date alone doesn't change."""
    undated = _DIGITS.sub("", piece.text).casefold()
    return undated if any(map(str.isalpha, undated)) else piece.text, round(piece.baseline)


def _is_number(piece: Span) -> bool:
    return len(piece.text) <= _LONGEST_NUMBERING and _NUMBERING.fullmatch(piece.text) is not None


def _loose(page: Page, margin: Sequence[Span], repeated: set[tuple[str, int]]) -> list[Span]:
    """Without lines that are as full as the text's: a number in such is no page number."""
    width = max((piece.right for piece in page.pieces), default=0.0)
    width -= min((piece.left for piece in page.pieces), default=0.0)
    filled = Counter[int]()
    for piece in margin:
        filled[round(piece.baseline)] += 0 if _look(piece) in repeated else round(piece.right - piece.left)
    return [piece for piece in margin if _look(piece) in repeated or filled[round(piece.baseline)] <= _WIDEST * width]


def _heights(margins: Sequence[Sequence[Span]], told: Sequence[set[Span]]) -> set[int]:
    """Where running heads stand, whatever they say: they may name the section that a page is of."""
    filled, held = Counter[int](), Counter[int]()
    for margin, known in zip(margins, told, strict=True):
        filled.update({round(piece.baseline) for piece in margin})
        held.update({round(piece.baseline) for piece in known})
    return {height for height, count in held.items() if count >= max(_FEWEST_PAGES, _MOSTLY * filled[height])}


def _line_numbers(page: Page, size: float) -> set[Span]:
    """Numbers below each other that count the lines beside them, as manuscripts have them."""
    aligned: dict[tuple[bool, int], list[Span]] = {}
    for piece in sorted(page.pieces, key=lambda piece: -piece.baseline):
        if len(piece.text) <= _LONGEST_NUMBER and piece.text.isdecimal():
            aligned.setdefault((False, round(piece.left)), []).append(piece)
            aligned.setdefault((True, round(piece.right)), []).append(piece)
    return {piece for pieces in aligned.values() if _counts_lines(pieces, size) for piece in pieces}


def _counts_lines(pieces: Sequence[Span], size: float) -> bool:
    if len(pieces) < _FEWEST_LINES or any(int(below.text) - int(above.text) != 1 for above, below in pairwise(pieces)):
        return False
    return pieces[0].baseline - pieces[-1].baseline < _LINES_APART * size * (len(pieces) - 1)
