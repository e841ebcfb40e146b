"""Removes tables of contents and lists of figures, which name what the paper says elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from seekpoint.indexer.sources.papers.headings import title_keys
from seekpoint.indexer.sources.papers.layout import TextLine

_PAGE_NUMBER = re.compile(
    r"(?:\A|(?<=[\s.·…‥⋯]))(?:(\d{1,4})|(?=[ivxlc])c{0,3}(?:x[cl]|l?x{0,3})(?:i[xv]|v?i{0,3}))\Z", re.IGNORECASE
)
_LEADERS = ".·…‥⋯"
_FEWEST_LEADERS = 4
# Characters.
_LONGEST_PAGE_NUMBER = 10
_TITLE = re.compile(
    r"(?:table of )?contents|lists? of (?:figures|tables|illustrations)|inhalt(?:sverzeichnis)?"
    r"|(?:abbildungs|tabellen)verzeichnis|table des (?:matières|figures)|sommaire|índice|sumário|sommario"
    r"|[图圖表插附]*\s*目\s*[录錄次]|차\s*례|목\s*차|содержание|оглавление",
    re.IGNORECASE,
)
_FEWEST = 3
# Lines between two entries with leaders: of entries without them, and of titles that take several lines.
_MOST_BETWEEN = 3
_LEAST_NUMBERED = 0.6
"""The share of the lines between the first and the last entry, where none has leaders."""
# The shares of page numbers that are lower than the one before, and of titles that stand elsewhere too.
_MOST_FALLING = 0.1
_LEAST_ELSEWHERE = 0.5


class _Entry(NamedTuple):
    """A line that ends in a page number, which is `None` if it is Roman, after leaders or a space."""

    title: str
    page: int | None
    has_leaders: bool


def without_contents(columns: Sequence[tuple[TextLine, ...]]) -> Iterator[tuple[TextLine, ...]]:
    """The columns without the entries of tables of contents.

    Forms, worksheets and price lists have leaders and numbers too. Here the numbers rise, and a heading says "Contents"
    or most titles stand elsewhere in the text.
    """
    entries = [[_entry(line.text) for line in column] for column in columns]
    titles: set[str] = set()
    if sum(each is not None for each in chain(*entries)) >= _FEWEST:
        texts = (line.text for column in columns for line in column)
        # A heading may take two lines.
        two = (f"{first.text} {second.text}" for column in columns for first, second in pairwise(column))
        titles = {key for text in chain(texts, two) for key in title_keys(text)}
    continues = False
    for column, numbered in zip(columns, entries, strict=True):
        title_line = next((index for index, line in enumerate(column) if _TITLE.fullmatch(line.text)), None)
        start = 0 if continues else title_line
        removed = {index for listed in _lists(numbered, start, titles) for index in listed}
        continues = len(column) - 1 in removed
        if kept := tuple(line for index, line in enumerate(column) if index not in removed):
            yield kept


def _entry(text: str) -> _Entry | None:
    number = _PAGE_NUMBER.search(text, max(0, len(text) - _LONGEST_PAGE_NUMBER))
    if number is None or not number.start():
        return None
    before = text[: number.start()]
    title = before.rstrip(f"{_LEADERS} ")
    has_leaders = sum(map(before[len(title) :].count, _LEADERS)) >= _FEWEST_LEADERS
    return _Entry(title, int(number[1]) if number[1] else None, has_leaders)


def _lists(entries: Sequence[_Entry | None], start: int | None, titles: set[str]) -> Iterator[range]:
    """The lines of each table of contents in a column; one that a heading announces begins at `start` or below."""
    lists = list(_with_leaders(entries))
    if start is not None and not lists:
        numbered = [index for index, entry in enumerate(entries) if index >= start and entry]
        if len(numbered) >= max(_FEWEST, _LEAST_NUMBERED * (len(entries) - start)):
            lists = [range(numbered[0], numbered[-1] + 1)]
    for listed in lists:
        held = [entry for entry in entries[listed.start : listed.stop] if entry]
        is_announced = start is not None and start <= listed.start and any(entry.has_leaders for entry in held)
        elsewhere = sum(not titles.isdisjoint(title_keys(entry.title)) for entry in held)
        if _rise(held) and (is_announced or elsewhere >= _LEAST_ELSEWHERE * len(held)):
            yield listed


def _with_leaders(entries: Sequence[_Entry | None]) -> Iterator[range]:
    """The runs of entries with leaders, and of those above and below without; top-level ones often have none."""
    runs: list[list[int]] = []
    for index, entry in enumerate(entries):
        if entry and entry.has_leaders:
            if runs and index - runs[-1][-1] <= _MOST_BETWEEN + 1:
                runs[-1].append(index)
            else:
                runs.append([index])
    for first, *_, stop in (run for run in runs if len(run) >= _FEWEST):
        while first > 0 and entries[first - 1] and _rise(entries[first - 1 : first + 1]):
            first -= 1
        while stop + 1 < len(entries) and entries[stop + 1] and _rise(entries[stop : stop + 2]):
            stop += 1
        yield range(first, stop + 1)


def _rise(entries: Sequence[_Entry | None]) -> bool:
    pages = [entry.page for entry in entries if entry and entry.page is not None]
    return sum(after < before for before, after in pairwise(pages)) <= _MOST_FALLING * len(pages)
