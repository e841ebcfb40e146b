"""Splits a transcript into chunks along its cues, by seconds and by tokens.

Words and sentences are no measure: generated captions have no punctuation, Chinese has no spaces.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from seekpoint.index.types import WINDOW_SECONDS, Chunk, Cue, Piece
from seekpoint.indexer.transcript.cues import MOST_TOKENS, tokens

SECONDS = 45.0
OVERLAP = 15.0
PIECE_SECONDS = 10.0


def chunk(cues: Sequence[Cue], seconds: float = SECONDS, overlap: float = OVERLAP) -> list[Chunk]:
    """Chunks of at most `seconds` and MOST_TOKENS; each overlaps the previous one by at most `overlap` seconds.

    A longer cue is a chunk of its own. The cues must be in order, as `cues.tidy` returns them.
    """
    token_offsets = list(accumulate((tokens(f"{cue.text} ") for cue in cues), initial=0.0))

    def fits(first: int, last: int, share: float = 1.0) -> bool:
        duration = cues[last].end - cues[first].start
        return duration <= seconds * share and token_offsets[last + 1] - token_offsets[first] <= MOST_TOKENS * share

    chunks = []
    first = stop = 0
    while stop < len(cues):
        while first < stop and not (fits(first, stop - 1, overlap / seconds) and fits(first, stop)):
            first += 1
        stop += 1
        while stop < len(cues) and fits(first, stop):
            stop += 1
        inside = cues[first:stop]
        chunks.append(Chunk(first, stop, inside[0].start, max(cue.end for cue in inside), _text(inside)))
    return chunks


def pieces(cues: Sequence[Cue], seconds: float = PIECE_SECONDS) -> list[Piece]:
    """Consecutive pieces; a new one starts at the first cue that begins at least `seconds` after the piece's start."""
    firsts = [0] if cues else []
    for k, cue in enumerate(cues):
        if cue.start - cues[firsts[-1]].start >= seconds:
            firsts.append(k)
    spans = zip(firsts, [*firsts[1:], len(cues)], strict=False)
    return [Piece(first, stop, cues[first].start, _text(cues[first:stop])) for first, stop in spans]


def windows(cues: Sequence[Cue]) -> list[Piece]:
    """A window for each piece: the cues that begin less than WINDOW_SECONDS after the piece begins."""
    starts = [cue.start for cue in cues]
    spans = ((piece, bisect_left(starts, piece.start + WINDOW_SECONDS, lo=piece.stop)) for piece in pieces(cues))
    return [piece._replace(stop=stop, text=_text(cues[piece.first : stop])) for piece, stop in spans]


def _text(cues: Sequence[Cue]) -> str:
    return " ".join(cue.text for cue in cues)
