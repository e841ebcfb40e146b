"""The lines of a paper made into paragraphs, headings and references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from seekpoint.index.text.clean import clean
from seekpoint.indexer.sources.papers.headings import Headings, OutlineEntry, Paragraph, is_caption, with_references
from seekpoint.indexer.sources.papers.layout import Line
from seekpoint.indexer.sources.papers.lines import Joiner, ends_sentence, first_word, is_wide, starts_lower
from seekpoint.indexer.transcript.blocks import Block, Role

# In sizes of the type.
_INDENT = 0.8
_WORD_SPACE = 0.5
_WIDE_WORD = 2.0
_SAME_SIZE = 0.08
_USUAL_SPACING = 1.25
_SPACINGS = (0.9, 2.2)
# In line spacings.
_PARTED = 1.22
_FEWEST_LIKE = 3
_NEIGHBOURS = 2
_BULLET = re.compile(r"[•▪●◦‣·■□◆➢✓*–—-]\s+\S")
_ENUMERATOR = re.compile(r"(?:\(?\d{1,2}[.)]|\(?[a-z]\))\s")
# Characters of a paragraph of one line that is no row of a table.
_LEAST_PROSE = 60
_PAGES_APART = 2
_LEAST_TITLE = 4


def blocks(columns: Sequence[Sequence[Line]], outline: Iterable[OutlineEntry]) -> tuple[str | None, tuple[Block, ...]]:
    """The title as it is printed, if any text is larger than the body, and all blocks in reading order."""
    usual = _Usual.of(columns)
    headings = Headings(outline)
    paragraphs = [each for column in columns for each in _paragraphs(column, usual, headings)]
    headings.mark(paragraphs, usual.size, usual.bold)
    joiner = Joiner(line.text for column in columns for line in column)
    title = _title(paragraphs, usual)
    if title:
        title.role = Role.HEADING
    whole = _continued(with_references(paragraphs), usual)
    made = (Block(clean(joiner.joined(line.text for line in each.lines)), each.role, page=each.page) for each in whole)
    printed = clean(joiner.joined(line.text for line in title.lines)) if title else None
    return printed, tuple(block for block in made if block.text)


@dataclass(frozen=True, slots=True)
class _Usual:
    """What most of a paper is set in: size and weight of its type, and of each size the distance of its lines."""

    size: float
    bold: bool
    spacings: dict[int, float]

    @classmethod
    def of(cls, columns: Sequence[Sequence[Line]]) -> _Usual:
        styles: Counter[tuple[float, bool]] = Counter()
        spacings: dict[int, Counter[float]] = {}
        for column in columns:
            for line in column:
                styles[round(line.size, 1), line.bold] += len(line.text)
            for before, line in pairwise(column):
                spacing = (before.baseline - line.baseline) / line.size
                if _is_same_size(before, line) and _SPACINGS[0] < spacing < _SPACINGS[1]:
                    spacings.setdefault(round(line.size), Counter())[round(spacing, 1)] += 1
        size, bold = max(styles, key=lambda style: styles[style], default=(10.0, False))
        often = {size: counted.most_common(1)[0] for size, counted in spacings.items()}
        return cls(size, bold, {size: spacing for size, (spacing, count) in often.items() if count >= _FEWEST_LIKE})

    def spacing(self, size: float) -> float:
        return self.spacings.get(round(size), _USUAL_SPACING) * size

    def is_body(self, line: Line) -> bool:
        return abs(line.size - self.size) <= _SAME_SIZE * self.size


def _is_same_size(one: Line, other: Line) -> bool:
    return abs(one.size - other.size) <= _SAME_SIZE * max(one.size, other.size)


def _title(paragraphs: Sequence[Paragraph], usual: _Usual) -> Paragraph | None:
    larger = [
        each
        for each in paragraphs
        if each.page == 1 and each.lines[0].size > usual.size * (1 + _SAME_SIZE) and len(each.text) >= _LEAST_TITLE
    ]
    return max(larger, key=lambda each: each.style, default=None)


def _paragraphs(column: Sequence[Line], usual: _Usual, headings: Headings) -> Iterator[Paragraph]:
    named = [headings.names(line.text, line.page) for line in column]
    first = 0
    for index in range(1, len(column)):
        if named[index - 1] or named[index] or _parts(column, first, index, usual):
            yield Paragraph(list(column[first:index]))
            first = index
    yield Paragraph(list(column[first:]))


def _parts(column: Sequence[Line], first: int, index: int, usual: _Usual) -> bool:
    """Whether a paragraph that began with line `first` ends before line `index`."""
    before, line = column[index - 1], column[index]
    if not _is_same_size(before, line) or before.bold != line.bold:
        return True
    if before.baseline - line.baseline > _PARTED * usual.spacing(line.size):
        return True
    if max(before.cells, line.cells) > 2 or min(before.cells, line.cells) > 1:
        return True
    if line.size > usual.size * (1 + _SAME_SIZE) or line.bold > usual.bold:
        return False
    if _BULLET.match(line.text) or (_ENUMERATOR.match(line.text) and ends_sentence(before.text)):
        return True
    return _is_shifted(column, first, index) or _ends_short(column, index)


def _is_shifted(column: Sequence[Line], first: int, index: int) -> bool:
    before, line = column[index - 1], column[index]
    shift = (line.left - before.left) / line.size
    begins = index - first == 1
    is_item = begins and bool(_BULLET.match(before.text) or _ENUMERATOR.match(before.text))
    if shift > _INDENT:
        goes_back = index + 1 < len(column) and column[index + 1].left < line.left - _INDENT * line.size / 2
        return not is_item and (goes_back or ends_sentence(before.text))
    return shift < -_INDENT and (is_item or not begins)


def _ends_short(column: Sequence[Line], index: int) -> bool:
    before, line = column[index - 1], column[index]
    if starts_lower(line.text) and not ends_sentence(before.text):
        return False
    near = column[max(0, index - 1 - _NEIGHBOURS) : index + 1 + _NEIGHBOURS]
    room = max(other.right for other in near if _is_same_size(other, before)) - before.right
    word = first_word(line.text)
    if is_wide(word):
        return room > _WIDE_WORD * line.size
    return room > _WORD_SPACE * line.size + (line.right - line.left) * len(word) / len(line.text)


def _continued(paragraphs: Iterable[Paragraph], usual: _Usual) -> list[Paragraph]:
    """The paragraphs, with those whole again that a column or a page broke."""
    whole: list[Paragraph] = []
    last: Paragraph | None = None
    for each in paragraphs:
        if last and _continues(last, each):
            last.lines += each.lines
            continue
        whole.append(each)
        if each.role is not Role.BODY:
            last = None
        elif usual.is_body(each.lines[-1]) and _is_prose(each):
            last = each
    return whole


def _is_prose(paragraph: Paragraph) -> bool:
    text = paragraph.text
    is_row = len(paragraph.lines) == 1 and paragraph.lines[0].cells > 1
    return (
        not is_row
        and not is_caption(text)
        and (len(paragraph.lines) > 1 or len(text) >= _LEAST_PROSE or ends_sentence(text))
    )


def _continues(last: Paragraph, rest: Paragraph) -> bool:
    before, line = last.lines[-1], rest.lines[0]
    if rest.role is not Role.BODY or line.column == before.column or line.page - before.page > _PAGES_APART:
        return False
    if ends_sentence(before.text) or not _is_same_size(before, line):
        return False
    return starts_lower(line.text) or (is_wide(line.text) and line.indent < _INDENT * line.size)
