"""The cues around a moment, and transcripts in paragraphs. All pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from seekpoint.index.text.chapters import ROUNDING
from seekpoint.index.types import Chapter, Cue
from seekpoint.query.answers import Moment

# Seconds of context before and after a quote; for texts, seconds of reading.
_BEFORE, _AFTER = 20.0, 30.0
_MOST_BEFORE, _MOST_AFTER = 8, 14
# Seconds after which a paragraph ends with the next sentence, and after which it ends anyway.
_PARAGRAPH, _LONGEST_PARAGRAPH = 25.0, 50.0
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？", "…", "؟", "।")


@dataclass(frozen=True, slots=True)
class PositionedCue:
    """A cue and its position in the transcript."""

    position: int
    cue: Cue


@dataclass(frozen=True, slots=True)
class QuoteContext:
    """The cues of a quote, and those before and after it."""

    before: tuple[PositionedCue, ...]
    quoted: tuple[PositionedCue, ...]
    after: tuple[PositionedCue, ...]

    @property
    def cues(self) -> tuple[PositionedCue, ...]:
        """All of them, in the order of the transcript."""
        return (*self.before, *self.quoted, *self.after)


@dataclass(frozen=True, slots=True)
class TranscriptParagraph:
    """Consecutive cues; `heading` is the title of a chapter that starts with them.

    `beside` are the cues of another transcript that are said meanwhile.
    """

    heading: str | None
    cues: tuple[PositionedCue, ...]
    beside: tuple[PositionedCue, ...] = ()

    @property
    def start(self) -> float:
        return self.cues[0].cue.start

    @property
    def page(self) -> int | None:
        return self.cues[0].cue.page


def around(moment: Moment) -> tuple[int, int]:
    """The cues from which the context of a moment's quote is taken, as a span [first, stop) of its transcript."""
    first, stop = moment.cues
    return max(0, first - _MOST_BEFORE), stop + _MOST_AFTER


def quote_context(moment: Moment, cues: Sequence[Cue]) -> QuoteContext:
    """The cues around a moment's quote, of those in the span `around` it."""
    positioned = [PositionedCue(number, cue) for number, cue in enumerate(cues, around(moment)[0])]
    first, stop = (position - around(moment)[0] for position in moment.cues)
    start, end = cues[first].start, cues[stop - 1].end
    before = [each for each in positioned[:first] if each.cue.start >= start - _BEFORE]
    after = takewhile(lambda each: each.cue.start <= end + _AFTER, positioned[stop:])
    return QuoteContext(tuple(before), tuple(positioned[first:stop]), tuple(after))


def position_at(cues: Sequence[Cue], seconds: float) -> int:
    """The position of the cue at a second, or of the last one before it."""
    return max(0, bisect_right(cues, seconds + 0.001, key=lambda cue: cue.start) - 1)


def paragraphs(cues: Sequence[Cue], chapters: Sequence[Chapter]) -> Iterator[TranscriptParagraph]:
    """The transcript in paragraphs: one starts with each chapter, page and heading, else after some sentences."""
    titles = {position_at(cues, chapter.start + ROUNDING): chapter.title for chapter in chapters if cues}
    paragraph: list[PositionedCue] = []
    for number, cue in enumerate(cues):
        if paragraph and (number in titles or _is_complete(paragraph, cue)):
            yield TranscriptParagraph(titles.get(paragraph[0].position), tuple(paragraph))
            paragraph = []
        paragraph.append(PositionedCue(number, cue))
    if paragraph:
        yield TranscriptParagraph(titles.get(paragraph[0].position), tuple(paragraph))


def aligned(paragraphs: Sequence[TranscriptParagraph], cues: Sequence[Cue]) -> Iterator[TranscriptParagraph]:
    """The paragraphs with the cues of another transcript beside them, each where the middle of it is said."""
    middles = [(cue.start + cue.end) / 2 for cue in cues]
    first = 0
    for number, paragraph in enumerate(paragraphs, 1):
        stop = bisect_left(middles, paragraphs[number].start) if number < len(paragraphs) else len(cues)
        stop = max(stop, first)
        yield replace(paragraph, beside=tuple(PositionedCue(at, cues[at]) for at in range(first, stop)))
        first = stop


def _is_complete(paragraph: Sequence[PositionedCue], following: Cue) -> bool:
    """Whether a paragraph ends before the following cue."""
    last, length = paragraph[-1].cue, following.start - paragraph[0].cue.start
    if (last.page, last.anchor, last.is_reference) != (following.page, following.anchor, following.is_reference):
        return True
    is_sentence = last.text.endswith(_SENTENCE_ENDS)
    return length >= _LONGEST_PARAGRAPH or (length >= _PARAGRAPH and is_sentence)
