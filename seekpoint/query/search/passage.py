"""The passage that an answer lies in: its text, and the places where the answer may begin."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from seekpoint.index.text.cue_text import CueText
from seekpoint.index.types import Cue


class Passage(CueText):
    """Consecutive cues of a transcript; `text` is what they say, joined by spaces.

    The answer begins within cues [first, stop), or in the sentence that goes on there; the cues before them tell where
    that sentence begins. `position` is that of the first of all cues in the transcript. The cues of a text are
    sentences, those of a recording needn't be.
    """

    def __init__(self, cues: Sequence[Cue], position: int, first: int, stop: int, *, plays: bool) -> None:
        super().__init__(cues)
        self.position = position
        places = self.sentences(is_opening=not position) if plays else self.offsets
        last = min(stop, len(cues)) - 1  # a damaged chunk may claim more cues than its transcript has
        begin = self.offsets[min(first, last)]
        self.end = end = self.offsets[last] + len(cues[last].text)
        low = max(bisect_right(places, begin) - 1, 0)
        self.beginnings = places[low : max(bisect_left(places, end), low + 1)]
        """The offsets at which the answer may begin: a sentence, else what follows a pause, else any cue."""

    def begin_at(self, second: float) -> None:
        """Let the answer begin at the last of the beginnings up to a second, or at the first one."""
        before = bisect_right(self.beginnings, second, key=self.second_at)
        self.beginnings = self.beginnings[max(before - 1, 0) : max(before, 1)]

    def offset_of(self, offset: int) -> int:
        """Where the cue begins that an offset of the text lies in."""
        return self.offsets[self.cue_at(offset)]

    def end_of_cue_at(self, offset: int) -> int:
        """Where the cue ends that an offset of the text lies in, or behind the text the last one."""
        number = self.cue_at(offset)
        return self.offsets[number] + len(self.cues[number].text)

    def cues_from(self, offset: int) -> list[Cue]:
        """The cues from an offset of the text on, without what the first one says before."""
        number = self.cue_at(offset)
        first = self.cues[number]
        text = first.text[offset - self.offsets[number] :]
        return [first._replace(start=self.second_at(offset), text=text), *self.cues[number + 1 :]]
