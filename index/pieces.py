"""Pieces of a transcript as the database keeps them: how the means of their tokens' vectors differ from one another.

Of each transcript the mean of all is kept, and of each piece the difference in four bits a dimension: a window of
several pieces differs by 0.002 in its cosine from what they were. Before schema 8 pieces had a signed byte a dimension.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index.centring import windows
from index.types import Pieces

if TYPE_CHECKING:
    from index.types import Vectors

_LARGEST = 127
_LEVELS = 16
_MIDDLE = (_LEVELS - 1) / 2
# What is larger than so many times the root of the mean square is cut to it: the rest is the truer for it.
_REACH = 2.6


class PieceVector(NamedTuple):
    """The mean of so many tokens' vectors; a step of `data` is worth `scale`."""

    tokens: int
    scale: float
    data: bytes


def quantised(total: Vectors, tokens: int) -> PieceVector:
    """The mean of vectors that add up to `total`, a signed byte a dimension."""
    mean = total / max(tokens, 1)
    scale = float(np.abs(mean).max()) / _LARGEST or 1.0
    return PieceVector(tokens, scale, np.rint(mean / scale).astype(np.int8).tobytes())


def insert(
    connection: sqlite3.Connection, transcript_id: int, pieces: Sequence[tuple[float, bytes, PieceVector]]
) -> None:
    """Store a transcript's pieces, each with its start and the digest of its text; in a transaction of the caller's."""
    if not pieces:
        return
    rows = np.stack([np.frombuffer(one.data, np.int8) * np.float32(one.scale) for _, _, one in pieces])
    mean = rows.mean(axis=0).astype("<f2")
    scales, data = _packed(rows - mean.astype(np.float32))
    connection.execute("INSERT INTO piece_mean VALUES (?, ?)", (transcript_id, mean.tobytes()))
    connection.executemany(
        "INSERT INTO piece (transcript_id, start, digest, tokens, scale, data) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (transcript_id, start, digest, one.tokens, scale, packed)
            for (start, digest, one), scale, packed in zip(pieces, scales, data, strict=True)
        ],
    )


def _packed(rows: Vectors) -> tuple[list[float], list[bytes]]:
    """Each row's step, and its numbers in four bits, the first of two in the lower half."""
    largest = np.minimum(np.abs(rows).max(axis=1), _REACH * np.sqrt((rows**2).mean(axis=1)))
    scales = (largest / _MIDDLE).astype(np.float32)
    steps = rows / np.where(scales > 0, scales, 1)[:, None]
    codes = np.clip(np.floor(steps + _LEVELS / 2), 0, _LEVELS - 1).astype(np.uint8)
    if codes.shape[1] % 2:
        codes = np.pad(codes, ((0, 0), (0, 1)))
    return scales.tolist(), [row.tobytes() for row in codes[:, ::2] | codes[:, 1::2] << 4]


def _unpacked(rows: Sequence[sqlite3.Row], dimension: int) -> Vectors:
    """What each row differs by from its transcript's mean, in steps."""
    data = np.frombuffer(b"".join(row["data"] for row in rows), np.uint8).reshape(len(rows), -1)
    codes = np.stack([data & (_LEVELS - 1), data >> 4], axis=2).reshape(len(rows), -1)[:, :dimension]
    return codes - np.float32(_MIDDLE)


def known(connection: sqlite3.Connection, resource_id: str, dimension: int) -> dict[bytes, PieceVector]:
    """What is stored of a resource's pieces, by the digest of their text."""
    rows = connection.execute(
        """SELECT transcript_id, start, digest, tokens, scale, data
           FROM piece JOIN transcript ON transcript.id = transcript_id WHERE resource_id = ?""",
        (resource_id,),
    ).fetchall()
    found = _read(connection, rows, dimension)
    return {row["digest"]: quantised(total, row["tokens"]) for row, total in zip(rows, found.sums, strict=True)}


def around(
    connection: sqlite3.Connection, chunk_ids: Sequence[int], margin: float, dimension: int
) -> dict[int, Pieces]:
    """The pieces of each chunk and of so many seconds before and after it, by chunk id."""
    rows = connection.execute(
        """SELECT chunk.id AS chunk_id, piece.transcript_id AS transcript_id, piece.start AS start, tokens, scale, data
           FROM chunk JOIN piece ON piece.transcript_id = chunk.transcript_id
           WHERE chunk.id IN (SELECT value FROM json_each(:ids))
           AND piece.start < chunk.end + :margin
           AND piece.start >= coalesce(
             (SELECT max(start) FROM piece AS first
              WHERE first.transcript_id = chunk.transcript_id AND first.start <= chunk.start - :margin),
             chunk.start - :margin)
           ORDER BY chunk.id, piece.start""",
        {"ids": json.dumps(list(chunk_ids)), "margin": margin},
    ).fetchall()
    pieces = _read(connection, rows, dimension)
    found = none(chunk_ids, dimension)
    stop = 0
    for chunk_id, group in groupby(rows, key=itemgetter("chunk_id")):
        start, stop = stop, stop + sum(1 for _ in group)
        found[chunk_id] = Pieces(pieces.starts[start:stop], pieces.sums[start:stop], pieces.tokens[start:stop])
    return found


def none(chunk_ids: Sequence[int], dimension: int) -> dict[int, Pieces]:
    """No pieces at all, by chunk id."""
    nothing = np.empty(0, np.float32)
    return dict.fromkeys(chunk_ids, Pieces(np.empty(0), np.empty((0, dimension), np.float32), nothing))


def window_vectors(connection: sqlite3.Connection, transcript_id: int, dimension: int) -> Vectors:
    """The vectors of the windows from each piece of a transcript on."""
    pieces = of_transcript(connection, transcript_id, dimension)
    return windows(pieces.starts, pieces.sums)


def of_transcript(connection: sqlite3.Connection, transcript_id: int, dimension: int) -> Pieces:
    """All pieces of a transcript."""
    rows = connection.execute(
        "SELECT transcript_id, start, tokens, scale, data FROM piece WHERE transcript_id = ? ORDER BY start",
        (transcript_id,),
    ).fetchall()
    return _read(connection, rows, dimension)


def _read(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row], dimension: int) -> Pieces:
    if not rows:
        return none([0], dimension)[0]
    tokens = np.array([row["tokens"] for row in rows], dtype=np.float32)
    scales = np.array([row["scale"] for row in rows], dtype=np.float32)[:, None]
    if len(rows[0]["data"]) == dimension:
        steps = np.frombuffer(b"".join(row["data"] for row in rows), dtype=np.int8).reshape(len(rows), dimension)
        means: Vectors = steps * scales
    else:
        means = (
            _common(connection, [row["transcript_id"] for row in rows], dimension) + _unpacked(rows, dimension) * scales
        )
    return Pieces(np.array([row["start"] for row in rows], dtype=np.float64), means * tokens[:, None], tokens)


def _common(connection: sqlite3.Connection, transcript_ids: Sequence[int], dimension: int) -> Vectors:
    """The mean of each one's transcript, a row each."""
    ids = list(dict.fromkeys(transcript_ids))
    stored = dict(
        connection.execute(
            "SELECT transcript_id, mean FROM piece_mean WHERE transcript_id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        ).fetchall()
    )
    table = np.frombuffer(b"".join(stored[one] for one in ids), "<f2").reshape(len(ids), dimension)
    places = {one: place for place, one in enumerate(ids)}
    return table.astype(np.float32)[[places[one] for one in transcript_ids]]
