"""Where in a transcript a moment lies, and what is said around it. All pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from seekpoint.index.text.chapters import ROUNDING
from seekpoint.index.types import Chapter, Cue, Transcript
from seekpoint.query.answers import Moment

# Seconds that are shown before and after what is quoted; of what is read, so long one reads.
_BEFORE, _AFTER = 20.0, 30.0
_MOST_BEFORE, _MOST_AFTER = 8, 14
# Seconds after which a paragraph ends with the next sentence, and after which it ends anyway.
_PARAGRAPH, _LONGEST_PARAGRAPH = 25.0, 50.0
_ENDS = (".", "!", "?", "。", "！", "？", "…", "؟", "।")


@dataclass(frozen=True, slots=True)
class Said:
    """A cue and its position in the transcript."""

    position: int
    cue: Cue


@dataclass(frozen=True, slots=True)
class Around:
    """The cues before a quote, its own, and those after it."""

    before: tuple[Said, ...]
    quoted: tuple[Said, ...]
    after: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Consecutive cues; `heading` is the title of the chapter that begins with them."""

    heading: str | None
    said: tuple[Said, ...]

    @property
    def start(self) -> float:
        return self.said[0].cue.start

    @property
    def page(self) -> int | None:
        return self.said[0].cue.page


def chosen(transcripts: Sequence[Transcript], language: str | None) -> Transcript | None:
    """The transcript in a language, or the first one."""
    same = (transcript for transcript in transcripts if transcript.language == language)
    return next(same, transcripts[0] if transcripts else None)


def around(moment: Moment, cues: Sequence[Cue]) -> Around | None:
    """What is said around a moment; `None` where the transcript isn't what it was."""
    first = position(moment, cues)
    if first is None:
        return None
    stop = first + _length(moment.quote, cues[first:])
    start, end = cues[first].start, cues[stop - 1].end

    def said(low: int, high: int) -> list[Said]:
        return [Said(number, cue) for number, cue in enumerate(cues[low:high], low)]

    before = [one for one in said(max(0, first - _MOST_BEFORE), first) if one.cue.start >= start - _BEFORE]
    after = takewhile(lambda one: one.cue.start <= end + _AFTER, said(stop, stop + _MOST_AFTER))
    return Around(tuple(before), tuple(said(first, stop)), tuple(after))


def position(moment: Moment, cues: Sequence[Cue]) -> int | None:
    """Where the quote of a moment begins among the cues."""
    candidates = range(len(cues))
    if moment.start is not None:
        stop = bisect_right(cues, moment.start + 0.001, key=lambda cue: cue.start)
        candidates = range(max(0, stop - 5), stop)
    fitting = (
        number
        for number in (reversed(candidates) if moment.start is not None else candidates)
        if moment.quote.startswith(cues[number].text) and cues[number].page == moment.page
    )
    return next(fitting, None)


def position_at(cues: Sequence[Cue], seconds: float) -> int:
    """The cue that is said at a second, or the last one before it."""
    return max(0, bisect_right(cues, seconds + 0.001, key=lambda cue: cue.start) - 1)


def paragraphs(cues: Sequence[Cue], chapters: Sequence[Chapter]) -> Iterator[Paragraph]:
    """A transcript for reading: a new paragraph with each chapter, page and heading, else after some sentences."""
    titles = {position_at(cues, chapter.start + ROUNDING): chapter.title for chapter in chapters if cues}
    paragraph: list[Said] = []
    for number, cue in enumerate(cues):
        if paragraph and (number in titles or _ends(paragraph, cue)):
            yield Paragraph(titles.get(paragraph[0].position), tuple(paragraph))
            paragraph = []
        paragraph.append(Said(number, cue))
    if paragraph:
        yield Paragraph(titles.get(paragraph[0].position), tuple(paragraph))


def _ends(paragraph: Sequence[Said], following: Cue) -> bool:
    last, length = paragraph[-1].cue, following.start - paragraph[0].cue.start
    if (last.page, last.anchor, last.is_reference) != (following.page, following.anchor, following.is_reference):
        return True
    is_sentence = last.text.endswith(_ENDS)
    return length >= _LONGEST_PARAGRAPH or (length >= _PARAGRAPH and is_sentence)


def _length(quote: str, cues: Sequence[Cue]) -> int:
    """How many cues a quote is made of."""
    count, length = 0, 0
    for cue in cues:
        if count and length >= len(quote):
            break
        count, length = count + 1, length + len(cue.text) + 1
    return max(1, count)
