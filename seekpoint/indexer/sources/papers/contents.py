"""Removes tables of contents from papers: as search results, they would hide the sections that they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from seekpoint.indexer.sources.papers.layout import TextLine

_PAGE_NUMBER = r"(?:\d{1,4}|[ivxlc]{1,7})"
_DOT_LEADERS = re.compile(rf"(?:[.·…‥⋯]\s?){{4,}}\s*{_PAGE_NUMBER}", re.IGNORECASE)
_ENDS_IN_NUMBER = re.compile(rf"\S.*[\s.]{_PAGE_NUMBER}", re.IGNORECASE)
_TITLE = re.compile(
    r"(?:table of )?contents|inhalt(?:sverzeichnis)?|table des matières|sommaire|índice|sumário|sommario"
    r"|目\s*[录錄次]|차\s*례|목\s*차|содержание|оглавление",
    re.IGNORECASE,
)
_FEWEST = 3
# Shares of the lines between the first and the last entry.
_LEAST_DOTTED = 0.25
_LEAST_NUMBERED = 0.6


def without_contents(columns: Iterable[tuple[TextLine, ...]]) -> Iterator[tuple[TextLine, ...]]:
    """The columns without the entries of tables of contents, lists of figures etc."""
    continues = False
    for column in columns:
        title_line = next((index for index, line in enumerate(column) if _TITLE.fullmatch(line.text)), None)
        start = 0 if continues or title_line is None else title_line
        first, last = _entries(column, start, continues or title_line is not None)
        continues = last > first and last == len(column)
        if kept := column[:first] + column[last:]:
            yield kept


def _entries(column: Sequence[TextLine], start: int, has_title: bool) -> tuple[int, int]:
    """The range of lines with entries, its end exclusive; empty if there are none."""
    dotted = [index for index, line in enumerate(column) if _DOT_LEADERS.search(line.text)]
    numbered = [index for index, line in enumerate(column) if index >= start and _is_numbered(line)]
    if len(dotted) >= _FEWEST and len(dotted) >= _LEAST_DOTTED * (dotted[-1] - dotted[0] + 1):
        return _extended(column, dotted[0], dotted[-1] + 1)
    if has_title and len(numbered) >= _FEWEST and len(numbered) >= _LEAST_NUMBERED * (len(column) - start):
        return numbered[0], numbered[-1] + 1
    return 0, 0


def _is_numbered(line: TextLine) -> bool:
    return _ENDS_IN_NUMBER.fullmatch(line.text) is not None


def _extended(column: Sequence[TextLine], first: int, last: int) -> tuple[int, int]:
    """The range extended by numbered lines around it: top-level entries often have no dot leaders."""
    while first > 0 and _is_numbered(column[first - 1]):
        first -= 1
    while last < len(column) and _is_numbered(column[last]):
        last += 1
    return first, last
