"""Suggestions from a library: its titles for what is being typed, and questions of its recordings as examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import regex

from seekpoint.index.text.clean import SENTENCE_END, clean
from seekpoint.index.text.languages import simplified
from seekpoint.index.text.terms import content_terms, fold, has_content, is_whole_word
from seekpoint.index.text.transcript_text import columns
from seekpoint.index.types import Chapter, Cue, Resource, Transcript

MOST_SUGGESTIONS = 8
_WORD_START = regex.compile(r"\b")


class Suggests(StrEnum):
    """The target of a suggestion."""

    RESOURCE = "resource"
    HEADING = "heading"
    CHAPTER = "chapter"


class Suggestion(NamedTuple):
    """A text of the library, with the resource and the second that it leads to; neither for a heading."""

    kind: Suggests
    text: str
    resource: Resource | None = None
    start: float | None = None


class Suggestions:
    """All that can be suggested, in the order of the reading lists: headings, and resources with their chapters."""

    def __init__(self, headings: Iterable[str], resources: Iterable[tuple[Resource, Iterable[Chapter]]]) -> None:
        suggestions = [Suggestion(Suggests.HEADING, clean(heading)) for heading in headings]
        for resource, chapters in resources:
            suggestions.append(Suggestion(Suggests.RESOURCE, clean(resource.title), resource))
            suggestions += [Suggestion(Suggests.CHAPTER, clean(each.title), resource, each.start) for each in chapters]
        self._entries = [(folded(suggestion.text), suggestion) for suggestion in suggestions if suggestion.text]

    def matching(self, typed: str, limit: int = MOST_SUGGESTIONS) -> list[Suggestion]:
        """The suggestions that say all parts of what is typed. Chinese without spaces is one part.

        Those that begin with the first part come first, then those with a word that does; of these resources before
        headings before chapters.
        """
        parts = folded(typed).split()
        if not parts:
            return []
        kinds = list(Suggests)

        def order(entry: tuple[str, Suggestion]) -> tuple[bool, bool, int]:
            text, suggestion = entry
            begins = text.startswith(parts[0])
            has_word = begins or any(text.startswith(parts[0], word.start()) for word in _WORD_START.finditer(text))
            return not begins, not has_word, kinds.index(suggestion.kind)

        entries = [entry for entry in self._entries if all(part in entry[0] for part in parts)]
        return [suggestion for _, suggestion in sorted(entries, key=order)[:limit]]


def folded(text: str) -> str:
    """A text as it is compared: without regard to case, accents and the Chinese script."""
    return simplified(fold(text)).strip()


# Columns: shorter questions lean on what was said before, longer ones don't fit on a line.
_SHORTEST, _LONGEST = 20, 84
# Content words: questions with fewer could be about anything. A pair of Chinese characters is half a word.
_FEWEST_WORDS = 2.0
_MOST_WORDS = 6.0
_ASKS_CHINESE = "(?:为什么|為什麼|怎么|怎麼|如何|什么是|什麼是)"
_ASKS = regex.compile(
    rf"^(?:why|how|what(?:'s| is| are| does| do| happens)|when|where)\b|^{_ASKS_CHINESE}", regex.IGNORECASE
)
_ENDS = regex.compile(rf"(?:{SENTENCE_END})\s*")
# A question that leans on its neighbours: "what is this?", "why did he do that?".
_LEANS = regex.compile(
    r"\b(?:this|that|these|those|he|she|they|him|her|them|here|it|its|there|i|my|you|your)\b|这|這|那|他|她|它|你|我",
    regex.IGNORECASE,
)
# Words that lead to a question: "so,", "现在来讲第二个问题，".
_OPENING = regex.compile(
    rf"^(?:(?:so|and|but|now|okay|well|then),?\s+|(?!{_ASKS_CHINESE}).*?[，、：;；]\s*(?={_ASKS_CHINESE}))",
    regex.IGNORECASE,
)
# Words that ask for agreement instead: "right?", "对吧？".
_TAG = regex.compile(r"(?:\b(?:right|okay|yeah|no)|对吧|對吧|对不对|對不對|是吧|好吗|好嗎)\W*$", regex.IGNORECASE)


def example_questions(transcripts: Iterable[Transcript], count: int) -> list[str]:
    """At most `count` questions, each the best of a transcript, in the order of the transcripts."""
    questions = []
    for transcript in transcripts:
        best = max(_questions(transcript.cues), key=_telling, default=None)
        if best is not None and _telling(best) >= _FEWEST_WORDS:
            questions.append(best)
        if len(questions) == count:
            break
    return questions


def _questions(cues: Sequence[Cue]) -> Iterator[str]:
    """The sentences that ask something by themselves."""
    text = "".join(f"{cue.text} " for cue in cues)
    start = 0
    for end in _ENDS.finditer(text):
        sentence, start = text[start : end.start() + 1].strip(), end.end()
        question = clean(_OPENING.sub("", sentence))
        stands_alone = _ASKS.search(question) and not _LEANS.search(question) and not _TAG.search(question)
        if question.endswith(("?", "？")) and stands_alone and _SHORTEST <= columns(question) <= _LONGEST:
            yield question[:1].upper() + question[1:]


def _telling(question: str) -> float:
    """How many content words a question has."""
    words = {term.text for term in content_terms(question)} if has_content(question) else set[str]()
    return min(sum(1.0 if is_whole_word(word) else 0.5 for word in words), _MOST_WORDS)
