"""Suggestions from a library: its titles, chapters and noted questions, for what is being typed and as examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from heapq import nsmallest
from typing import NamedTuple

import regex

from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import simplified
from seekpoint.index.text.terms import content_terms, fold, has_content, is_whole_word
from seekpoint.index.text.transcript_text import columns
from seekpoint.index.types import Chapter, NotedQuestion, Resource

MOST_SUGGESTIONS = 8


class Suggests(StrEnum):
    """The target of a suggestion."""

    RESOURCE = "resource"
    HEADING = "heading"
    CHAPTER = "chapter"
    QUESTION = "question"


class Suggestion(NamedTuple):
    """A text of the library, with the resource and the second that it leads to; neither for a heading.

    `language` is that of a question.
    """

    kind: Suggests
    text: str
    resource: Resource | None = None
    start: float | None = None
    language: str = ""


class Suggestions:
    """All that can be suggested, in the order of the lists: headings, resources with their chapters, and questions."""

    def __init__(
        self,
        headings: Iterable[str],
        resources: Iterable[tuple[Resource, Iterable[Chapter]]],
        questions: Iterable[tuple[Resource, NotedQuestion]] = (),
    ) -> None:
        suggestions = [Suggestion(Suggests.HEADING, clean(heading)) for heading in headings]
        for resource, chapters in resources:
            suggestions.append(Suggestion(Suggests.RESOURCE, clean(resource.title), resource))
            suggestions += [Suggestion(Suggests.CHAPTER, clean(each.title), resource, each.start) for each in chapters]
        self._entries = [(folded(suggestion.text), suggestion) for suggestion in suggestions if suggestion.text]
        asked = (
            Suggestion(Suggests.QUESTION, clean(text), resource, start, language)
            for resource, (start, language, text) in questions
        )
        self._questions = [*{folded(suggestion.text): suggestion for suggestion in asked}.items()]

    def matching(self, typed: str, limit: int = MOST_SUGGESTIONS, language: str = "") -> list[Suggestion]:
        """The suggestions that say all parts of what is typed. Chinese without spaces is one part.

        Those that begin with the first part come first, then those with a word that does; of these resources before
        headings before chapters before questions, of which those in `language`, and then short ones, come first. About
        half of many are questions.
        """
        parts = folded(typed).split()
        if not parts:
            return []
        kinds, word = list(Suggests), regex.compile(rf"\b{regex.escape(parts[0])}")

        def order(entry: tuple[str, Suggestion]) -> tuple[bool, bool, int, bool, int]:
            text, suggestion = entry
            at = (not text.startswith(parts[0]), not word.search(text), kinds.index(suggestion.kind))
            return (*at, suggestion.language != language, columns(text)) if suggestion.language else (*at, False, 0)

        named, asked = (
            nsmallest(limit, (entry for entry in entries if all(part in entry[0] for part in parts)), key=order)
            for entries in (self._entries, self._questions)
        )
        named = named[: limit - min(len(asked), limit // 2)]
        return [suggestion for _, suggestion in sorted([*named, *asked[: limit - len(named)]], key=order)]


def folded(text: str) -> str:
    """A text as it is compared: without regard to case, accents and the Chinese script."""
    return simplified(fold(text)).strip()


# Columns: longer names don't fit on a line.
_LONGEST = 84
# Content words: names with fewer could be about anything. A pair of Chinese characters is half a word.
_FEWEST_WORDS = 2.0
_MOST_WORDS = 6.0


def example_questions(names: Iterable[Sequence[str]], count: int) -> list[str]:
    """At most `count` names as questions: of each resource's names the most telling one that fits."""
    examples: dict[str, None] = {}
    for each in names:
        possible = [name for name in map(clean, each) if columns(name) <= _LONGEST and _telling(name) >= _FEWEST_WORDS]
        if possible:
            examples[max(possible, key=_telling)] = None
        if len(examples) == count:
            break
    return [*examples]


def _telling(name: str) -> float:
    """How many content words a name has."""
    words = {term.text for term in content_terms(name)} if has_content(name) else set[str]()
    return min(sum(1.0 if is_whole_word(word) else 0.5 for word in words), _MOST_WORDS)
