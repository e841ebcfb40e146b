"""Pieces of a transcript as they are kept: the means of their tokens' vectors.

What all passages of a language have in common is known for the bundled model (background.py). Of its pieces that part
is kept as one number, and the rest in 64 levels a dimension, which costs a cosine 0.0005. 16 levels cost moment@1 .01
on dev and fastai. Other models' pieces have a signed byte a dimension.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from seekpoint.index.embedded.pieces import blocks as piece_blocks
from seekpoint.index.embedded.pieces.blocks import IN_BYTES, PieceVector
from seekpoint.index.embedded.pieces.six_bits import LEVELS
from seekpoint.index.models.background_mean import background
from seekpoint.index.types import ModelCard, Pieces, StoredChunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.pieces.blocks import Blocks, Codes, Places, Records
    from seekpoint.index.types import Vectors

_LARGEST = 127
_MIDDLE = (LEVELS - 1) / 2
# What is larger than so many times the root of the mean square is cut to it: the rest is the truer for it.
_REACH = 4.0


def quantised(total: Vectors, tokens: int, model: str = "") -> PieceVector:
    """The mean of vectors of a model that add up to `total`."""
    mean = (total / max(tokens, 1)).astype(np.float32)
    directions = _directions(model)
    if len(directions):
        return _in_levels(mean, tokens, directions)
    scale = float(np.abs(mean).max()) / _LARGEST or 1.0
    return PieceVector(tokens, scale, np.rint(mean / scale).astype(np.int8).tobytes())


@cache
def _directions(model: str) -> Vectors:
    """What passages of each language have in common, as unit vectors; none where a model's aren't known."""
    means = [mean for _, mean in sorted(background(model).items())]
    return np.stack([mean / np.linalg.norm(mean) for mean in means]) if means else np.empty((0, 0), np.float32)


def _in_levels(mean: Vectors, tokens: int, directions: Vectors) -> PieceVector:
    lengths = directions @ mean
    nearest = int(lengths.argmax())
    length = np.float16(lengths[nearest])
    rest = mean - np.float32(length) * directions[nearest]
    largest = min(float(np.abs(rest).max()), _REACH * float(np.sqrt((rest**2).mean())))
    scale = largest / _MIDDLE
    codes = np.clip(np.floor(rest / (scale or 1.0) + LEVELS / 2), 0, LEVELS - 1).astype(np.uint8)
    return PieceVector(tokens, scale, codes.tobytes(), nearest, float(length))


def add_up(records: Records, codes: Codes, card: ModelCard, sums: Vectors) -> None:
    """Write the sums of the tokens' vectors of some pieces, a row a piece; raises ValueError."""
    in_bytes = records["direction"] == IN_BYTES
    if not in_bytes.any():
        _scale(codes, _MIDDLE, records, sums)
        directions = _directions(card.name)
        if records["direction"].max() >= len(directions):
            raise ValueError("a piece has a direction that isn't known")
        common = directions[records["direction"]]
        common *= _column(records["length"]) * _column(records["tokens"])
        sums += common
    elif in_bytes.all():
        _scale(codes.view(np.int8), 0.0, records, sums)
    else:
        for chosen in (in_bytes, ~in_bytes):
            part = np.empty((np.count_nonzero(chosen), card.dimension), np.float32)
            add_up(records[chosen], codes[chosen], card, part)
            sums[chosen] = part


def _scale(codes: NDArray[Any], middle: float, records: Records, sums: Vectors) -> None:
    np.subtract(codes, np.float32(middle), out=sums, dtype=np.float32)
    sums *= _column(records["scale"]) * _column(records["tokens"])


def _column(numbers: Records) -> Vectors:
    column: Vectors = numbers.astype(np.float32)[:, None]
    return column


def known(connection: sqlite3.Connection, resource_id: str, card: ModelCard) -> dict[bytes, PieceVector]:
    """What is stored of a resource's pieces, by the digest of their text."""
    found: dict[bytes, PieceVector] = {}
    for (key,) in connection.execute("SELECT id FROM transcript WHERE resource_id = ?", (resource_id,)).fetchall():
        with _sound():
            blocks = piece_blocks.of_transcript(connection, key)
            for which, codes in blocks.codes(np.arange(len(blocks.records)), card.dimension):
                for record, row in zip(blocks.records[which].tolist(), codes, strict=True):
                    _, digest, tokens, scale, direction, length = record
                    found[digest] = PieceVector(tokens, scale, row.tobytes(), direction, length)
    return found


def around(
    connection: sqlite3.Connection, chunks: Sequence[StoredChunk], margin: float, card: ModelCard
) -> dict[int, Pieces]:
    """The pieces of each chunk and of so many seconds before and after it, by chunk id.

    They share their numbers with those of its neighbours.
    """
    with _sound():
        blocks = piece_blocks.near(connection, [chunk.id for chunk in chunks], margin)
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
        pieces = _read(blocks, needed, card)
    bounds = np.searchsorted(needed, spans).reshape(-1, 2).tolist()
    return {
        chunk.id: Pieces(pieces.starts[first:stop], pieces.sums[first:stop], pieces.tokens[first:stop])
        for chunk, (first, stop) in zip(chunks, bounds, strict=True)
    }


def of_transcript(connection: sqlite3.Connection, transcript_id: int, card: ModelCard) -> Pieces:
    """All pieces of a transcript."""
    with _sound():
        blocks = piece_blocks.of_transcript(connection, transcript_id)
        return _read(blocks, np.arange(len(blocks.records)), card)


def _read(blocks: Blocks, places: Places, card: ModelCard) -> Pieces:
    """The pieces of blocks at some ascending places."""
    records = blocks.records[places]
    sums = np.empty((len(places), card.dimension), np.float32)
    for which, codes in blocks.codes(places, card.dimension):
        add_up(records[which], codes, card, sums[which])
    return Pieces(records["start"], sums, records["tokens"].astype(np.float32))


def check(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Raise ValueError unless all that is stored can be read."""
    directions = _directions(card.name)
    fitting = len(directions) if directions.shape[1] == card.dimension else 0
    piece_blocks.check(connection, card.dimension, fitting)


@contextmanager
def _sound() -> Iterator[None]:
    """What can't be read is the database's fault."""
    try:
        yield
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from error
