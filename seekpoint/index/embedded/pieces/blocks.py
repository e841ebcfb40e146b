"""The blocks of pieces in the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from seekpoint.index.records import piece_blocks
from seekpoint.index.records.piece_blocks import Blocks, StoredPiece

_NEAR = """
    SELECT transcript_id, start, data FROM piece_block WHERE rowid IN (
      SELECT block.rowid FROM chunk JOIN piece_block AS block ON block.transcript_id = chunk.transcript_id
      WHERE chunk.id IN (SELECT value FROM json_each(:ids))
      AND block.start < chunk.end + :margin
      AND block.start >= coalesce(
        (SELECT max(start) FROM piece_block AS first
         WHERE first.transcript_id = chunk.transcript_id AND first.start <= chunk.start - :margin),
        chunk.start - :margin))"""


def append(connection: sqlite3.Connection, transcript_id: int, pieces: Iterable[StoredPiece]) -> Blocks:
    """Store a transcript's pieces, ordered by start, and return their blocks; within the caller's transaction."""
    rows = [(transcript_id, *block) for block in piece_blocks.blocks(pieces)]
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
    rows = connection.execute("SELECT * FROM piece_block ORDER BY transcript_id, start")
    piece_blocks.check(rows, dimension, directions)
