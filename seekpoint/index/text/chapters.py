"""The chapters of a recording: which one a second lies in, and what their titles add to a chunk's words. All pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import inf

from seekpoint.index.text.terms import terms
from seekpoint.index.types import Chapter

ROUNDING = 0.5
"""Seconds that a chapter's beginning may lie after the first of its words: it is told in whole seconds."""

# A chapter's beginning is set by hand, some seconds beside the words: what is nearer than this to a chunk's edge tells
# nothing. The next chunk shares more than that with this one, so no beginning is lost.
_MARGIN = 5.0


def title_at(chapters: Sequence[Chapter], seconds: float) -> str | None:
    """The title of the chapter that a second lies in; `None` before the first one."""
    following = bisect_right(chapters, seconds + ROUNDING, key=lambda chapter: chapter.start)
    return chapters[following - 1].title if following else None


def begun(chapters: Sequence[Chapter], start: float, end: float) -> list[Chapter]:
    """The chapters that begin in a chunk."""
    return [chapter for chapter in _overlapped(chapters, start, end) if chapter.start >= start - _MARGIN]


def title_terms(chapters: Sequence[Chapter], start: float, end: float) -> list[str]:
    """The terms that titles add to a chunk's: once in all of a chapter, and once more where it begins.

    So a question in a title's words finds the beginning, even where nobody says them.
    """
    titled = (*_overlapped(chapters, start, end), *begun(chapters, start, end))
    return [term for chapter in titled for term in terms(chapter.title)]


def _overlapped(chapters: Sequence[Chapter], start: float, end: float) -> list[Chapter]:
    """The chapters that a chunk is about: not those that it only touches."""
    stops = (*(chapter.start for chapter in chapters[1:]), inf)
    return [
        chapter
        for chapter, stop in zip(chapters, stops, strict=False)
        if min(end, stop) - max(start, chapter.start) >= min(_MARGIN, (end - start) / 2, (stop - chapter.start) / 2)
    ]
