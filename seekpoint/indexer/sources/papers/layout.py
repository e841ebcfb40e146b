"""The lines of a printed page in reading order, from where its glyphs stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count, groupby, pairwise
from typing import NamedTuple


class Span(NamedTuple):
    """Glyphs side by side, in points from the page's lower left corner; a leading space parts them from the last."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool


class Line(NamedTuple):
    """A line of a column; `column` numbers the columns in reading order, `page` the pages, the first being 1.

    `indent` is how far it begins from the column's left edge, `cells` how many parts wide gaps make of it.
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
    """The pieces of lines of a page as they were printed, its number, the first being 1, and where its paper ends."""

    pieces: tuple[Span, ...]
    number: int
    bottom: float
    top: float


# In sizes of the type: wider than a stretched space, narrower than the gutter of any two columns.
_WIDE_GAP = 1.0
_NARROW_GAP = 0.15
_FEWEST_LINES = 8
_FEWEST_LINES_ASIDE = 3
_CANDIDATES = 10
# Characters.
_SCRAP = 2
# Shares: of a column that a line of prose fills at least, and of the page where a gutter may lie.
_FULL = 0.6
_OUTER = 0.2
_LEAST_OVERLAP = 0.1
_BOLD = 0.9
# In points: a quote or a hyphen may hang out of its column.
_HANGING = 3.0


def page(spans: Iterable[Span], number: int, bottom: float, top: float) -> Page:
    """A page of which glyphs that stand close make a piece."""
    return Page(tuple(piece for piece in _pieces(spans) if piece.text), number, bottom, top)


def columns(pages: Iterable[Page]) -> Iterator[tuple[Line, ...]]:
    """The columns of all pages in reading order."""
    index = count()
    for each in pages:
        for pieces, number in zip(_in_reading_order(list(each.pieces)), index, strict=False):
            edge = min(piece.left for piece in pieces)
            yield tuple(_line(row, each.number, number, edge) for row in _rows(pieces))


def _line(row: list[Span], page: int, column: int, edge: float) -> Line:
    row = sorted(row, key=lambda piece: piece.left)
    whole = _merged(row, " ")
    gaps = sum(_distance(before, piece) > _WIDE_GAP * whole.size for before, piece in pairwise(row))
    return Line(*whole, page, column, whole.left - edge, gaps + 1)


def _pieces(spans: Iterable[Span]) -> Iterator[Span]:
    piece: list[Span] = []
    for span in spans:
        if piece and not _adjoins(piece, span):
            yield _merged(piece)
            piece = []
        piece.append(span)
    if piece:
        yield _merged(piece)


def _adjoins(piece: list[Span], span: Span) -> bool:
    main = max(piece, key=lambda part: part.size)
    widest = _WIDE_GAP * max(main.size, span.size)
    return _side_by_side(main, span) and -widest <= _distance(piece[-1], span) <= widest


def _distance(one: Span, other: Span) -> float:
    # Either may be the right one: Arabic and Hebrew run the other way.
    return max(other.left - one.right, one.left - other.right)


def _side_by_side(one: Span, other: Span, least: float = 0.5) -> bool:
    low = max(one.baseline - one.size / 4, other.baseline - other.size / 4)
    high = min(one.baseline + one.size * 3 / 4, other.baseline + other.size * 3 / 4)
    return high - low >= least * min(one.size, other.size)


def _merged(spans: list[Span], between: str = "") -> Span:
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
    return Span(" ".join(text.split()), left, right, main.baseline, main.size, bold)


class _Gutter(NamedTuple):
    """Where two columns part, and the outer edges of both."""

    left: float
    x: float
    right: float

    def is_filled_by(self, piece: Span) -> bool:
        if piece.left >= self.x:
            return piece.right - piece.left >= _FULL * (self.right - self.x)
        return piece.right <= self.x and piece.right - piece.left >= _FULL * (self.x - self.left)

    def is_crossed_by(self, piece: Span) -> bool:
        return piece.left < self.x < piece.right

    def parts(self, pieces: list[Span]) -> bool:
        if not _OUTER < (self.x - self.left) / (self.right - self.left or 1.0) < 1 - _OUTER:
            return False
        full = [piece for piece in pieces if self.is_filled_by(piece)]
        aside = sum(piece.left >= self.x for piece in full)
        return len(full) >= _FEWEST_LINES and _FEWEST_LINES_ASIDE <= aside <= len(full) - _FEWEST_LINES_ASIDE


def _in_reading_order(pieces: list[Span]) -> Iterator[list[Span]]:
    gutter = _gutter(pieces)
    across: list[Span] = []
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


def _gutter(pieces: list[Span]) -> _Gutter | None:
    if len(pieces) < _FEWEST_LINES:
        return None
    left, right = min(piece.left for piece in pieces), max(piece.right for piece in pieces)
    starts = Counter(round(piece.left) for piece in pieces).most_common(_CANDIDATES)
    gutters = [_Gutter(left, start - _HANGING, right) for start, lines in starts if lines >= _FEWEST_LINES_ASIDE]
    parting = [gutter for gutter in gutters if gutter.parts(pieces)]
    return min(parting, key=lambda gutter: sum(map(gutter.is_crossed_by, pieces)), default=None)


def _bands(pieces: list[Span], gutter: _Gutter) -> Iterator[list[Span]]:
    """From the top down, by turns what lies across the gutter and what lies beside it."""
    from_top = sorted(pieces, key=lambda piece: -piece.baseline)
    for _, band in groupby(from_top, key=gutter.is_crossed_by):
        yield list(band)


def _rows(pieces: list[Span]) -> Iterator[list[Span]]:
    row: list[Span] = []
    for piece in sorted(pieces, key=lambda piece: -piece.baseline):
        if row and not _shares_row(max(row, key=lambda part: len(part.text)), piece):
            yield row
            row = []
        row.append(piece)
    yield row


def _shares_row(main: Span, piece: Span) -> bool:
    if -_distance(main, piece) > min(main.right - main.left, piece.right - piece.left) / 2:
        return False
    # Exponents, limits and roots hang from their line by little.
    is_scrap = min(len(main.text), len(piece.text)) <= _SCRAP
    return _side_by_side(main, piece, _LEAST_OVERLAP if is_scrap else 0.5)
