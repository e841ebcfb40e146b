"""The sums of each language's vectors, updated with each change, so that means need no pass over all vectors."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.embedded import checksums
from seekpoint.index.embedded.pieces.reading import transcript_pieces
from seekpoint.index.records.piece_blocks import unpack_int8
from seekpoint.index.records.sums import Means, Totals, as_bytes, means_of, numbers, totals_of
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import ModelCard

if TYPE_CHECKING:
    pass


# The tables with the vectors that are summed up.
_SUMMED = ("transcript", "vector", "piece_block")


def means(connection: sqlite3.Connection, card: ModelCard) -> Means:
    """The means of a library's languages; raises ValueError for damaged sums."""
    stored = {row["name"]: _stored(row) for row in connection.execute("SELECT * FROM language")}
    return means_of(stored, card)


def are_whole(connection: sqlite3.Connection, resource_id: str) -> bool:
    """Whether the vectors and pieces of a resource and the sums of all languages match their checksums."""
    names = connection.execute("SELECT name FROM language UNION SELECT key FROM checksum WHERE table_name = 'language'")
    are_sums_whole = all(checksums.are_whole(connection, name, ["language"]) for (name,) in names.fetchall())
    return are_sums_whole and checksums.are_whole(connection, resource_id, _SUMMED)


def add_stored(connection: sqlite3.Connection, resource_id: str, card: ModelCard, sign: int = 1) -> None:
    """Add the totals of a resource's stored transcripts, or subtract them if `sign` is -1."""
    rows = connection.execute(
        "SELECT id, language, first_chunk, first_chunk + chunks FROM transcript WHERE resource_id = ?", (resource_id,)
    ).fetchall()
    for transcript_id, language, *span in rows:
        stored = connection.execute("SELECT data FROM vector WHERE chunk_id >= ? AND chunk_id < ?", span)
        vectors = unpack_int8([data for (data,) in stored], card.dimension)
        add(connection, language, totals_of(vectors, transcript_pieces(connection, transcript_id, card)), sign)


def recount(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Compute all sums again. While a resource's vectors or pieces are damaged, the sums have no valid checksum."""
    connection.execute("DELETE FROM language")
    checksums.forget(connection, "language")
    is_complete = True
    for (resource_id,) in connection.execute("SELECT DISTINCT resource_id FROM transcript").fetchall():
        if checksums.are_whole(connection, resource_id, _SUMMED):
            add_stored(connection, resource_id, card)
        else:
            is_complete = False
    if not is_complete:
        checksums.forget(connection, "language")


def add(connection: sqlite3.Connection, language: str, change: Totals, sign: int = 1) -> None:
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
