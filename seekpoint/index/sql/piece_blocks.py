"""Pieces as bytes, in blocks of neighbours.

A block consists of

    1 byte    the number of pieces
    records   one for each piece (RECORD), of fixed size, so that those of many blocks are read at once
    codes     of the quantised vectors, six bits each, four in three bytes (`encode`)
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.models.piece_vectors import LEVELS, NO_DIRECTION, add_up, directions_of
from seekpoint.index.types import ModelCard, Pieces, PieceVector, StoredChunk, Vectors

Codes = NDArray[np.uint8]
Places = NDArray[np.int64]
Records = NDArray[np.void]


# The fields of PieceVector, after the start and the digest. `struct` has to round the scale to float32, as RECORD does.
_FIELDS = "<d8sHfBe"
RECORD = np.dtype(
    [("start", "<f8"), ("digest", "V8"), ("tokens", "<u2"), ("scale", "<f4"), ("direction", "u1"), ("length", "<f2")]
)
_MOST_TOKENS = (1 << 16) - 1
# The most pieces in a block. 16 usually take a little more than a page of SQLite's; with 8 or 12 part of each page
# would stay empty.
_MOST = 16
# Blocks that are decoded at once.
_AT_ONCE = 32
_LOW, _BITS = LEVELS - 1, 6
_LATEST = _LARGEST_SCALE = 1e9


class StoredPiece(NamedTuple):
    """A piece's start in seconds, the digest of its text, and its vector."""

    start: float
    digest: bytes
    vector: PieceVector


class Blocks:
    """Blocks, ordered by transcript and start, from rows of (transcript id, start, data); raises ValueError."""

    def __init__(self, rows: Iterable[Any]) -> None:
        ordered = sorted(rows, key=itemgetter(0, 1))
        self._data: list[bytes] = [row[2] for row in ordered]
        sizes = [data[0] if data else 0 for data in self._data]
        if not all(sizes):
            raise ValueError("a block of pieces is empty")
        self._firsts = np.fromiter(accumulate(sizes, initial=0), np.int64, len(sizes) + 1)
        joined = b"".join(data[1 : 1 + size * RECORD.itemsize] for data, size in zip(self._data, sizes, strict=True))
        if len(joined) != RECORD.itemsize * sum(sizes):
            raise ValueError("a block of pieces is cut short")
        self.records: Records = np.frombuffer(joined, RECORD)
        self.spans: dict[int, tuple[int, int]] = {}
        """The records of each transcript, by its id: [first, stop)."""
        for row, first, stop in zip(ordered, self._firsts.tolist(), self._firsts[1:].tolist(), strict=False):
            self.spans[row[0]] = self.spans.get(row[0], (first, 0))[0], stop

    def codes(self, places: Places, dimension: int) -> Iterator[tuple[slice, Codes]]:
        """The codes of the pieces at `places`, ascending indices into the records; raises ValueError.

        Yields slices of `places` with a row of codes for each. Small batches reuse memory: allocating new memory takes
        longer than decoding.
        """
        bounds = np.searchsorted(places, self._firsts).tolist()
        for first in range(0, len(self._data), _AT_ONCE):
            last = min(first + _AT_ONCE, len(self._data))
            span = slice(bounds[first], bounds[last])
            if span.start < span.stop:
                sizes = np.diff(self._firsts[first : last + 1])
                data = [
                    block[1 + size * RECORD.itemsize :]
                    for block, size in zip(self._data[first:last], sizes.tolist(), strict=True)
                ]
                width = packed_size(dimension)
                if [*map(len, data)] != (sizes * width).tolist():
                    raise ValueError("a block of pieces has more or fewer codes than dimensions")
                packed = np.frombuffer(b"".join(data), np.uint8).reshape(-1, width)
                packed = packed[places[span] - self._firsts[first]]
                quarter = packed.shape[1] // 3
                codes = np.empty((len(packed), 4 * quarter), np.uint8)
                np.bitwise_and(packed, _LOW, out=codes[:, : 3 * quarter])
                tops, lowest = packed >> _BITS, codes[:, 3 * quarter :]
                lowest[:] = tops[:, 2 * quarter :]
                for k in (1, 0):
                    lowest <<= 2
                    lowest |= tops[:, k * quarter : (k + 1) * quarter]
                yield span, codes[:, :dimension]


def packed_size(dimension: int) -> int:
    """The bytes of the packed codes of a piece."""
    return -(-dimension // 4) * 3


def encode(pieces: Sequence[StoredPiece]) -> bytes:
    """The data of a block of consecutive pieces."""
    records = [
        struct.pack(_FIELDS, start, digest, min(tokens, _MOST_TOKENS), scale, direction, length)
        for start, digest, (tokens, scale, _, direction, length) in pieces
    ]
    rows = np.frombuffer(b"".join(piece.vector.codes for piece in pieces), np.uint8).reshape(len(pieces), -1)
    # The low 6 bits of byte k are code k of a row padded to 4n, and the high bits are the last n codes.
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    first, second, third, last = np.split(padded, 4, axis=1)
    packed = [first | (last & 3) << _BITS, second | (last >> 2 & 3) << _BITS, third | last >> 4 << _BITS]
    return bytes([len(pieces)]) + b"".join(records) + np.hstack(packed).tobytes()


def blocks(pieces: Iterable[StoredPiece]) -> Iterator[tuple[float, bytes]]:
    """Blocks of a transcript's pieces, which are ordered by start, each with the start of its first piece."""
    rest = iter(pieces)
    while block := list(islice(rest, _MOST)):
        yield block[0].start, encode(block)


def check(rows: Iterable[tuple[int, float, bytes]], dimension: int, directions: int) -> None:
    """Raise ValueError for blocks, ordered by transcript and start, that `blocks` can't have made."""
    width = packed_size(dimension)
    previous: tuple[int, float] = (-1, 0.0)
    for transcript_id, start, data in rows:
        records = Blocks([(transcript_id, start, data)]).records
        if len(records) > _MOST or records["start"][0] != start or previous >= (transcript_id, start):
            raise ValueError("a block of pieces is out of order")
        previous = transcript_id, float(records["start"][-1])
        is_valid = (
            (np.abs(records["start"]) < _LATEST)
            & (np.diff(records["start"], prepend=-np.inf) > 0)
            & (np.abs(records["scale"]) < _LARGEST_SCALE)
            & ((records["direction"] < directions) | (records["direction"] == NO_DIRECTION))
            & np.isfinite(records["length"])
        )
        if not is_valid.all():
            raise ValueError("a block has a piece that makes no sense")
        if len(data) != 1 + len(records) * (RECORD.itemsize + width):
            raise ValueError("a block of pieces has more or fewer codes than dimensions")


def pieces_by_digest(blocks: Blocks, card: ModelCard) -> dict[bytes, PieceVector]:
    """The vectors of all pieces of the blocks, by the digest of their text; raises ValueError."""
    vectors: dict[bytes, PieceVector] = {}
    for span, codes in blocks.codes(np.arange(len(blocks.records)), card.dimension):
        for record, row in zip(blocks.records[span].tolist(), codes, strict=True):
            _, digest, tokens, scale, direction, length = record
            vectors[digest] = PieceVector(tokens, scale, row.tobytes(), direction, length)
    return vectors


def pieces_around(blocks: Blocks, chunks: Sequence[StoredChunk], margin: float, card: ModelCard) -> dict[int, Pieces]:
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


def all_pieces(blocks: Blocks, card: ModelCard) -> Pieces:
    """All pieces of the blocks; raises ValueError."""
    return read(blocks, np.arange(len(blocks.records)), card)


def read(blocks: Blocks, places: Places, card: ModelCard) -> Pieces:
    """The pieces at `places`, ascending indices into the records of the blocks; raises ValueError."""
    records = blocks.records[places]
    sums = np.empty((len(places), card.dimension), np.float32)
    for span, codes in blocks.codes(places, card.dimension):
        add_up(records[span], codes, card, sums[span])
    return Pieces(records["start"], sums, records["tokens"].astype(np.float32))


def directions_with(card: ModelCard) -> int:
    """How many directions the pieces of a model may have."""
    directions = directions_of(card.name)
    return len(directions) if directions.shape[1] == card.dimension else 0


# Vectors in the database: a scale in 16 bits, then a signed byte for each dimension.
#
# The scale is a multiple of 2 ** -18, so that sums of vectors are exact in float64: they don't depend on the order of
# addition, and a vector can be subtracted again. The quantisation changes a cosine by 0.0001 and takes half the space
# of float16.

_LARGEST = 127
_UNIT = 2.0**-18
_STEP = np.dtype("<u2")


def pack_int8(vector: Vectors) -> bytes:
    """Quantise a vector whose components lie between -1 and 1."""
    steps = max(int(np.ceil(float(np.abs(vector).max()) / (_LARGEST * _UNIT))), 1)
    data: bytes = np.rint(vector / (steps * _UNIT)).astype(np.int8).tobytes()
    return np.array(steps, _STEP).tobytes() + data


def unpack_int8(data: Sequence[bytes], dimension: int) -> Vectors:
    """Packed vectors as float32, one row each."""
    table = np.frombuffer(b"".join(data), dtype=np.int8).reshape(len(data), dimension + _STEP.itemsize)
    steps = np.ascontiguousarray(table[:, : _STEP.itemsize]).view(_STEP).astype(np.float32)
    rows: Vectors = table[:, _STEP.itemsize :] * (steps * np.float32(_UNIT))
    return rows
