"""Groups the lines of a paper into paragraphs, headings and references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from seekpoint.index.text.clean import clean
from seekpoint.indexer.sources.papers.headings import (
    HeadingDetector,
    OutlineEntry,
    PdfParagraph,
    is_caption,
    with_references,
)
from seekpoint.indexer.sources.papers.layout import (
    LineJoiner,
    TextLine,
    ends_sentence,
    is_wide,
)
from seekpoint.indexer.transcript.text_timeline import Block, Role

# In font sizes.
_INDENT = 0.8
_WORD_SPACE = 0.5
_WIDE_WORD = 2.0
_SAME_SIZE = 0.08
_USUAL_SPACING = 1.25
_SPACINGS = (0.9, 2.2)
# In line spacings.
_PARAGRAPH_SPACING = 1.22
_FEWEST_LIKE = 3
_NEIGHBOURS = 2
_BULLET = re.compile(r"[•▪●◦‣·■□◆➢✓*–—-]\s+\S")
_ENUMERATOR = re.compile(r"(?:\(?\d{1,2}[.)]|\(?[a-z]\))\s")
# Characters: a shorter paragraph of one line may be the row of a table.
_LEAST_PROSE = 60
_LEAST_TITLE = 4


def blocks(
    columns: Sequence[Sequence[TextLine]], outline: Iterable[OutlineEntry]
) -> tuple[str | None, tuple[Block, ...]]:
    """The printed title, if any text is larger than the body, and all blocks in reading order."""
    usual = _Usual.of(columns)
    headings = HeadingDetector(outline)
    paragraphs = [each for column in columns for each in _paragraphs(column, usual, headings)]
    headings.mark(paragraphs, usual.size, usual.bold)
    joiner = LineJoiner(line.text for column in columns for line in column)

    def joined(paragraph: PdfParagraph) -> str:
        return clean(joiner.join(line.text for line in paragraph.lines))

    larger = [
        each
        for each in paragraphs
        if each.page == 1 and each.lines[0].size > usual.size * (1 + _SAME_SIZE) and len(each.text) >= _LEAST_TITLE
    ]
    title = max(larger, key=lambda each: each.style, default=None)
    if title:
        title.role = Role.HEADING
    whole = _continued(with_references(paragraphs), usual)
    made = (Block(joined(each), each.role, page=each.page) for each in whole)
    return joined(title) if title else None, tuple(block for block in made if block.text)


@dataclass(frozen=True, slots=True)
class _Usual:
    """The style of most of a paper: font size, weight, and line spacing by font size."""

    size: float
    bold: bool
    spacings: dict[int, float]

    @classmethod
    def of(cls, columns: Sequence[Sequence[TextLine]]) -> _Usual:
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
        frequent = {size: counted.most_common(1)[0] for size, counted in spacings.items()}
        return cls(size, bold, {size: spacing for size, (spacing, count) in frequent.items() if count >= _FEWEST_LIKE})

    def spacing(self, size: float) -> float:
        return self.spacings.get(round(size), _USUAL_SPACING) * size


def _is_same_size(first: TextLine, second: TextLine) -> bool:
    return abs(first.size - second.size) <= _SAME_SIZE * max(first.size, second.size)


def _paragraphs(column: Sequence[TextLine], usual: _Usual, headings: HeadingDetector) -> Iterator[PdfParagraph]:
    is_heading = [headings.is_heading_text(line.text, line.page) for line in column]
    first = 0
    for index in range(1, len(column)):
        if is_heading[index - 1] or is_heading[index] or _ends_before(column, first, index, usual):
            yield PdfParagraph(list(column[first:index]))
            first = index
    yield PdfParagraph(list(column[first:]))


def _ends_before(column: Sequence[TextLine], first: int, index: int, usual: _Usual) -> bool:
    """Whether the paragraph that begins with line `first` ends before line `index`."""
    before, line = column[index - 1], column[index]
    if not _is_same_size(before, line) or before.bold != line.bold:
        return True
    if before.baseline - line.baseline > _PARAGRAPH_SPACING * usual.spacing(line.size):
        return True
    if max(before.cells, line.cells) > 2 or min(before.cells, line.cells) > 1:
        return True
    if line.size > usual.size * (1 + _SAME_SIZE) or line.bold > usual.bold:
        return False
    if _BULLET.match(line.text) or (_ENUMERATOR.match(line.text) and ends_sentence(before.text)):
        return True
    return _is_shifted(column, first, index) or _ends_short(column, index)


def _is_shifted(column: Sequence[TextLine], first: int, index: int) -> bool:
    before, line = column[index - 1], column[index]
    shift = (line.left - before.left) / line.size
    begins = index - first == 1
    is_item = begins and bool(_BULLET.match(before.text) or _ENUMERATOR.match(before.text))
    if shift > _INDENT:
        if is_caption(column[first].text) and not ends_sentence(before.text):
            return False  # the last line of a caption may be centred
        goes_back = index + 1 < len(column) and column[index + 1].left < line.left - _INDENT * line.size / 2
        return not is_item and (goes_back or ends_sentence(before.text))
    return shift < -_INDENT and (is_item or not begins)


def _ends_short(column: Sequence[TextLine], index: int) -> bool:
    before, line = column[index - 1], column[index]
    if line.text[:1].islower() and not ends_sentence(before.text):
        return False
    neighbours = column[max(0, index - 1 - _NEIGHBOURS) : index + 1 + _NEIGHBOURS]
    room = max(other.right for other in neighbours if _is_same_size(other, before)) - before.right
    # A line break moves the first word at least, or the first character of an unspaced script.
    if is_wide(line.text):
        return room > _WIDE_WORD * line.size
    word = line.text.split(maxsplit=1)[0]
    return room > _WORD_SPACE * line.size + (line.right - line.left) * len(word) / len(line.text)


def _continued(paragraphs: Iterable[PdfParagraph], usual: _Usual) -> list[PdfParagraph]:
    """The paragraphs, with those rejoined that a column or page break split."""
    whole: list[PdfParagraph] = []
    last: PdfParagraph | None = None
    for each in paragraphs:
        if last and _continues(last, each):
            last.lines += each.lines
            continue
        whole.append(each)
        if each.role is not Role.BODY:
            last = None
        elif abs(each.lines[-1].size - usual.size) <= _SAME_SIZE * usual.size and not is_caption(each.text):
            is_row = each.lines[0].cells > 1
            is_prose = not is_row and (len(each.text) >= _LEAST_PROSE or ends_sentence(each.text))
            if len(each.lines) > 1 or is_prose:
                last = each
    return whole


def _continues(last: PdfParagraph, rest: PdfParagraph) -> bool:
    before, line = last.lines[-1], rest.lines[0]
    if rest.role is not Role.BODY or line.column == before.column:
        return False
    if ends_sentence(before.text) or not _is_same_size(before, line):
        return False
    is_rest = is_wide(line.text) and line.indent < _INDENT * line.size and not is_caption(line.text)
    return line.text[:1].islower() or is_rest
