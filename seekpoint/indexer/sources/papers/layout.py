"""Page layout: from the positions of glyphs to lines and columns in reading order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count, groupby, pairwise
from typing import NamedTuple


class TextSpan(NamedTuple):
    """Adjacent glyphs; points from the page's lower left corner. A leading space separates it from the last span."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool


class TextLine(NamedTuple):
    """A line of a column; `column` counts the columns in reading order, `page` the pages, from 1.

    `indent` is its distance from the column's left edge, `cells` the number of its parts between wide gaps.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool
    page: int
    column: int
    indent: float
    cells: int


class Page(NamedTuple):
    """The pieces of a page's lines, in drawing order, its number, from 1, and the lower and upper edge of the paper."""

    pieces: tuple[TextSpan, ...]
    number: int
    bottom: float
    top: float


# In font sizes: wider than a justified space, narrower than any gutter between columns.
_WIDE_GAP = 1.0
_NARROW_GAP = 0.15
_FEWEST_LINES = 8
_FEWEST_LINES_ASIDE = 3
_CANDIDATES = 10
# Characters.
_SCRAP = 2
# Shares of the width: of a line of prose in its column, and of the page's margins without a gutter.
_FULL = 0.6
_OUTER = 0.2
_LEAST_OVERLAP = 0.1
_BOLD = 0.9
# In points: a quotation mark or a hyphen may hang out of its column, or the label [10] where most are like [9].
_HANGING = (3.0, 12.0)


def page(spans: Iterable[TextSpan], number: int, bottom: float, top: float) -> Page:
    """A page with close spans merged into pieces of lines."""
    return Page(tuple(piece for piece in _pieces(spans) if piece.text), number, bottom, top)


def columns(pages: Iterable[Page]) -> Iterator[tuple[TextLine, ...]]:
    """The columns of all pages in reading order."""
    index = count()
    for each in pages:
        for pieces, number in zip(_in_reading_order(list(each.pieces)), index, strict=False):
            edge = min(piece.left for piece in pieces)
            yield tuple(_line(row, each.number, number, edge) for row in _rows(pieces))


def _line(row: list[TextSpan], page: int, column: int, edge: float) -> TextLine:
    row = sorted(row, key=lambda piece: piece.left)
    whole = _merged(row, " ")
    gaps = sum(_distance(before, piece) > _WIDE_GAP * whole.size for before, piece in pairwise(row))
    return TextLine(*whole, page, column, whole.left - edge, gaps + 1)


def _pieces(spans: Iterable[TextSpan]) -> Iterator[TextSpan]:
    piece: list[TextSpan] = []
    for span in spans:
        if piece and not _adjoins(piece, span):
            yield _merged(piece)
            piece = []
        piece.append(span)
    if piece:
        yield _merged(piece)


def _adjoins(piece: list[TextSpan], span: TextSpan) -> bool:
    main = max(piece, key=lambda part: part.size)
    widest = _WIDE_GAP * max(main.size, span.size)
    return _side_by_side(main, span) and -widest <= _distance(piece[-1], span) <= widest


def _distance(first: TextSpan, second: TextSpan) -> float:
    # Either may be on the right: Arabic and Hebrew run right to left.
    return max(second.left - first.right, first.left - second.right)


def _side_by_side(first: TextSpan, second: TextSpan, least: float = 0.5) -> bool:
    low = max(first.baseline - first.size / 4, second.baseline - second.size / 4)
    high = min(first.baseline + first.size * 3 / 4, second.baseline + second.size * 3 / 4)
    return high - low >= least * min(first.size, second.size)


def _merged(spans: list[TextSpan], between: str = "") -> TextSpan:
    sizes: Counter[float] = Counter()
    for span in spans:
        sizes[round(span.size, 1)] += len(span.text)
    size = max(sizes, key=lambda each: (sizes[each], each))
    main = next(span for span in spans if round(span.size, 1) == size)
    text = spans[0].text
    for before, span in pairwise(spans):
        text += between or (" " if _distance(before, span) > _NARROW_GAP * main.size else "")
        text += span.text
    bold = sum(len(span.text) for span in spans if span.bold) > _BOLD * sum(len(span.text) for span in spans)
    left, right = min(span.left for span in spans), max(span.right for span in spans)
    return TextSpan(" ".join(text.split()), left, right, main.baseline, main.size, bold)


class _Gutter(NamedTuple):
    """A gap between two columns at `x`, and the outer edges of both."""

    left: float
    x: float
    right: float

    def is_filled_by(self, piece: TextSpan) -> bool:
        if piece.left >= self.x:
            return piece.right - piece.left >= _FULL * (self.right - self.x)
        return piece.right <= self.x and piece.right - piece.left >= _FULL * (self.x - self.left)

    def is_crossed_by(self, piece: TextSpan) -> bool:
        return piece.left < self.x < piece.right

    def separates(self, pieces: list[TextSpan]) -> bool:
        if not _OUTER < (self.x - self.left) / (self.right - self.left or 1.0) < 1 - _OUTER:
            return False
        full = [piece for piece in pieces if self.is_filled_by(piece)]
        right_lines = sum(piece.left >= self.x for piece in full)
        return len(full) >= _FEWEST_LINES and _FEWEST_LINES_ASIDE <= right_lines <= len(full) - _FEWEST_LINES_ASIDE


def _in_reading_order(pieces: list[TextSpan]) -> Iterator[list[TextSpan]]:
    gutter = _gutter(pieces)
    across: list[TextSpan] = []
    for band in _bands(pieces, gutter) if gutter else [pieces]:
        if gutter is None or sum(map(gutter.is_filled_by, band)) < 2:
            across += band
            continue
        if across:
            yield across
            across = []
        yield from _in_reading_order([piece for piece in band if piece.left < gutter.x])
        yield from _in_reading_order([piece for piece in band if piece.left >= gutter.x])
    if across:
        yield across


def _gutter(pieces: list[TextSpan]) -> _Gutter | None:
    if len(pieces) < _FEWEST_LINES:
        return None
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    starts = Counter(round(piece.left) for piece in pieces).most_common(_CANDIDATES)
    frequent = [start for start, lines in starts if lines >= _FEWEST_LINES_ASIDE]
    gutters = [_Gutter(left, start - hanging, right) for start in frequent for hanging in _HANGING]
    separating = [gutter for gutter in gutters if gutter.separates(pieces)]
    return min(separating, key=lambda gutter: sum(map(gutter.is_crossed_by, pieces)), default=None)


def _bands(pieces: list[TextSpan], gutter: _Gutter) -> Iterator[list[TextSpan]]:
    """Bands from top to bottom, alternately across the gutter and beside it."""
    from_top = sorted(pieces, key=lambda piece: -piece.baseline)
    for _, band in groupby(from_top, key=gutter.is_crossed_by):
        yield list(band)


def _rows(pieces: list[TextSpan]) -> Iterator[list[TextSpan]]:
    row: list[TextSpan] = []
    for piece in sorted(pieces, key=lambda piece: -piece.baseline):
        if row and not _shares_row(max(row, key=lambda part: len(part.text)), piece):
            yield row
            row = []
        row.append(piece)
    yield row


def _shares_row(main: TextSpan, piece: TextSpan) -> bool:
    if -_distance(main, piece) > min(main.right - main.left, piece.right - piece.left) / 2:
        return False
    # Exponents, limits and roots overlap their line only a little.
    is_scrap = min(len(main.text), len(piece.text)) <= _SCRAP
    return _side_by_side(main, piece, _LEAST_OVERLAP if is_scrap else 0.5)


_WIDE = "\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_STARTS_WIDE = re.compile(f"[{_WIDE}]")
_WORD = re.compile(r"[^\W_]+(?:[-‐][^\W_]+)*")
_LAST_WORD = re.compile(r"([^\W_]+(?:[-‐][^\W_]+)*)[-‐\xad]$")
_SENTENCE_END = re.compile(r"""[.!?:…。！？：][)\]"'”’»」』）》]*$""")
# Letters: shorter parts of a hyphenated word are syllables rather than parts of a compound.
_LEAST_PART = 5
_LONGEST_WORD = 80


def is_wide(text: str) -> bool:
    """Whether a text begins in a script without spaces: Chinese or Japanese."""
    return _STARTS_WIDE.match(text) is not None


def is_unspaced(before: str, after: str) -> bool:
    """Whether no space belongs between two characters: one is wide, and the other is wide or punctuation."""
    wide, marks = (is_wide(before), is_wide(after)), (not before.isalnum(), not after.isalnum())
    return all(wide) or (wide[0] and marks[1]) or (marks[0] and wide[1])


def ends_sentence(text: str) -> bool:
    """Whether a text ends like a sentence, or with a colon."""
    return _SENTENCE_END.search(text) is not None


def starts_lower(text: str) -> bool:
    """Whether a text begins with a lower-case letter."""
    return text[:1].islower()


def first_word(text: str) -> str:
    """The first word, or the first character of an unspaced script: the least that a line break can move."""
    return text[:1] if is_wide(text) else text.split(maxsplit=1)[0]


def _hyphenated_word(line: str) -> re.Match[str] | None:
    return _LAST_WORD.search(line[-_LONGEST_WORD:])


class LineJoiner:
    """Joins lines; a hyphen at the end of one is kept if the text hyphenates the word elsewhere."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        for line in lines:
            hyphenated = _hyphenated_word(line)
            whole = line[: -len(hyphenated[0])] if hyphenated else line
            self._words.update(_WORD.findall(whole.casefold().replace("‐", "-")))

    def join(self, lines: Iterable[str]) -> str:
        """Join consecutive lines."""
        parts: list[str] = []
        last = ""
        for line in lines:
            parts[-1:] = [*self._seam(last, line)] if parts else [line]
            last = parts[-1]
        return "".join(parts)

    def _seam(self, before: str, line: str) -> tuple[str, str]:
        """Both lines, with the right separator between them."""
        hyphenated, word = _hyphenated_word(before), _WORD.match(line)
        if hyphenated and word:
            is_compound = self._is_compound(hyphenated[1], word[0], soft=before.endswith("\xad"))
            return before[:-1] + "-" * is_compound, line
        if is_unspaced(before[-1:], line[:1]) or before.endswith(("—", "/")):
            return before, line
        return f"{before} ", line

    def _is_compound(self, first: str, second: str, soft: bool) -> bool:
        first, second = first.replace("‐", "-"), second.replace("‐", "-")
        compound, word = self._words[f"{first}-{second}".casefold()], self._words[(first + second).casefold()]
        if compound or word:
            return compound > word
        if soft:
            return False
        if not (first[-1].isalpha() and second[0].islower()):
            return True
        if "-" in first or "-" in second:
            return not self._words[(first.rpartition("-")[2] + second.partition("-")[0]).casefold()]
        return self._words[first.casefold()] > 0 and min(len(first), len(second)) >= _LEAST_PART
