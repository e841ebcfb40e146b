"""Pieces of a transcript as the database keeps them: the mean of their tokens' vectors, a signed byte a dimension."""

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


class PieceVector(NamedTuple):
    """The mean of so many tokens' vectors; a step of `data` is worth `scale`."""

    tokens: int
    scale: float
    data: bytes


def quantised(total: Vectors, tokens: int) -> PieceVector:
    """The mean of vectors that add up to `total`."""
    mean = total / max(tokens, 1)
    scale = float(np.abs(mean).max()) / _LARGEST or 1.0
    return PieceVector(tokens, scale, np.rint(mean / scale).astype(np.int8).tobytes())


def known(connection: sqlite3.Connection, resource_id: str) -> dict[bytes, PieceVector]:
    """What is stored of a resource's pieces, by the digest of their text."""
    rows = connection.execute(
        """SELECT digest, tokens, scale, data FROM piece JOIN transcript ON transcript.id = transcript_id
           WHERE resource_id = ?""",
        (resource_id,),
    )
    return {row["digest"]: PieceVector(row["tokens"], row["scale"], row["data"]) for row in rows}


def around(
    connection: sqlite3.Connection, chunk_ids: Sequence[int], margin: float, dimension: int
) -> dict[int, Pieces]:
    """The pieces of each chunk and of so many seconds before and after it, by chunk id."""
    rows = connection.execute(
        """SELECT chunk.id AS chunk_id, piece.start AS start, tokens, scale, data
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
    pieces = _read(rows, dimension)
    found = none(chunk_ids, dimension)
    stop = 0
    for chunk_id, group in groupby(rows, key=itemgetter("chunk_id")):
        start, stop = stop, stop + sum(1 for _ in group)
        found[chunk_id] = Pieces(pieces.starts[start:stop], pieces.sums[start:stop], pieces.tokens[start:stop])
    return found


def none(chunk_ids: Sequence[int], dimension: int) -> dict[int, Pieces]:
    """No pieces at all, by chunk id."""
    return dict.fromkeys(chunk_ids, _read([], dimension))


def window_vectors(connection: sqlite3.Connection, transcript_id: int, dimension: int) -> Vectors:
    """The vectors of the windows from each piece of a transcript on."""
    rows = connection.execute(
        "SELECT start, tokens, scale, data FROM piece WHERE transcript_id = ? ORDER BY start", (transcript_id,)
    ).fetchall()
    pieces = _read(rows, dimension)
    return windows(pieces.starts, pieces.sums)


def _read(rows: Sequence[sqlite3.Row], dimension: int) -> Pieces:
    tokens = np.array([row["tokens"] for row in rows], dtype=np.float32)
    steps = np.frombuffer(b"".join(row["data"] for row in rows), dtype=np.int8).reshape(len(rows), dimension)
    worth = np.array([row["scale"] for row in rows], dtype=np.float32) * tokens
    return Pieces(np.array([row["start"] for row in rows], dtype=np.float64), steps * worth[:, None], tokens)
