"""Cutting a transcript into chunks along its cues, by seconds.

Words and sentences don't serve as the measure: generated captions have no punctuation, Chinese no spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.types import Chunk, Cue

SECONDS = 45.0
OVERLAP = 15.0


def chunk(cues: Sequence[Cue], seconds: float = SECONDS, overlap: float = OVERLAP) -> list[Chunk]:
    """Chunks of at most `seconds` (a longer cue stands alone), each beginning `overlap` seconds or less before the last's end.

    The cues must be sorted by their start, as `indexer.cues.tidy` leaves them.
    """
    return [
        Chunk(first, stop, cues[first].start, max(cue.end for cue in cues[first:stop]), _text(cues[first:stop]))
        for first, stop in _windows(cues, seconds, overlap)
    ]


def _windows(cues: Sequence[Cue], seconds: float, overlap: float) -> Iterator[tuple[int, int]]:
    first = 0
    while first < len(cues):
        stop = first + 1
        while stop < len(cues) and cues[stop].end - cues[first].start <= seconds:
            stop += 1
        yield first, stop
        if stop == len(cues):
            return
        end, first = cues[stop - 1].end, first + 1
        while first < stop and end - cues[first].start > overlap:
            first += 1


def _text(cues: Sequence[Cue]) -> str:
    return " ".join(cue.text for cue in cues)
