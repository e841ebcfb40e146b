"""Pieces as the database keeps them: blocks of neighbours, with the codes of their vectors.

A block is how many pieces it has, in a byte; a record of each, so that those of many blocks are read at once; and the
codes, which say by that byte's highest bit how they are kept. Levels take six bits each. Other codes take a byte each,
Huffman-coded: levels would take 261 bytes a piece so in place of 288, but six times as long to read.
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

from seekpoint.index.embedded.pieces import six_bits
from seekpoint.index.models.piece_vectors import IN_BYTES, LEVELS
from seekpoint.index.types import PieceVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Places = NDArray[np.int64]
    Records = NDArray[np.void]

DIGEST_BYTES = 8
# Beside a piece's place and digest, see PieceVector. A step has to be a float32, as it's read.
_FIELDS = "<d8sHfBe"
RECORD = np.dtype(
    [("start", "<f8"), ("digest", "V8"), ("tokens", "<u2"), ("scale", "<f4"), ("direction", "u1"), ("length", "<f2")]
)
_MOST_TOKENS = (1 << 16) - 1
# As a rule so many take a page of SQLite's and a little: of 8 or 12, part of each page would stay empty.
_MOST = 16
_PACKED = 0x80
_MEMORY_LEVEL = 9
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
    """A piece with where it starts, in seconds, and the digest of its text."""

    start: float
    digest: bytes
    vector: PieceVector


class Blocks:
    """Blocks of transcripts, by transcript and start, from rows of (transcript id, start, data); raises ValueError."""

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
        """Which of the records are a transcript's: the first, and that after the last."""
        for row, first, stop in zip(ordered, self._firsts.tolist(), self._firsts[1:].tolist(), strict=False):
            self.spans[row[0]] = self.spans.get(row[0], (first, 0))[0], stop

    def codes(self, places: Places, dimension: int) -> Iterator[tuple[slice, Codes]]:
        """The codes of pieces, by their ascending places among the records: which of them, and a row for each.

        They come some at a time, since new memory takes longer than what's done in it; raises ValueError.
        """
        bounds = np.searchsorted(places, self._firsts).tolist()
        within = places - np.repeat(self._firsts[:-1], np.diff(bounds))
        for some in self._some():
            which = slice(bounds[some.start], bounds[some.stop])
            if which.start < which.stop:
                counts = np.diff(bounds[some.start : some.stop + 1])
                read = _packed if _is_packed(self._data[some.start]) else _compressed
                yield which, read(self._data[some], within[which], counts, dimension)

    def _some(self) -> Iterator[slice]:
        """Blocks of one kind that follow one another."""
        stop = 0
        for _, alike in groupby(self._data, _is_packed):
            first, stop = stop, stop + sum(1 for _ in alike)
            yield from (slice(start, min(start + _AT_ONCE, stop)) for start in range(first, stop, _AT_ONCE))


def _size(block: bytes) -> int:
    """How many pieces a block has."""
    return block[0] & ~_PACKED if block else 0


def _is_packed(block: bytes) -> bool:
    return block[0] >= _PACKED


def _coded(block: bytes) -> bytes:
    """What a block has of codes."""
    return block[1 + _size(block) * RECORD.itemsize :]


def _packed(blocks: Sequence[bytes], within: Places, counts: Places, dimension: int) -> Codes:
    """The codes of pieces at some places within blocks of levels, so many of each block; raises ValueError."""
    width, sizes = six_bits.size(dimension), np.array([_size(block) for block in blocks], np.int64)
    data = [_coded(block) for block in blocks]
    if not six_bits.fits(dimension) or [*map(len, data)] != (sizes * width).tolist():
        raise ValueError("a block of pieces has more or fewer codes than dimensions")
    rows = within + np.repeat(np.cumsum(sizes) - sizes, counts)
    return six_bits.unpacked(np.frombuffer(b"".join(data), np.uint8).reshape(-1, width)[rows])


def _compressed(blocks: Sequence[bytes], within: Places, counts: Places, dimension: int) -> Codes:
    """The same of blocks that are Huffman-coded: what comes after the last of a block's needn't be decoded."""
    read = np.where(counts > 0, np.append(within, 0)[np.cumsum(counts) - 1] + 1, 0)
    data = b"".join(map(_decompressed, blocks, (read * dimension).tolist()))
    rows = within + np.repeat(np.cumsum(read) - read, counts)
    codes: Codes = np.frombuffer(data, np.uint8).reshape(-1, dimension)[rows]
    return codes


def _decompressed(block: bytes, size: int) -> bytes:
    """The first so many bytes of a block's codes; raises ValueError."""
    if not size:
        return b""
    try:
        found = zlib.decompressobj(-zlib.MAX_WBITS).decompress(_coded(block), size)
    except zlib.error as error:
        raise ValueError(f"a block of pieces can't be read ({error})") from error
    if len(found) < size:
        raise ValueError("a block of pieces has too few codes")
    return found


def encode(pieces: Sequence[StoredPiece]) -> bytes:
    """The data of a block of pieces that follow one another."""
    records = [
        struct.pack(_FIELDS, start, digest, min(one.tokens, _MOST_TOKENS), one.scale, one.direction, one.length)
        for start, digest, one in pieces
    ]
    codes = b"".join(piece.vector.codes for piece in pieces)
    if IN_BYTES in [piece.vector.direction for piece in pieces] or not six_bits.fits(len(codes) // len(pieces)):
        coder = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY_LEVEL, zlib.Z_HUFFMAN_ONLY)
        return bytes([len(pieces)]) + b"".join(records) + coder.compress(codes) + coder.flush()
    rows = np.frombuffer(codes, np.uint8).reshape(len(pieces), -1)
    return bytes([len(pieces) | _PACKED]) + b"".join(records) + six_bits.packed(rows).tobytes()


def append(connection: sqlite3.Connection, transcript_id: int, pieces: Iterable[StoredPiece]) -> Blocks:
    """Store a transcript's pieces, which have to be in order, and return their blocks; in the caller's transaction."""
    rest = iter(pieces)
    rows = []
    while block := list(islice(rest, _MOST)):
        rows.append((transcript_id, block[0].start, encode(block)))
    connection.executemany("INSERT INTO piece_block (transcript_id, start, data) VALUES (?, ?, ?)", rows)
    return Blocks(rows)


def near(connection: sqlite3.Connection, chunk_ids: Sequence[int], margin: float) -> Blocks:
    """The blocks with the pieces of some chunks and of so many seconds before and after each; raises ValueError."""
    return Blocks(connection.execute(_NEAR, {"ids": json.dumps(list(chunk_ids)), "margin": margin}))


def transcript_blocks(connection: sqlite3.Connection, transcript_id: int) -> Blocks:
    """All blocks of a transcript; raises ValueError."""
    query = "SELECT transcript_id, start, data FROM piece_block WHERE transcript_id = ?"
    return Blocks(connection.execute(query, (transcript_id,)))


def check(connection: sqlite3.Connection, dimension: int, directions: int) -> None:
    """Raise ValueError for the first block that `append` wouldn't have written."""
    most = 1 + _MOST * (RECORD.itemsize + 2 * dimension) + 1024
    if connection.execute("SELECT 1 FROM piece_block WHERE length(data) > ?", (most,)).fetchone():
        raise ValueError("a block of pieces is too large")
    reached: tuple[int, float] = (-1, 0.0)
    for transcript_id, start, data in connection.execute("SELECT * FROM piece_block ORDER BY transcript_id, start"):
        records = Blocks([(transcript_id, start, data)]).records
        if len(records) > _MOST or records["start"][0] != start or reached >= (transcript_id, start):
            raise ValueError("a block of pieces is out of order")
        reached = transcript_id, float(records["start"][-1])
        _check_records(records, directions)
        in_levels = records["direction"] != IN_BYTES
        if not _is_packed(data):
            _check_codes(data, in_levels, dimension)
        elif not in_levels.all() or len(_coded(data)) != len(records) * six_bits.size(dimension):
            raise ValueError("a block of pieces has other codes than it says")


def _check_records(records: Records, directions: int) -> None:
    is_sound = (
        (np.abs(records["start"]) < _LATEST)
        & (np.diff(records["start"], prepend=-np.inf) > 0)
        & (np.abs(records["scale"]) < _LARGEST_SCALE)
        & ((records["direction"] < directions) | (records["direction"] == IN_BYTES))
        & np.isfinite(records["length"])
    )
    if not is_sound.all():
        raise ValueError("a block has a piece that makes no sense")


def _check_codes(data: bytes, in_levels: NDArray[np.bool_], dimension: int) -> None:
    size = len(in_levels) * dimension
    coder = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        codes = coder.decompress(_coded(data), size + 1)
    except zlib.error as error:
        raise ValueError(f"a block of pieces can't be read ({error})") from error
    if len(codes) != size or not coder.eof or coder.unused_data:
        raise ValueError("a block of pieces has more or fewer codes than dimensions")
    if (np.frombuffer(codes, np.uint8).reshape(-1, dimension)[in_levels] >= LEVELS).any():
        raise ValueError("a block of pieces has codes that are too large")
