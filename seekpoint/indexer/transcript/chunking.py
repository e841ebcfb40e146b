"""Splits a transcript into chunks and pieces along its cues, by seconds and by tokens.

Words and sentences are no measure: generated captions have no punctuation, Chinese has no spaces.
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
    """Chunks of at most `seconds` and MOST_TOKENS; each overlaps the previous one by at most `overlap` seconds.

    A longer cue is a chunk of its own. The cues must be in order, as `cues.tidy` returns them.
    """
    return [
        Chunk(first, stop, cues[first].start, max(cue.end for cue in cues[first:stop]), _text(cues[first:stop]))
        for first, stop in _spans(cues, seconds, overlap)
    ]


def pieces(cues: Sequence[Cue], seconds: float = PIECE_SECONDS) -> list[Piece]:
    """Consecutive pieces; a new one starts at the first cue that begins at least `seconds` after the piece's start."""
    firsts = [0] if cues else []
    for k, cue in enumerate(cues):
        if cue.start - cues[firsts[-1]].start >= seconds:
            firsts.append(k)
    spans = zip(firsts, [*firsts[1:], len(cues)], strict=False)
    return [Piece(first, stop, cues[first].start, _text(cues[first:stop])) for first, stop in spans]


def _spans(cues: Sequence[Cue], seconds: float, overlap: float) -> Iterator[tuple[int, int]]:
    token_offsets = list(accumulate((tokens(f"{cue.text} ") for cue in cues), initial=0.0))

    def fits(first: int, last: int, share: float = 1.0) -> bool:
        duration = cues[last].end - cues[first].start
        return duration <= seconds * share and token_offsets[last + 1] - token_offsets[first] <= MOST_TOKENS * share

    first = stop = 0
    while stop < len(cues):
        while first < stop and not (fits(first, stop - 1, overlap / seconds) and fits(first, stop)):
            first += 1
        stop += 1
        while stop < len(cues) and fits(first, stop):
            stop += 1
        yield first, stop


def _text(cues: Sequence[Cue]) -> str:
    return " ".join(cue.text for cue in cues)
