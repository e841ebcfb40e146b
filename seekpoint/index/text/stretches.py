"""Stretches of a transcript: some five minutes each, which a language model reads at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from seekpoint.index.text.clean import text_digest
from seekpoint.index.types import Cue

SECONDS = 300.0
"""The length of a stretch. They begin at multiples of it, so that a change of the words moves none."""

WHOLE = 10**9
"""The number, behind those of all stretches, under which a summary of the whole transcript is noted."""
LONGEST_SUMMARY = 600
"""The most characters of it."""

# A span of seconds meets no more stretches after its first: a passage is short, but where it is forged.
_MOST_MET = 12


class Stretch(NamedTuple):
    """Consecutive cues of a transcript, by their number from 0; the first one is the cue `first` of the transcript."""

    number: int
    first: int
    cues: Sequence[Cue]

    @property
    def digest(self) -> bytes:
        """The digest of what is said, and when."""
        return text_digest("\n".join(f"{cue.start:.2f} {cue.text}" for cue in self.cues))


def number_at(second: float) -> int:
    """The number of the stretch that has a second."""
    return int(max(second, 0.0) // SECONDS)


def stretch_id(resource_id: str, number: int) -> str:
    """The id of a resource's stretch."""
    return f"{resource_id} {number}"


def stretch_ids(resource_id: str, spans: Iterable[tuple[float, float]]) -> set[str]:
    """The ids of the stretches that spans of seconds meet."""
    numbers = {
        number
        for start, end in spans
        for number in range(number_at(start), min(number_at(end), number_at(start) + _MOST_MET) + 1)
    }
    return {stretch_id(resource_id, number) for number in numbers}


def stretches(cues: Sequence[Cue]) -> Iterator[Stretch]:
    """Cut a transcript into stretches; a cue that goes back in time stays in the stretch of those before it."""
    numbers = [*accumulate((number_at(cue.start) for cue in cues), max)]
    for number, group in groupby(range(len(cues)), numbers.__getitem__):
        places = [*group]
        yield Stretch(number, places[0], cues[places[0] : places[-1] + 1])


def stretches_and_whole(cues: Sequence[Cue]) -> Iterator[Stretch]:
    """The stretches of a transcript, and after them all of it."""
    yield from stretches(cues)
    yield Stretch(WHOLE, 0, cues)
