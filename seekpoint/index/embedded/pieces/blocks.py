"""Pieces in the database, in blocks of neighbours.

A block consists of

    1 byte    the number of pieces; its highest bit is set if the codes are packed
    records   one for each piece (RECORD), of fixed size, so that those of many blocks are read at once
    codes     of the quantised vectors: packed in six bits each, or else a byte each, Huffman-coded

With Huffman coding six-bit codes would take 261 bytes a piece instead of 288, but six times as long to read.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seekpoint.index.chunks import PieceVector
from seekpoint.index.embedded.pieces import six_bits
from seekpoint.index.models.piece_vectors import IN_BYTES, LEVELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Places = NDArray[np.int64]
    Records = NDArray[np.void]

DIGEST_BYTES = 8
# The fields of PieceVector, after the start and the digest. `struct` has to round the scale to float32, as RECORD does.
_FIELDS = "<d8sHfBe"
RECORD = np.dtype(
    [("start", "<f8"), ("digest", "V8"), ("tokens", "<u2"), ("scale", "<f4"), ("direction", "u1"), ("length", "<f2")]
)
_MOST_TOKENS = (1 << 16) - 1
# The most pieces in a block. 16 usually take a little more than a page of SQLite's; with 8 or 12 part of each page
# would stay empty.
_MOST = 16
_PACKED = 0x80
_MEMORY_LEVEL = 9
# Blocks that are decoded at once.
_AT_ONCE = 32
_LATEST = _LARGEST_SCALE = 1e9
_NEAR = """
    SELECT transcript_id, start, data FROM piece_block WHERE rowid IN (
      SELECT block.rowid FROM chunk JOIN piece_block AS block ON block.transcript_id = chunk.transcript_id
      WHERE chunk.id IN (SELECT value FROM json_each(:ids))
      AND block.start < chunk.end + :margin
      AND block.start >= coalesce(
        (SELECT max(start) FROM piece_block AS first
         WHERE first.transcript_id = chunk.transcript_id AND first.start <= chunk.start - :margin),
        chunk.start - :margin))"""


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
        sizes = [_size(data) for data in self._data]
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
        within = places - np.repeat(self._firsts[:-1], np.diff(bounds))
        for batch in self._batches():
            span = slice(bounds[batch.start], bounds[batch.stop])
            if span.start < span.stop:
                counts = np.diff(bounds[batch.start : batch.stop + 1])
                read = _packed if _is_packed(self._data[batch.start]) else _compressed
                yield span, read(self._data[batch], within[span], counts, dimension)

    def _batches(self) -> Iterator[slice]:
        """Slices of up to _AT_ONCE consecutive blocks, all packed or all compressed."""
        stop = 0
        for _, alike in groupby(self._data, _is_packed):
            first, stop = stop, stop + sum(1 for _ in alike)
            yield from (slice(start, min(start + _AT_ONCE, stop)) for start in range(first, stop, _AT_ONCE))


def _size(block: bytes) -> int:
    """The number of pieces in a block."""
    return block[0] & ~_PACKED if block else 0


def _is_packed(block: bytes) -> bool:
    return block[0] >= _PACKED


def _coded(block: bytes) -> bytes:
    """The codes of a block, still packed or compressed."""
    return block[1 + _size(block) * RECORD.itemsize :]


def _packed(blocks: Sequence[bytes], within: Places, counts: Places, dimension: int) -> Codes:
    """The codes of pieces in packed blocks, a row each; raises ValueError.

    `within` are the indices of the pieces in their blocks, and `counts` the number of pieces of each block.
    """
    width, sizes = six_bits.size(dimension), np.array([_size(block) for block in blocks], np.int64)
    data = [_coded(block) for block in blocks]
    if not six_bits.fits(dimension) or [*map(len, data)] != (sizes * width).tolist():
        raise ValueError("a block of pieces has more or fewer codes than dimensions")
    rows = within + np.repeat(np.cumsum(sizes) - sizes, counts)
    return six_bits.unpacked(np.frombuffer(b"".join(data), np.uint8).reshape(-1, width)[rows])


def _compressed(blocks: Sequence[bytes], within: Places, counts: Places, dimension: int) -> Codes:
    """The same for Huffman-coded blocks. Each is only decoded up to the last piece that is needed."""
    needed = np.where(counts > 0, np.append(within, 0)[np.cumsum(counts) - 1] + 1, 0)
    data = b"".join(map(_decompressed, blocks, (needed * dimension).tolist()))
    rows = within + np.repeat(np.cumsum(needed) - needed, counts)
    codes: Codes = np.frombuffer(data, np.uint8).reshape(-1, dimension)[rows]
    return codes


def _decompressed(block: bytes, size: int) -> bytes:
    """The first `size` bytes of a block's codes; raises ValueError."""
    if not size:
        return b""
    try:
        codes = zlib.decompressobj(-zlib.MAX_WBITS).decompress(_coded(block), size)
    except zlib.error as error:
        raise ValueError(f"a block of pieces can't be read ({error})") from error
    if len(codes) < size:
        raise ValueError("a block of pieces has too few codes")
    return codes


def encode(pieces: Sequence[StoredPiece]) -> bytes:
    """The data of a block of consecutive pieces."""
    records = [
        struct.pack(
            _FIELDS, start, digest, min(vector.tokens, _MOST_TOKENS), vector.scale, vector.direction, vector.length
        )
        for start, digest, vector in pieces
    ]
    codes = b"".join(piece.vector.codes for piece in pieces)
    if IN_BYTES in [piece.vector.direction for piece in pieces] or not six_bits.fits(len(codes) // len(pieces)):
        coder = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY_LEVEL, zlib.Z_HUFFMAN_ONLY)
        return bytes([len(pieces)]) + b"".join(records) + coder.compress(codes) + coder.flush()
    rows = np.frombuffer(codes, np.uint8).reshape(len(pieces), -1)
    return bytes([len(pieces) | _PACKED]) + b"".join(records) + six_bits.packed(rows).tobytes()


def append(connection: sqlite3.Connection, transcript_id: int, pieces: Iterable[StoredPiece]) -> Blocks:
    """Store a transcript's pieces, ordered by start, and return their blocks; within the caller's transaction."""
    rest = iter(pieces)
    rows = []
    while block := list(islice(rest, _MOST)):
        rows.append((transcript_id, block[0].start, encode(block)))
    connection.executemany("INSERT INTO piece_block (transcript_id, start, data) VALUES (?, ?, ?)", rows)
    return Blocks(rows)


def near(connection: sqlite3.Connection, chunk_ids: Sequence[int], margin: float) -> Blocks:
    """The blocks with the pieces of chunks and of `margin` seconds before and after each; raises ValueError."""
    return Blocks(connection.execute(_NEAR, {"ids": json.dumps(list(chunk_ids)), "margin": margin}))


def transcript_blocks(connection: sqlite3.Connection, transcript_id: int) -> Blocks:
    """All blocks of a transcript; raises ValueError."""
    query = "SELECT transcript_id, start, data FROM piece_block WHERE transcript_id = ?"
    return Blocks(connection.execute(query, (transcript_id,)))


def check(connection: sqlite3.Connection, dimension: int, directions: int) -> None:
    """Read all blocks; raises ValueError for one that `append` can't have written."""
    most = 1 + _MOST * (RECORD.itemsize + 2 * dimension) + 1024
    if connection.execute("SELECT 1 FROM piece_block WHERE length(data) > ?", (most,)).fetchone():
        raise ValueError("a block of pieces is too large")
    previous: tuple[int, float] = (-1, 0.0)
    for transcript_id, start, data in connection.execute("SELECT * FROM piece_block ORDER BY transcript_id, start"):
        records = Blocks([(transcript_id, start, data)]).records
        if len(records) > _MOST or records["start"][0] != start or previous >= (transcript_id, start):
            raise ValueError("a block of pieces is out of order")
        previous = transcript_id, float(records["start"][-1])
        _check_records(records, directions)
        in_six_bits = records["direction"] != IN_BYTES
        if not _is_packed(data):
            _check_codes(data, in_six_bits, dimension)
        elif not in_six_bits.all() or len(_coded(data)) != len(records) * six_bits.size(dimension):
            raise ValueError("a block of pieces has other codes than it says")


def _check_records(records: Records, directions: int) -> None:
    is_valid = (
        (np.abs(records["start"]) < _LATEST)
        & (np.diff(records["start"], prepend=-np.inf) > 0)
        & (np.abs(records["scale"]) < _LARGEST_SCALE)
        & ((records["direction"] < directions) | (records["direction"] == IN_BYTES))
        & np.isfinite(records["length"])
    )
    if not is_valid.all():
        raise ValueError("a block has a piece that makes no sense")


def _check_codes(data: bytes, in_six_bits: NDArray[np.bool_], dimension: int) -> None:
    size = len(in_six_bits) * dimension
    coder = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        codes = coder.decompress(_coded(data), size + 1)
    except zlib.error as error:
        raise ValueError(f"a block of pieces can't be read ({error})") from error
    if len(codes) != size or not coder.eof or coder.unused_data:
        raise ValueError("a block of pieces has more or fewer codes than dimensions")
    if (np.frombuffer(codes, np.uint8).reshape(-1, dimension)[in_six_bits] >= LEVELS).any():
        raise ValueError("a block of pieces has codes that are too large")
