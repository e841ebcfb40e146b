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
    pieces: list[list[TextSpan]] = []
    for span in spans:
        if pieces:
            main = max(pieces[-1], key=lambda part: part.size)
            widest = _WIDE_GAP * max(main.size, span.size)
            if _side_by_side(main, span) and -widest <= _distance(pieces[-1][-1], span) <= widest:
                pieces[-1].append(span)
                continue
        pieces.append([span])
    return Page(tuple(piece for piece in map(_merged, pieces) if piece.text), number, bottom, top)


def columns(pages: Iterable[Page]) -> Iterator[tuple[TextLine, ...]]:
    """The columns of all pages in reading order."""
    index = count()
    for each in pages:
        for pieces in _in_reading_order(list(each.pieces)):
            column = next(index)
            edge = min(piece.left for piece in pieces)
            lines = []
            for row in _rows(pieces):
                row.sort(key=lambda piece: piece.left)
                whole = _merged(row, " ")
                gaps = sum(_distance(before, piece) > _WIDE_GAP * whole.size for before, piece in pairwise(row))
                lines.append(TextLine(*whole, each.number, column, whole.left - edge, gaps + 1))
            yield tuple(lines)


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
    if gutter is None:
        if pieces:
            yield pieces
        return
    across: list[TextSpan] = []
    # Bands from top to bottom, alternately across the gutter and beside it.
    for _, grouped in groupby(sorted(pieces, key=lambda piece: -piece.baseline), key=gutter.is_crossed_by):
        band = list(grouped)
        if sum(map(gutter.is_filled_by, band)) < 2:
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


def _rows(pieces: list[TextSpan]) -> list[list[TextSpan]]:
    rows: list[list[TextSpan]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.baseline):
        if rows:
            main = max(rows[-1], key=lambda part: len(part.text))
            is_beside = -_distance(main, piece) <= min(main.right - main.left, piece.right - piece.left) / 2
            # Exponents, limits and roots overlap their line only a little.
            is_scrap = min(len(main.text), len(piece.text)) <= _SCRAP
            if is_beside and _side_by_side(main, piece, _LEAST_OVERLAP if is_scrap else 0.5):
                rows[-1].append(piece)
                continue
        rows.append([piece])
    return rows


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
        """Join consecutive lines with the right separators."""
        parts: list[str] = []
        for line in lines:
            if parts:
                before = parts[-1]
                hyphenated, word = _hyphenated_word(before), _WORD.match(line)
                if hyphenated and word:
                    is_compound = self._is_compound(hyphenated[1], word[0], soft=before.endswith("\xad"))
                    parts[-1] = before[:-1] + "-" * is_compound
                elif not (is_unspaced(before[-1:], line[:1]) or before.endswith(("—", "/"))):
                    parts[-1] += " "
            parts.append(line)
        return "".join(parts)

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
