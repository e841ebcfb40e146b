"""Pieces as schemas 4 to 8 had them, a row each, which are read until a build takes them to this version.

Their codes are signed bytes. Those of the bundled model's have six bits each in schema 8, after what they have of a
language's direction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from index.piece_blocks import DIGEST_BYTES, IN_BYTES, RECORD, PieceVector, StoredPiece, append
from index.pieces import add_up, none
from index.types import ModelCard, Pieces, StoredChunk

if TYPE_CHECKING:
    from index.piece_blocks import Codes, Records

_HEAD = np.dtype([("direction", "u1"), ("length", "<f2")])
_COLUMNS = "start, digest, tokens, scale, data"
_ROWS = 4096


def around(
    connection: sqlite3.Connection, chunks: Sequence[StoredChunk], margin: float, card: ModelCard
) -> dict[int, Pieces]:
    """The pieces of each chunk and of so many seconds before and after it, by chunk id."""
    rows = connection.execute(
        """SELECT chunk.id AS chunk_id, piece.start AS start, digest, tokens, scale, data
           FROM chunk JOIN piece ON piece.transcript_id = chunk.transcript_id
           WHERE chunk.id IN (SELECT value FROM json_each(:ids))
           AND piece.start < chunk.end + :margin
           AND piece.start >= coalesce(
             (SELECT max(start) FROM piece AS first
              WHERE first.transcript_id = chunk.transcript_id AND first.start <= chunk.start - :margin),
             chunk.start - :margin)
           ORDER BY chunk.id, piece.start""",
        {"ids": json.dumps([chunk.id for chunk in chunks]), "margin": margin},
    )
    found = none(chunks, card.dimension)
    for chunk_id, group in groupby(rows, key=itemgetter("chunk_id")):
        found[chunk_id] = _read(list(group), card)
    return found


def of_transcript(connection: sqlite3.Connection, transcript_id: int, card: ModelCard) -> Pieces:
    """All pieces of a transcript."""
    query = f"SELECT {_COLUMNS} FROM piece WHERE transcript_id = ? ORDER BY start"
    return _read(connection.execute(query, (transcript_id,)).fetchall(), card)


def convert(connection: sqlite3.Connection) -> None:
    """Put the pieces of schema 8 into blocks; in a transaction of the caller's."""
    for transcript_id, pieces in groupby(_stored(connection), key=itemgetter(0)):
        append(connection, transcript_id, (piece for _, piece in pieces))
    connection.execute("DROP TABLE piece")


def _stored(connection: sqlite3.Connection) -> Iterator[tuple[int, StoredPiece]]:
    """All pieces, in order, each with its transcript's id."""
    sizes = connection.execute("SELECT length(data) - 2 FROM vector LIMIT 1").fetchone()
    query = f"SELECT {_COLUMNS}, transcript_id FROM piece ORDER BY transcript_id, start"
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    cursor.execute(query)
    while sizes and (rows := cursor.fetchmany(_ROWS)):
        records, codes = _decoded(rows, sizes[0])
        for row, (start, digest, *vector), there in zip(rows, records.tolist(), codes, strict=True):
            tokens, scale, direction, length = vector
            yield (
                row["transcript_id"],
                StoredPiece(start, digest, PieceVector(tokens, scale, there.tobytes(), direction, length)),
            )


def _read(rows: Sequence[sqlite3.Row], card: ModelCard) -> Pieces:
    records, codes = _decoded(rows, card.dimension)
    sums = np.empty(codes.shape, np.float32)
    if rows:
        add_up(records, codes, card, sums)
    return Pieces(records["start"].copy(), sums, records["tokens"].astype(np.float32))


def _decoded(rows: Sequence[sqlite3.Row], dimension: int) -> tuple[Records, Codes]:
    """The records and the codes of rows, as a block has them; raises sqlite3.DatabaseError."""
    packed = _HEAD.itemsize + -(-dimension // 4) * 3
    data: list[bytes] = [row["data"] for row in rows]
    if {len(one) for one in data} - {dimension, packed}:
        raise sqlite3.DatabaseError("a piece has more or fewer numbers than dimensions")
    records, codes = np.zeros(len(rows), RECORD), np.empty((len(rows), dimension), np.uint8)
    for name in ("start", "tokens", "scale"):
        records[name] = [row[name] for row in rows]
    digests = (row["digest"][:DIGEST_BYTES].ljust(DIGEST_BYTES, b"\0") for row in rows)
    records["digest"] = np.frombuffer(b"".join(digests), RECORD["digest"])
    in_bytes = np.array([len(one) == dimension for one in data], bool)
    codes[in_bytes] = _table([one for one in data if len(one) == dimension], dimension)
    records["direction"][in_bytes] = IN_BYTES
    table = _table([one for one in data if len(one) != dimension], packed)
    heads = np.ascontiguousarray(table[:, : _HEAD.itemsize]).view(_HEAD)[:, 0]
    for name in ("direction", "length"):
        records[name][~in_bytes] = heads[name]
    codes[~in_bytes] = _unpacked(table[:, _HEAD.itemsize :])[:, :dimension]
    return records, codes


def _table(data: Sequence[bytes], size: int) -> Codes:
    return np.frombuffer(b"".join(data), np.uint8).reshape(-1, size)


def _unpacked(data: Codes) -> Codes:
    """Numbers of six bits, of which three bytes have four: a row of them for each row of bytes."""
    a, b, c = np.moveaxis(data.reshape(len(data), data.shape[1] // 3, 3), 2, 0)
    codes = np.stack([a & 63, a >> 6 | (b & 15) << 2, b >> 4 | (c & 3) << 4, c >> 2], axis=2)
    found: Codes = codes.reshape(len(data), data.shape[1] // 3 * 4)
    return found
