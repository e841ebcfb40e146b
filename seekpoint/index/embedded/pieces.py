"""The blocks of pieces in the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

import numpy as np

from seekpoint.index.embedded import checksums
from seekpoint.index.sql import piece_blocks
from seekpoint.index.sql.int8 import unpack_int8
from seekpoint.index.sql.sums import Means, Totals, as_bytes, means_of, numbers, totals_of
from seekpoint.index.text.languages import primary
from seekpoint.index.types import ModelCard, Pieces, PieceVector, StoredChunk

_NEAR = """
    SELECT transcript_id, start, data FROM piece_block WHERE rowid IN (
      SELECT block.rowid FROM chunk JOIN piece_block AS block ON block.transcript_id = chunk.transcript_id
      WHERE chunk.id IN (SELECT value FROM json_each(:ids))
      AND block.start < chunk.end + :margin
      AND block.start >= coalesce(
        (SELECT max(start) FROM piece_block AS first
         WHERE first.transcript_id = chunk.transcript_id AND first.start <= chunk.start - :margin),
        chunk.start - :margin))"""


def transcript_pieces(connection: sqlite3.Connection, transcript_id: int, card: ModelCard) -> Pieces:
    """All pieces of a transcript; raises ValueError for damaged blocks."""
    query = "SELECT transcript_id, start, data FROM piece_block WHERE transcript_id = ?"
    return piece_blocks.all_pieces(connection.execute(query, (transcript_id,)), card)


def check_pieces(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Read all pieces; raises ValueError for a block that `blocks` can't have made."""
    piece_blocks.check(connection.execute("SELECT * FROM piece_block ORDER BY transcript_id, start"), card)


def known_pieces(connection: sqlite3.Connection, resource_id: str, card: ModelCard) -> dict[bytes, PieceVector]:
    """The stored vectors of a resource's pieces, by the digest of their text; none if any are damaged."""
    if not checksums.are_whole(connection, resource_id, ("transcript", "piece_block")):
        return {}
    rows = connection.execute(
        """SELECT transcript_id, start, data FROM piece_block JOIN transcript ON transcript.id = transcript_id
           WHERE resource_id = ?""",
        (resource_id,),
    )
    return piece_blocks.pieces_by_digest(rows, card)


def pieces_around(
    connection: sqlite3.Connection, chunks: Sequence[StoredChunk], margin: float, card: ModelCard
) -> dict[int, Pieces]:
    """The pieces of each chunk and of `margin` seconds before and after it, by chunk id."""
    ids = json.dumps([chunk.id for chunk in chunks])
    rows = connection.execute(_NEAR, {"ids": ids, "margin": margin})
    return piece_blocks.pieces_around(rows, chunks, margin, card)


# The tables with the vectors that are summed up.
_SUMMED = ("transcript", "vector", "piece_block")


def language_means(connection: sqlite3.Connection, card: ModelCard) -> Means:
    """The means of a library's languages; raises ValueError for damaged sums."""
    stored = {row["name"]: _stored(row) for row in connection.execute("SELECT * FROM language")}
    return means_of(stored, card)


def sums_are_whole(connection: sqlite3.Connection, resource_id: str) -> bool:
    """Whether the vectors and pieces of a resource and the sums of all languages match their checksums."""
    names = connection.execute("SELECT name FROM language UNION SELECT key FROM checksum WHERE table_name = 'language'")
    are_sums_whole = all(checksums.are_whole(connection, name, ["language"]) for (name,) in names.fetchall())
    return are_sums_whole and checksums.are_whole(connection, resource_id, _SUMMED)


def add_stored_sums(connection: sqlite3.Connection, resource_id: str, card: ModelCard, sign: int = 1) -> None:
    """Add the totals of a resource's stored transcripts, or subtract them if `sign` is -1."""
    rows = connection.execute(
        "SELECT id, language, first_chunk, first_chunk + chunks FROM transcript WHERE resource_id = ?", (resource_id,)
    ).fetchall()
    for transcript_id, language, *span in rows:
        stored = connection.execute("SELECT data FROM vector WHERE chunk_id >= ? AND chunk_id < ?", span)
        vectors = unpack_int8([data for (data,) in stored], card.dimension)
        add_sums(connection, language, totals_of(vectors, transcript_pieces(connection, transcript_id, card)), sign)


def recount_sums(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Compute all sums again. While a resource's vectors or pieces are damaged, the sums have no valid checksum."""
    connection.execute("DELETE FROM language")
    checksums.forget(connection, "language")
    is_complete = True
    for (resource_id,) in connection.execute("SELECT DISTINCT resource_id FROM transcript").fetchall():
        if checksums.are_whole(connection, resource_id, _SUMMED):
            add_stored_sums(connection, resource_id, card)
        else:
            is_complete = False
    if not is_complete:
        checksums.forget(connection, "language")


def add_sums(connection: sqlite3.Connection, language: str, change: Totals, sign: int = 1) -> None:
    """Add a transcript's totals to those of its language, or subtract them if `sign` is -1."""
    name, dimension = primary(language), len(change.total)
    row = connection.execute("SELECT * FROM language WHERE name = ?", (name,)).fetchone()
    before = _stored(row) if row else Totals(0, np.zeros(dimension), 0, np.zeros(dimension))
    chunks, number = before.chunks + sign * change.chunks, before.windows + sign * change.windows
    total, window_total = before.total + sign * change.total, before.window_total + sign * change.window_total
    if chunks:
        values = (name, chunks, as_bytes(total), number, as_bytes(window_total))
        connection.execute("REPLACE INTO language VALUES (?, ?, ?, ?, ?)", values)
    else:
        connection.execute("DELETE FROM language WHERE name = ?", (name,))


def _stored(row: sqlite3.Row) -> Totals:
    return Totals(row["chunks"], numbers(row["total"]), row["windows"], numbers(row["window_total"]))
