"""Tables of contents in papers: they name what stands elsewhere, and lead nowhere themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from seekpoint.indexer.sources.papers.layout import Line

_PAGE_NUMBER = r"(?:\d{1,4}|[ivxlc]{1,7})"
_LED = re.compile(rf"(?:[.·…‥⋯]\s?){{4,}}\s*{_PAGE_NUMBER}", re.IGNORECASE)
_ENDS_IN_NUMBER = re.compile(rf"\S.*[\s.]{_PAGE_NUMBER}", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:table of )?contents|inhalt(?:sverzeichnis)?|table des matières|sommaire|índice|sumário|sommario"
    r"|目\s*[录錄次]|차\s*례|목\s*차|содержание|оглавление",
    re.IGNORECASE,
)
_FEWEST = 3
# Shares of the lines from the first entry to the last.
_LEAST_LED = 0.25
_LEAST_NUMBERED = 0.6


def without_contents(columns: Iterable[tuple[Line, ...]]) -> Iterator[tuple[Line, ...]]:
    """The columns without the entries of tables of contents, of figures and the like."""
    goes_on = False
    for column in columns:
        named = next((index for index, line in enumerate(column) if _NAMED.fullmatch(line.text)), None)
        first, last = _entries(column, 0 if goes_on or named is None else named, goes_on or named is not None)
        goes_on = last > first and last == len(column)
        if kept := column[:first] + column[last:]:
            yield kept


def _entries(column: Sequence[Line], start: int, is_named: bool) -> tuple[int, int]:
    """From which line to before which the entries stand; the same number twice where there are none."""
    led = [index for index, line in enumerate(column) if _LED.search(line.text)]
    numbered = [index for index, line in enumerate(column) if index >= start and _is_numbered(line)]
    if len(led) >= _FEWEST and len(led) >= _LEAST_LED * (led[-1] - led[0] + 1):
        return _widened(column, led[0], led[-1] + 1)
    if is_named and len(numbered) >= _FEWEST and len(numbered) >= _LEAST_NUMBERED * (len(column) - start):
        return numbered[0], numbered[-1] + 1
    return 0, 0


def _is_numbered(line: Line) -> bool:
    return _ENDS_IN_NUMBER.fullmatch(line.text) is not None


def _widened(column: Sequence[Line], first: int, last: int) -> tuple[int, int]:
    """Entries of the first rank often have no dots."""
    while first > 0 and _is_numbered(column[first - 1]):
        first -= 1
    while last < len(column) and _is_numbered(column[last]):
        last += 1
    return first, last
