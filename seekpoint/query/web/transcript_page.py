"""A transcript as a resource's page shows it: in paragraphs, with marks, and with another language beside it."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, takewhile
from typing import NamedTuple

import regex

from seekpoint.index.text.clean import printable
from seekpoint.index.text.languages import primary, simplified
from seekpoint.index.text.terms import UNSPACED
from seekpoint.index.text.transcript_text import chapters_of, rounding
from seekpoint.index.types import Chapter, Cue, Details, Transcript
from seekpoint.query.answers import Moment
from seekpoint.query.filters import in_language
from seekpoint.query.noted_questions import AnsweredQuestion, answered_questions
from seekpoint.query.transcript_paragraphs import PositionedCue, TranscriptParagraph, paragraphs, position_at
from seekpoint.query.web.parameters import PageParameters

MOST_OPEN = 12
"""The most questions that stand open; more of them are folded, so that the transcript is near."""

# The most places that are marked on a page.
_MOST_MARKED = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """The places of a phrase: how many, the first ones in parts by cue, and which is shown, from 1; 0 if none.

    `elsewhere` has how many there are in each other language, where there are some.
    """

    count: int
    places: Sequence[Sequence[Part]]
    at: int
    elsewhere: Mapping[str, int]

    @classmethod
    def of(cls, sought: str, own: Transcript | None, transcripts: Iterable[Transcript], place: int = 1) -> Found:
        """The places of a phrase in cues, as they are shown; of them `place` is shown, or the last one."""
        found = {each.language: occurrences(sought, (printable(cue.text) for cue in each.cues)) for each in transcripts}
        places = found.pop(own.language) if own else []
        shown = places[:_MOST_MARKED]
        elsewhere = {language: len(others) for language, others in found.items() if others}
        return cls(len(places), shown, min(place, len(shown)), elsewhere)


class MarkedText(NamedTuple):
    """Characters of a cue: those of a place, with its number from 1 and whether it begins here, or of none (0)."""

    text: str
    place: int
    is_start: bool


@dataclass(frozen=True, slots=True)
class OpenTranscript:
    """A transcript as it is shown.

    `placed_chapters` are the chapters with the positions of the cues in which they begin; none without cues.
    `are_noted` says that a language model noted them, as it did the `questions`.
    `other` is the language of a transcript that can be shown beside it, `beside` that of the one which is; `current` is
    the position of the cue at the second of the page's address.
    """

    transcript: Transcript
    chapters: Sequence[Chapter]
    placed_chapters: Sequence[tuple[int, Chapter]]
    are_noted: bool
    questions: Sequence[AnsweredQuestion]
    paragraphs: Sequence[TranscriptParagraph]
    other: str | None
    beside: str | None
    current: int | None
    found: Found | None

    @classmethod
    def of(
        cls, transcripts: Sequence[Transcript], parameters: PageParameters, details: Details, ui: str, *, plays: bool
    ) -> OpenTranscript | None:
        """The transcript that the parameters ask for, else the first one; `None` if there is none.

        Its questions are in the language `ui` of the page, if they were noted in it.
        """
        transcript = in_language(transcripts, parameters.language) or next(iter(transcripts), None)
        if transcript is None:
            return None
        own = primary(transcript.language)
        others = [each for each in transcripts if plays and each is not transcript]
        other = min(others, key=lambda each: primary(each.language) == own, default=None)
        beside = other if other and parameters.beside else None
        chapters, cues, off = chapters_of(details, transcript), transcript.cues, rounding(plays=plays)
        placed = [(position_at(cues, chapter.start + off), chapter) for chapter in chapters] if cues else []
        shown = list(paragraphs(cues, placed))
        return cls(
            transcript,
            chapters,
            placed,
            bool(transcript.noted_chapters) and not details.chapters,
            answered_questions(transcript, chapters, primary(ui), plays=plays),
            list(aligned(shown, beside.cues)) if beside else shown,
            other.language if other else None,
            beside.language if beside else None,
            None if parameters.t is None or not cues else position_at(cues, parameters.t),
            Found.of(parameters.sought, transcript, transcripts, parameters.place) if parameters.sought else None,
        )

    @property
    def marked(self) -> Mapping[int, Sequence[MarkedText]]:
        """The texts of the cues in which something was found, by position, in stretches."""
        parts: dict[int, list[tuple[Part, int, bool]]] = {}
        for number, place in enumerate(self.found.places if self.found else (), 1):
            for part in place:
                parts.setdefault(part.number, []).append((part, number, part is place[0]))
        marked: dict[int, list[MarkedText]] = {}
        for index, own in parts.items():
            text, end = printable(self.transcript.cues[index].text), 0
            marked[index] = []
            for part, number, is_start in own:
                marked[index].append(MarkedText(text[end : part.start], 0, False))
                marked[index].append(MarkedText(text[part.start : part.stop], number, is_start))
                end = part.stop
            marked[index].append(MarkedText(text[end:], 0, False))
        return marked


def utf16(part: Part, text: str) -> tuple[int, int, int]:
    """A part of a cue with the offsets that scripts count in, two for a character beyond the basic plane."""
    shown = printable(text)
    start, stop = (len(shown[:offset].encode("utf-16-le", "surrogatepass")) // 2 for offset in part[1:])
    return part.number, start, stop


# To find a phrase, case, accents, full-width forms, typographic quotation marks, runs of white space, line breaks
# between cues, and the script of Chinese make no difference.
_SPACE = " "
_UNSPACED = regex.compile(f"[{UNSPACED}\u3000-\u303f\uff00-\uff0f]")
# Accents of Latin, Greek and Cyrillic letters. The marks of other scripts are letters of their own.
_ACCENTS = re.compile("[\u0300-\u036f]+")
_QUOTES = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")


class Part(NamedTuple):
    """A part of a text that is found: characters [start, stop) of the text with a number, from 0."""

    number: int
    start: int
    stop: int


def occurrences(phrase: str, texts: Iterable[str]) -> list[list[Part]]:
    """Every place of a phrase in consecutive texts; a place that goes over the end of a text has several parts."""
    sought, _ = _folded([phrase])
    if not sought:
        return []
    text, places = _folded(texts)
    occurring: list[list[Part]] = []
    for match in re.finditer(re.escape(sought), text):
        occurring.append([])
        for number, group in groupby(places[slice(*match.span())], key=lambda place: place[0]):
            offsets = [offset for _, offset in group]
            occurring[-1].append(Part(number, offsets[0], offsets[-1] + 1))
    return occurring


def _folded(texts: Iterable[str]) -> tuple[str, Sequence[tuple[int, int]]]:
    """The texts as one, folded, and the number of the text and the offset in it that each character comes from.

    There is a space where there is white space or a text ends, but none beside a Chinese character.
    """
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    is_gap = False
    for index, text in enumerate(texts):
        is_gap = bool(characters)
        for offset, character in enumerate(text):
            for folded in _fold(character):
                if folded == _SPACE:
                    is_gap = bool(characters)
                    continue
                if is_gap and not (_is_unspaced(folded) or _is_unspaced(characters[-1])):
                    characters.append(_SPACE)
                    places.append((index, offset))
                is_gap = False
                characters.append(folded)
                places.append((index, offset))
    return "".join(characters), places


@lru_cache(maxsize=1 << 15)
def _fold(character: str) -> str:
    if character.isspace():
        return _SPACE
    decomposed = unicodedata.normalize("NFKD", simplified(character).translate(_QUOTES).lower())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


@lru_cache(maxsize=1 << 15)
def _is_unspaced(character: str) -> bool:
    return bool(_UNSPACED.match(character))


# Seconds of context before and after a quote; for texts, seconds of reading.
_BEFORE, _AFTER = 20.0, 30.0
_MOST_BEFORE, _MOST_AFTER = 8, 14


def around(moment: Moment) -> tuple[int, int]:
    """The cues from which the context of a moment's quote is taken, as a span [first, stop) of its transcript."""
    first, stop = moment.cues
    return max(0, first - _MOST_BEFORE), stop + _MOST_AFTER


def quote_context(moment: Moment, cues: Sequence[Cue]) -> list[PositionedCue]:
    """The cues of a moment's quote with those before and after it, of the cues in the span `around` it."""
    offset, _ = around(moment)
    positioned = [PositionedCue(number, cue) for number, cue in enumerate(cues, offset)]
    first, stop = (position - offset for position in moment.cues)
    start, end = cues[first].start, cues[stop - 1].end
    before = [each for each in positioned[:first] if each.cue.start >= start - _BEFORE]
    after = takewhile(lambda each: each.cue.start <= end + _AFTER, positioned[stop:])
    return [*before, *positioned[first:stop], *after]


def aligned(paragraphs: Sequence[TranscriptParagraph], cues: Sequence[Cue]) -> Iterator[TranscriptParagraph]:
    """The paragraphs with the cues of another transcript beside them, each where the middle of it is said."""
    middles = [(cue.start + cue.end) / 2 for cue in cues]
    first = 0
    for number, paragraph in enumerate(paragraphs, 1):
        stop = bisect_left(middles, paragraphs[number].start) if number < len(paragraphs) else len(cues)
        stop = max(stop, first)
        yield replace(paragraph, beside=tuple(PositionedCue(at, cues[at]) for at in range(first, stop)))
        first = stop
