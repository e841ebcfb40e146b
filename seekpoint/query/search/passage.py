"""The passage that an answer lies in: its text, and the places where the answer may begin."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

import regex

from seekpoint.index.text.sentences import SENTENCE_END
from seekpoint.index.types import Cue

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


class Passage:
    """Consecutive cues of a transcript; `text` is what they say, joined by spaces.

    The answer begins within cues [first, stop), or in the sentence that goes on there; the cues before them tell where
    that sentence begins. `position` is that of the first of all cues in the transcript. The cues of a text are
    sentences, those of a recording needn't be.
    """

    def __init__(self, cues: Sequence[Cue], position: int, first: int, stop: int, *, plays: bool) -> None:
        self.cues = cues
        self.position = position
        self.text = " ".join(cue.text for cue in cues)
        self._offsets = [0, *accumulate(len(cue.text) + 1 for cue in cues)][:-1]
        places = self._sentences() if plays else self._offsets
        last = min(stop, len(cues)) - 1  # a damaged chunk may claim more cues than its transcript has
        begin = self._offsets[min(first, last)]
        self.end = end = self._offsets[last] + len(cues[last].text)
        low = max(bisect_right(places, begin) - 1, 0)
        self.beginnings = places[low : max(bisect_left(places, end), low + 1)]
        """The offsets at which the answer may begin: a sentence, else what follows a pause, else any cue."""

    def begin_at(self, second: float) -> None:
        """Let the answer begin at the last of the beginnings up to a second, or at the first one."""
        before = bisect_right(self.beginnings, second, key=self.second_at)
        self.beginnings = self.beginnings[max(before - 1, 0) : max(before, 1)]

    def cue_at(self, offset: int) -> int:
        """The index of the cue that an offset of the text lies in."""
        return bisect_right(self._offsets, offset) - 1

    def offset_of(self, offset: int) -> int:
        """Where the cue begins that an offset of the text lies in."""
        return self._offsets[self.cue_at(offset)]

    def end_of_cue_at(self, offset: int) -> int:
        """Where the cue ends that an offset of the text lies in, or behind the text the last one."""
        number = self.cue_at(offset)
        return self._offsets[number] + len(self.cues[number].text)

    def second_at(self, offset: int) -> float:
        """The second at which the text is said from an offset on, interpolated within the cue."""
        number = self.cue_at(offset)
        cue, said = self.cues[number], self.text[self._offsets[number] : offset]
        seconds = (cue.end - cue.start) * len(said) / max(len(cue.text), 1)
        return round(cue.start + min(seconds, columns(said) / _SLOWEST), 2) if said else cue.start

    def cues_from(self, offset: int) -> list[Cue]:
        """The cues from an offset of the text on, without what the first one says before."""
        number = self.cue_at(offset)
        first = self.cues[number]
        text = first.text[offset - self._offsets[number] :]
        return [first._replace(start=self.second_at(offset), text=text), *self.cues[number + 1 :]]

    def _sentences(self) -> list[int]:
        least = max((self.cues[-1].end - self.cues[0].start) / _FEW, 1)
        opening = [] if self.position else [0]
        marked = [found.end() for found in _BEGINNING.finditer(self.text)]
        pauses = [
            offset
            for offset, before, cue in zip(self._offsets[1:], self.cues, self.cues[1:], strict=False)
            if cue.start - before.end >= _PAUSE
        ]
        return next((opening + places for places in (marked, pauses) if len(places) >= least), self._offsets)


def columns(text: str) -> int:
    """The width of a text in a terminal: a Chinese character is two columns wide, and says more."""
    return 2 * len(text) - len(text.encode("ascii", "ignore"))
