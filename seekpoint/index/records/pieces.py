"""Pieces out of their blocks: those around chunks, all of them, and their vectors by digest."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.models.piece_vectors import WINDOW, add_up, directions_of
from seekpoint.index.types import ModelCard, Pieces, PieceVector, StoredChunk

if TYPE_CHECKING:
    from seekpoint.index.records.piece_blocks import Blocks, Places


def by_digest(blocks: Blocks, card: ModelCard) -> dict[bytes, PieceVector]:
    """The vectors of all pieces of the blocks, by the digest of their text; raises ValueError."""
    vectors: dict[bytes, PieceVector] = {}
    for span, codes in blocks.codes(np.arange(len(blocks.records)), card.dimension):
        for record, row in zip(blocks.records[span].tolist(), codes, strict=True):
            _, digest, tokens, scale, direction, length = record
            vectors[digest] = PieceVector(tokens, scale, row.tobytes(), direction, length)
    return vectors


def around(blocks: Blocks, chunks: Sequence[StoredChunk], margin: float, card: ModelCard) -> dict[int, Pieces]:
    """The pieces of each chunk and of `margin` seconds before and after it, by chunk id.

    The arrays are views of shared ones, since neighbouring chunks overlap. Raises ValueError for damaged blocks.
    """
    starts = blocks.records["start"].tolist()
    spans = []
    for chunk in chunks:
        first, stop = blocks.spans.get(chunk.transcript_id, (0, 0))
        first = max(bisect_right(starts, chunk.start - margin, first, stop) - 1, first)
        spans.append((first, bisect_left(starts, chunk.end + margin, first, stop)))
    is_needed = np.zeros(len(starts), bool)
    for first, stop in spans:
        is_needed[first:stop] = True
    needed = np.flatnonzero(is_needed)
    pieces = read(blocks, needed, card)
    bounds = np.searchsorted(needed, spans).reshape(-1, 2).tolist()
    return {
        chunk.id: pieces._replace(
            starts=pieces.starts[first:stop], sums=pieces.sums[first:stop], tokens=pieces.tokens[first:stop]
        )
        for chunk, (first, stop) in zip(chunks, bounds, strict=True)
    }


def all_of(blocks: Blocks, card: ModelCard) -> Pieces:
    """All pieces of the blocks; raises ValueError."""
    return read(blocks, np.arange(len(blocks.records)), card)


def read(blocks: Blocks, places: Places, card: ModelCard) -> Pieces:
    """The pieces at `places`, ascending indices into the records of the blocks; raises ValueError."""
    records = blocks.records[places]
    sums = np.empty((len(places), card.dimension), np.float32)
    for span, codes in blocks.codes(places, card.dimension):
        add_up(records[span], codes, card, sums[span])
    are_windows = bool((records["direction"] == WINDOW).any())  # a model has either all or none of them
    return Pieces(records["start"], sums, records["tokens"].astype(np.float32), are_windows)


def directions_with(card: ModelCard) -> int:
    """How many directions the pieces of a model may have."""
    directions = directions_of(card.name)
    return len(directions) if directions.shape[1] == card.dimension else 0
