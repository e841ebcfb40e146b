"""Pieces as bytes, in blocks of neighbours.

A block is up to _MOST records of fixed size (`record_type`), so that those of many blocks are read at once. The codes
of the quantised vectors take six bits each, four in three bytes: a byte each makes a library a tenth larger, and
deflating them takes twice the time of a question.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from math import inf
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.models.piece_vectors import LEVELS, NO_DIRECTION, add_up, directions_of
from seekpoint.index.types import ModelCard, Pieces, PieceVector, StoredChunk

Codes = NDArray[np.uint8]
Records = NDArray[np.void]
Row: TypeAlias = Sequence[Any]
"""A block: transcript id, start, data."""

_MOST_TOKENS = (1 << 16) - 1
# The most pieces in a block. 16 usually take a little more than a page of SQLite's; with 8 or 12 part of each page
# would stay empty.
_MOST = 16
_LOW, _BITS = LEVELS - 1, 6
_LATEST = _LARGEST_SCALE = 1e9


class StoredPiece(NamedTuple):
    """A piece's start in seconds, the digest of its text, and its vector."""

    start: float
    digest: bytes
    vector: PieceVector


@cache
def record_type(dimension: int) -> np.dtype[np.void]:
    """The record of a piece: the fields of StoredPiece and PieceVector, with packed codes."""
    fields = [("start", "<f8"), ("digest", "V8"), ("tokens", "<u2"), ("scale", "<f4"), ("direction", "u1")]
    return np.dtype([*fields, ("length", "<f2"), ("codes", "u1", (-(-dimension // 4) * 3,))])


def encode(pieces: Sequence[StoredPiece]) -> bytes:
    """The data of a block of consecutive pieces."""
    codes = np.frombuffer(b"".join(piece.vector.codes for piece in pieces), np.uint8).reshape(len(pieces), -1)
    records = [
        (start, digest, min(tokens, _MOST_TOKENS), scale, direction, length, packed)
        for (start, digest, (tokens, scale, _, direction, length)), packed in zip(pieces, _packed(codes), strict=True)
    ]
    return np.array(records, record_type(codes.shape[1])).tobytes()


def blocks(pieces: Iterable[StoredPiece]) -> Iterator[tuple[float, bytes]]:
    """Blocks of a transcript's pieces, which are ordered by start, each with the start of its first piece."""
    rest = iter(pieces)
    while block := list(islice(rest, _MOST)):
        yield block[0].start, encode(block)


def check(rows: Iterable[Sequence[Any]], card: ModelCard) -> None:
    """Raise ValueError for blocks of a transcript, each with its start, that `blocks` can't have made."""
    directions = directions_of(card.name)
    most = len(directions) if directions.shape[1] == card.dimension else 0
    previous = -inf
    for start, data in rows:
        records = _records([(0, start, data)], card)
        if len(records) > _MOST or records["start"][0] != start or previous >= start:
            raise ValueError("a block of pieces is out of order")
        previous = float(records["start"][-1])
        is_valid = (
            (np.abs(records["start"]) < _LATEST)
            & (np.diff(records["start"], prepend=-np.inf) > 0)
            & (np.abs(records["scale"]) < _LARGEST_SCALE)
            & ((records["direction"] < most) | (records["direction"] == NO_DIRECTION))
            & np.isfinite(records["length"])
        )
        if not is_valid.all():
            raise ValueError("a block has a piece that makes no sense")


def pieces_by_digest(rows: Iterable[Row], card: ModelCard) -> dict[bytes, PieceVector]:
    """The vectors of all pieces of some blocks, by the digest of their text; raises ValueError."""
    records = _records(rows, card)
    return {
        digest: PieceVector(tokens, scale, codes.tobytes(), direction, length)
        for (_, digest, tokens, scale, direction, length, _), codes in zip(
            records.tolist(), _unpacked(records["codes"], card.dimension), strict=True
        )
    }


def pieces_around(
    rows: Iterable[Row], chunks: Sequence[StoredChunk], margin: float, card: ModelCard
) -> dict[int, Pieces]:
    """The pieces of each chunk and of `margin` seconds before and after it, by chunk id.

    The arrays are views of shared ones, since neighbouring chunks overlap. Raises ValueError for damaged blocks.
    """
    ordered = sorted(rows, key=itemgetter(0, 1))
    records = _records(ordered, card)
    starts = records["start"].tolist()
    transcripts: dict[int, tuple[int, int]] = {}
    stop = 0
    for transcript_id, _, data in ordered:
        first, stop = stop, stop + len(data) // records.itemsize
        transcripts[transcript_id] = transcripts.get(transcript_id, (first, stop))[0], stop
    spans = []
    for chunk in chunks:
        first, stop = transcripts.get(chunk.transcript_id, (0, 0))
        first = max(bisect_right(starts, chunk.start - margin, first, stop) - 1, first)
        spans.append((first, bisect_left(starts, chunk.end + margin, first, stop)))
    is_needed = np.zeros(len(starts), bool)
    for first, stop in spans:
        is_needed[first:stop] = True
    pieces = _pieces(records[is_needed], card)
    bounds = np.searchsorted(np.flatnonzero(is_needed), spans).reshape(-1, 2).tolist()
    return {
        chunk.id: pieces._replace(
            starts=pieces.starts[first:stop], sums=pieces.sums[first:stop], tokens=pieces.tokens[first:stop]
        )
        for chunk, (first, stop) in zip(chunks, bounds, strict=True)
    }


def all_pieces(rows: Iterable[Row], card: ModelCard) -> Pieces:
    """All pieces of some blocks; raises ValueError."""
    return _pieces(_records(sorted(rows, key=itemgetter(0, 1)), card), card)


def _records(rows: Iterable[Row], card: ModelCard) -> Records:
    """The records of some blocks; raises ValueError."""
    kind, data = record_type(card.dimension), [row[2] for row in rows]
    if not all(data) or any(len(block) % kind.itemsize for block in data):
        raise ValueError("a block of pieces is cut short")
    return np.frombuffer(b"".join(data), kind)


def _pieces(records: Records, card: ModelCard) -> Pieces:
    sums = np.empty((len(records), card.dimension), np.float32)
    add_up(records, _unpacked(records["codes"], card.dimension), card, sums)
    return Pieces(records["start"], sums, records["tokens"].astype(np.float32))


def _packed(codes: Codes) -> Codes:
    """Pack rows of 6-bit codes: the low 6 bits of byte k are code k of 4n, and the high bits the last n codes."""
    first, second, third, last = np.split(np.pad(codes, ((0, 0), (0, -codes.shape[1] % 4))), 4, axis=1)
    return np.hstack([first | (last & 3) << _BITS, second | (last >> 2 & 3) << _BITS, third | last >> 4 << _BITS])


def _unpacked(packed: Codes, dimension: int) -> Codes:
    first, second, third = np.split(packed >> _BITS, 3, axis=1)
    return np.hstack([packed & _LOW, first | second << 2 | third << 4])[:, :dimension]
