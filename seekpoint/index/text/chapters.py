"""The chapters of a recording: which one contains a second, and the terms that their titles add to a chunk's. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import inf

from seekpoint.index.text.terms import terms
from seekpoint.index.types import Chapter, Details, Transcript

ROUNDING = 0.5
"""Seconds by which a chapter may start after its first word, since its start is given in whole seconds."""

# Seconds. Chapters' starts are set by hand, some seconds off, so one this close to a chunk's edge is ignored. Chunks
# overlap by more than that, so each start still counts in one of them.
_MARGIN = 5.0


def chapters_of(details: Details, transcript: Transcript | None) -> tuple[Chapter, ...]:
    """The chapters that the source gives of a resource, else those that were made of a transcript."""
    return details.chapters or (transcript.chapters if transcript else ())


def title_at(chapters: Sequence[Chapter], seconds: float) -> str | None:
    """The title of the chapter that contains a second; `None` before the first chapter."""
    following = bisect_right(chapters, seconds + ROUNDING, key=lambda chapter: chapter.start)
    return chapters[following - 1].title if following else None


def begun(chapters: Sequence[Chapter], start: float, end: float) -> list[Chapter]:
    """The chapters that begin in a chunk from `start` to `end`."""
    return [chapter for chapter in _overlapped(chapters, start, end) if chapter.start >= start - _MARGIN]


def title_terms(chapters: Sequence[Chapter], start: float, end: float) -> list[str]:
    """The terms of titles that are indexed with a chunk: each chapter's once, and once more if it begins in the chunk.

    So a question in the words of a title finds the beginning of the chapter, even if nobody says them.
    """
    titled = (*_overlapped(chapters, start, end), *begun(chapters, start, end))
    return [term for chapter in titled for term in terms(chapter.title)]


def _overlapped(chapters: Sequence[Chapter], start: float, end: float) -> list[Chapter]:
    """The chapters that a chunk overlaps by more than its edge."""
    stops = (*(chapter.start for chapter in chapters[1:]), inf)
    return [
        chapter
        for chapter, stop in zip(chapters, stops, strict=False)
        if min(end, stop) - max(start, chapter.start) >= min(_MARGIN, (end - start) / 2, (stop - chapter.start) / 2)
    ]
