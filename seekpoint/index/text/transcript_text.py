"""The text of a transcript: when each part of it is said, where its sentences begin, and in which chapter."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import inf

import regex

from seekpoint.index.text.clean import SENTENCE_END
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Chapter, Cue, Details, Transcript

# Seconds. Captions with fewer beginnings of sentences, or fewer pauses, don't tell where sentences begin.
_FEW = 20.0
# Seconds between two cues: a pause between sentences rather than between words.
_PAUSE = 0.5
# Columns a second, about half of what people say. A cue may stay on the screen long after its last word.
_SLOWEST = 6.0
# A sentence doesn't begin in lower case, nor after an abbreviation or an initial.
_BEGINNING = regex.compile(
    rf"(?<!\b(?:Dr|Mrs?|Ms|Prof|St|vs|e\.g|i\.e|\p{{Lu}}))(?:{SENTENCE_END})\s*"
    r"(?=[^\p{L}\p{N}]*[\p{L}\p{N}--\p{Ll}])",
    regex.V1,
)


class CueText:
    """The text of consecutive cues, joined by spaces; `cues` must not be empty."""

    def __init__(self, cues: Sequence[Cue]) -> None:
        self.cues = cues
        self.text = " ".join(cue.text for cue in cues)
        self.offsets = [0, *accumulate(len(cue.text) + 1 for cue in cues)][:-1]
        """The offset of each cue in the text."""

    def cue_at(self, offset: int) -> int:
        """The index of the cue that an offset of the text lies in."""
        return bisect_right(self.offsets, offset) - 1

    def second_at(self, offset: int) -> float:
        """The second at which the text is said from an offset on, interpolated within the cue."""
        number = self.cue_at(offset)
        cue, said = self.cues[number], self.text[self.offsets[number] : offset]
        seconds = (cue.end - cue.start) * len(said) / max(len(cue.text), 1)
        return round(cue.start + min(seconds, columns(said) / _SLOWEST), 2) if said else cue.start

    def cues_from(self, offset: int, stop: int | None = None) -> list[Cue]:
        """The cues from an offset of the text on, up to another one; the first and the last one are cut there."""
        stop = len(self.text) if stop is None else stop
        first, last = self.cue_at(offset), self.cue_at(max(stop - 1, offset))
        cues = [*self.cues[first : last + 1]]
        cues[-1] = cues[-1]._replace(text=cues[-1].text[: stop - self.offsets[last]])
        cues[0] = cues[0]._replace(start=self.second_at(offset), text=cues[0].text[offset - self.offsets[first] :])
        return cues

    def sentences(self, *, is_opening: bool) -> list[int]:
        """The offsets where sentences and speakers begin, also 0 if the text `is_opening`.

        Where few sentences are marked, the offsets after pauses, else those of cues.
        """
        least = max((self.cues[-1].end - self.cues[0].start) / _FEW, 1)
        opening = [0] if is_opening else []
        marked = [match.end() for match in _BEGINNING.finditer(self.text)]
        pauses = [
            offset
            for offset, before, cue in zip(self.offsets[1:], self.cues, self.cues[1:], strict=False)
            if cue.start - before.end >= _PAUSE
        ]
        turns = [self.offsets[place] for place, name in enumerate(names_before(self.cues)) if name]
        begins = next((opening + places for places in (marked, pauses) if len(places) >= least), self.offsets)
        return sorted({*begins, *turns}) if turns else begins


def names_before(cues: Sequence[Cue], speaker: str | None = None) -> list[str]:
    """The name to write before each cue: that of who speaks, where it is another than before, a dash if unknown."""
    before = (speaker, *(cue.speaker for cue in cues[:-1]))
    return [
        "" if cue.speaker == last else f"{cue.speaker}: " if cue.speaker else "– "
        for cue, last in zip(cues, before, strict=False)
    ]


def attributed(cues: Sequence[Cue], speaker: str | None = None) -> str:
    """What is said, with a name at each change of who speaks; `speaker` is who did before."""
    return " ".join(name + cue.text for name, cue in zip(names_before(cues, speaker), cues, strict=True))


def columns(text: str) -> int:
    """The width of a text in a terminal: a Chinese character is two columns wide, and says more."""
    return 2 * len(text) - len(text.encode("ascii", "ignore"))


# Seconds by which the start of a part may be off. A source gives the starts of chapters in whole seconds. A heading of
# a text starts with its cue, and takes less than half a second to read if it is short.
_ROUNDING, _PRECISION = 0.5, 0.001

# Seconds. Chapters' starts are set by hand, some seconds off, so one this close to a chunk's edge is ignored. Chunks
# overlap by more than that, so each start still counts in one of them.
_MARGIN = 5.0


def chapters_of(details: Details, transcript: Transcript | None) -> tuple[Chapter, ...]:
    """The chapters that the source gives of a resource, else those that were made of a transcript."""
    return details.chapters or (transcript.noted_chapters or transcript.chapters if transcript else ())


def rounding(*, plays: bool) -> float:
    """Seconds by which a chapter of a recording, or a heading of a text, may start after its first word."""
    return _ROUNDING if plays else _PRECISION


def title_at(chapters: Sequence[Chapter], seconds: float, *, plays: bool) -> str | None:
    """The title of the chapter, or of the heading of a text, that contains a second; `None` before the first one."""
    following = bisect_right(chapters, seconds + rounding(plays=plays), key=lambda chapter: chapter.start)
    return chapters[following - 1].title if following else None


def begun(chapters: Sequence[Chapter], start: float, end: float) -> list[Chapter]:
    """The chapters that begin in a chunk from `start` to `end`."""
    return [chapter for chapter in _overlapped(chapters, start, end) if chapter.start >= start - _MARGIN]


def title_terms(chapters: Sequence[Chapter], start: float, end: float) -> list[str]:
    """The terms of titles that a chunk is found by: each chapter's once, and again if it begins in the chunk."""
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
