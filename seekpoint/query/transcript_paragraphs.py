"""The paragraphs of a transcript, as the page and the terminal show it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seekpoint.index.text.clean import INDENT, LINE_BREAK, printable
from seekpoint.index.types import Chapter, Cue

# Seconds after which a paragraph ends with the next sentence, and after which it ends anyway.
_PARAGRAPH, _LONGEST_PARAGRAPH = 25.0, 50.0
_ROUNDING = 0.001
_SENTENCE_ENDS = (".", "!", "?", "。", "！", "？", "…", "؟", "।")


class PositionedCue(NamedTuple):
    """A cue and its position in the transcript."""

    position: int
    cue: Cue


@dataclass(frozen=True, slots=True)
class TranscriptParagraph:
    """Consecutive cues with the title of a chapter that starts there, and those of another transcript beside them."""

    heading: str | None
    cues: tuple[PositionedCue, ...]
    beside: tuple[PositionedCue, ...] = ()

    @property
    def start(self) -> float:
        return self.cues[0].cue.start

    @property
    def page(self) -> int | None:
        return self.cues[0].cue.page


def position_at(cues: Sequence[Cue], seconds: float) -> int:
    """The position of the cue at a second, or of the last one before it; results are rounded to the millisecond."""
    return max(0, bisect_right(cues, seconds + _ROUNDING, key=lambda cue: cue.start) - 1)


def paragraphs(cues: Sequence[Cue], chapters: Iterable[tuple[int, Chapter]]) -> Iterator[TranscriptParagraph]:
    """The transcript in paragraphs: one starts with each chapter, page, heading and speaker, else after sentences."""
    titles = {position: chapter.title for position, chapter in chapters}
    paragraph: list[PositionedCue] = []
    for number, cue in enumerate(cues):
        if paragraph:
            last, length = paragraph[-1].cue, cue.start - paragraph[0].cue.start
            is_elsewhere = last[3:] != cue[3:]  # the place, or the speaker
            is_long = length >= (_PARAGRAPH if last.text.endswith(_SENTENCE_ENDS) else _LONGEST_PARAGRAPH)
            if number in titles or is_elsewhere or is_long:
                yield TranscriptParagraph(titles.get(paragraph[0].position), tuple(paragraph))
                paragraph = []
        paragraph.append(PositionedCue(number, cue))
    if paragraph:
        yield TranscriptParagraph(titles.get(paragraph[0].position), tuple(paragraph))


# A character of a text becomes one character that is shown, so that places which are found have the same offsets.
_LAID_OUT = str.maketrans({LINE_BREAK.strip(): "\n", INDENT: "\u2003"})
_ITEM = re.compile(r"(?:-|\d+[.)]) ")


def laid_out(text: str) -> str:
    """The text of a cue as it is shown: code in lines."""
    return printable(text).translate(_LAID_OUT)


def layout(text: str, *, plays: bool) -> str:
    """How a cue of a text is laid out: as `code` or as an `item` of a list, which have lines of their own."""
    if plays:
        return ""
    return "code" if LINE_BREAK in text else "item" if _ITEM.match(text) else ""
