"""The transcripts of a library in a folder: their chunks, pieces and terms, and the sums of each language's vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from seekpoint.index.embedded import checksums, database
from seekpoint.index.embedded.database import SqliteDatabase
from seekpoint.index.sql import transcripts
from seekpoint.index.sql.port import Database
from seekpoint.index.sql.stored_vectors import Means, Totals, means_of
from seekpoint.index.sql.term_counts import decode_counts
from seekpoint.index.sql.transcripts import TranscriptRows
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Known, ModelCard

_BATCH_ROWS = 4096


def known(db: SqliteDatabase, resource_id: str, card: ModelCard) -> Known:
    """The stored vectors of a resource, as `transcripts.known`; none of those that are damaged."""
    has_vectors, has_pieces = (
        checksums.are_whole(db.connection, resource_id, ("transcript", table)) for table in ("vector", "piece_block")
    )
    return transcripts.known(db, resource_id, card, vectors=has_vectors, pieces=has_pieces)


def insert(db: SqliteDatabase, rows: TranscriptRows, card: ModelCard) -> None:
    """Store a transcript, its chunks under consecutive ids; within the caller's transaction."""
    first = database.highest_chunk(db.connection) + 1
    transcript_id = transcripts.insert(db, rows, first_chunk=first)
    chunks = [*enumerate(rows.chunks, first)]
    db.add(
        "chunk (id, transcript_id, first, stop, start, end, is_reference, terms)",
        [(chunk_id, transcript_id, *chunk[:5], chunk.terms) for chunk_id, chunk in chunks],
    )
    db.add("vector (chunk_id, digest, data)", [(chunk_id, chunk.digest, chunk.vector) for chunk_id, chunk in chunks])
    database.set_highest_chunk(db.connection, first + len(chunks) - 1)
    _add_sums(db, rows, card)


def remove(db: SqliteDatabase, resource_id: str, card: ModelCard) -> None:
    """Delete a resource's transcripts; within the caller's transaction."""
    query = "SELECT name FROM language UNION SELECT key FROM checksum WHERE table_name = 'language'"
    are_sums_whole = all(checksums.are_whole(db.connection, name, ["language"]) for (name,) in db.rows(query))
    is_whole = are_sums_whole and checksums.are_whole(db.connection, resource_id, _SUMMED)
    if is_whole:
        for rows in transcripts.stored(db, resource_id):
            _add_sums(db, rows, card, sign=-1)
    db.run("DELETE FROM transcript WHERE resource_id = ?", resource_id)
    if not is_whole:
        recount_sums(db, card)


# The tables with the vectors that are summed up.
_SUMMED = ("transcript", "vector", "piece_block")


def language_means(connection: sqlite3.Connection, card: ModelCard) -> Means:
    """The means of a library's languages; raises ValueError for damaged sums."""
    rows = connection.execute("SELECT * FROM language")
    return means_of({name: Totals.stored(*columns) for name, *columns in rows}, card)


def recount_sums(db: SqliteDatabase, card: ModelCard) -> None:
    """Compute all sums again. While a resource's vectors or pieces are damaged, the sums have no valid checksum."""
    db.run("DELETE FROM language")
    checksums.forget(db.connection, "language")
    is_complete = True
    for (resource_id,) in db.rows("SELECT DISTINCT resource_id FROM transcript"):
        if checksums.are_whole(db.connection, resource_id, _SUMMED):
            for rows in transcripts.stored(db, resource_id):
                _add_sums(db, rows, card)
        else:
            is_complete = False
    if not is_complete:
        checksums.forget(db.connection, "language")


def _add_sums(db: Database, rows: TranscriptRows, card: ModelCard, sign: int = 1) -> None:
    """Add a transcript to the sums of its language, or subtract it if `sign` is -1."""
    name, change = primary(rows.language), rows.totals(card)
    before = [Totals.stored(*columns) for _, *columns in db.rows("SELECT * FROM language WHERE name = ?", name)]
    if sign < 0 and change.chunks and not before:
        raise ValueError("a language has no sums")
    totals = before[0].plus(change, sign) if before else change
    db.run("DELETE FROM language WHERE name = ?", name)
    if totals.chunks:
        db.run("INSERT INTO language VALUES (?, ?, ?, ?, ?)", name, *totals.columns())


def terms_of(connection: sqlite3.Connection, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, list[str]]]:
    """The id and the terms of each chunk with an id in one of the half-open spans, each term as often as it occurs.

    The order of terms is that of their numbers. Raises ValueError for damaged terms.
    """
    words = dict(connection.execute("SELECT number, text FROM term").fetchall())
    for first, stop in spans:
        rows = connection.execute("SELECT id, terms FROM chunk WHERE id >= ? AND id < ? ORDER BY id", (first, stop))
        while batch := list(islice(rows, _BATCH_ROWS)):
            stored = decode_counts([row[1] for row in batch])
            numbers, counts, stops = stored.numbers.tolist(), stored.counts.tolist(), np.cumsum(stored.sizes)
            bounds = zip((stops - stored.sizes).tolist(), stops.tolist(), strict=True)
            for (chunk_id, _), (start, end) in zip(batch, bounds, strict=True):
                pairs = zip(numbers[start:end], counts[start:end], strict=True)
                try:
                    yield chunk_id, [word for number, count in pairs for word in [words[number]] * count]
                except KeyError:
                    raise ValueError("a chunk has a term without a text") from None


def delete_unused(connection: sqlite3.Connection) -> None:
    """Delete the terms that no chunk has; within the caller's transaction."""
    numbers = np.array([number for (number,) in connection.execute("SELECT number FROM term")], np.int64)
    is_used = np.zeros(len(numbers), bool)
    rows = connection.execute("SELECT terms FROM chunk ORDER BY id")
    while batch := list(islice(rows, _BATCH_ROWS)):
        is_used |= np.isin(numbers, decode_counts([terms for (terms,) in batch]).numbers)
    connection.executemany("DELETE FROM term WHERE number = ?", [(number,) for number in numbers[~is_used].tolist()])
