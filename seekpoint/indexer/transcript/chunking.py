"""Cutting a transcript into chunks along its cues, by seconds, and where those don't tell, by text.

Words and sentences don't serve as the measure: generated captions have no punctuation, Chinese no spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from seekpoint.index.types import Chunk, Cue, Piece
from seekpoint.indexer.transcript.cues import MOST_TOKENS, tokens

SECONDS = 45.0
OVERLAP = 15.0
PIECE_SECONDS = 10.0


def chunk(cues: Sequence[Cue], seconds: float = SECONDS, overlap: float = OVERLAP) -> list[Chunk]:
    """Chunks of at most `seconds` and of what the model reads, each with at most `overlap` seconds of the one before.

    A cue that is longer is a chunk of its own. The cues must be in order, as `cues.tidy` leaves them.
    """
    return [
        Chunk(first, stop, cues[first].start, max(cue.end for cue in cues[first:stop]), _text(cues[first:stop]))
        for first, stop in _windows(cues, seconds, overlap)
    ]


def pieces(cues: Sequence[Cue], seconds: float = PIECE_SECONDS) -> list[Piece]:
    """Pieces that follow one another, each up to the first cue that begins `seconds` after it or later."""
    firsts = [0] if cues else []
    for k, cue in enumerate(cues):
        if cue.start - cues[firsts[-1]].start >= seconds:
            firsts.append(k)
    spans = zip(firsts, [*firsts[1:], len(cues)], strict=False)
    return [Piece(first, stop, cues[first].start, _text(cues[first:stop])) for first, stop in spans]


def _windows(cues: Sequence[Cue], seconds: float, overlap: float) -> Iterator[tuple[int, int]]:
    read = list(accumulate((tokens(f"{cue.text} ") for cue in cues), initial=0.0))

    def fit(first: int, last: int, share: float = 1.0) -> bool:
        lasting = cues[last].end - cues[first].start
        return lasting <= seconds * share and read[last + 1] - read[first] <= MOST_TOKENS * share

    first = stop = 0
    while stop < len(cues):
        while first < stop and not (fit(first, stop - 1, overlap / seconds) and fit(first, stop)):
            first += 1
        stop += 1
        while stop < len(cues) and fit(first, stop):
            stop += 1
        yield first, stop


def _text(cues: Sequence[Cue]) -> str:
    return " ".join(cue.text for cue in cues)
