"""Suggestions while a question is typed: the titles, headings and chapters that say what was typed so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, Self

import regex

from seekpoint.index.text.clean import clean
from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import fold
from seekpoint.index.types import Chapter, Resource

MOST_SUGGESTIONS = 8
# Every part of what is typed has to be in a text. Chinese without spaces is one part.
_SPACE = regex.compile(r"\s+")
_WORD_START = regex.compile(r"\b")


class Suggests(StrEnum):
    """What a suggestion leads to."""

    RESOURCE = "resource"
    HEADING = "heading"
    CHAPTER = "chapter"


class Suggestion(NamedTuple):
    """A text of the library, with the resource and the second that it leads to; neither for a heading."""

    kind: Suggests
    text: str
    resource: Resource | None = None
    start: float | None = None


class _Entry(NamedTuple):
    folded: str
    suggestion: Suggestion


class Suggestions:
    """All that can be suggested, in the order of the reading lists."""

    def __init__(self, suggestions: Iterable[Suggestion]) -> None:
        self._entries = [_Entry(folded(one.text), one) for one in suggestions if one.text]

    @classmethod
    def of(cls, headings: Iterable[str], resources: Iterable[tuple[Resource, Iterable[Chapter]]]) -> Self:
        """The suggestions for a library's headings, and its resources with their chapters."""
        return cls(_suggestions(headings, resources))

    def matching(self, typed: str, limit: int = MOST_SUGGESTIONS) -> list[Suggestion]:
        """The suggestions that say all parts of what is typed.

        Those that begin with it come first, then those with a word that does; of these resources before headings
        before chapters.
        """
        whole = folded(typed)
        parts = _SPACE.sub(" ", whole).split()
        if not parts:
            return []
        found = [entry for entry in self._entries if all(part in entry.folded for part in parts)]
        kinds = list(Suggests)
        found.sort(key=lambda entry: (_place(entry.folded, parts[0]), kinds.index(entry.suggestion.kind)))
        return [entry.suggestion for entry in found[:limit]]


def _suggestions(
    headings: Iterable[str], resources: Iterable[tuple[Resource, Iterable[Chapter]]]
) -> Iterator[Suggestion]:
    yield from (Suggestion(Suggests.HEADING, clean(heading)) for heading in headings)
    for resource, chapters in resources:
        yield Suggestion(Suggests.RESOURCE, clean(resource.title), resource)
        for chapter in chapters:
            yield Suggestion(Suggests.CHAPTER, clean(chapter.title), resource, chapter.start)


def folded(text: str) -> str:
    """A text as it is compared: without regard to case, accents and the Chinese script."""
    return simplified(fold(text)).strip()


def _place(folded: str, part: str) -> int:
    """0 where a text begins with a part, 1 where a word of it does, else 2."""
    if folded.startswith(part):
        return 0
    return 1 if any(folded.startswith(part, found.start()) for found in _WORD_START.finditer(folded)) else 2
