"""The transcripts of a library in a folder: storing and removing one, and reading its cues."""

from __future__ import annotations

import sqlite3
from math import inf
from typing import TYPE_CHECKING

from seekpoint.index.embedded import checksums, database
from seekpoint.index.sql.cue_blocks import DAMAGED, joined, stops_of
from seekpoint.index.sql.port import Database
from seekpoint.index.types import Cue, ModelCard, Vectors

if TYPE_CHECKING:
    from seekpoint.index.sql.transcripts import TranscriptRows


def known_vectors(connection: sqlite3.Connection, resource_id: str, dimension: int) -> dict[bytes, Vectors]:
    """The stored vectors of a resource's chunks, by the digest of the embedded text; none if any are damaged."""
    from seekpoint.index.sql.int8 import unpack_int8

    if not checksums.are_whole(connection, resource_id, ("transcript", "vector")):
        return {}
    rows = connection.execute(
        """SELECT digest, data FROM vector JOIN chunk ON chunk.id = chunk_id
           JOIN transcript ON transcript.id = transcript_id WHERE resource_id = ?""",
        (resource_id,),
    )
    return {row["digest"]: unpack_int8([row["data"]], dimension)[0] for row in rows}


def insert(connection: sqlite3.Connection, db: Database, rows: TranscriptRows, card: ModelCard) -> None:
    """Store a transcript, its chunks under consecutive ids; within the caller's transaction."""
    from seekpoint.index.embedded import pieces
    from seekpoint.index.sql import transcripts

    first = database.highest_chunk(connection) + 1
    transcript_id = transcripts.insert(db, rows, first_chunk=first)
    chunks = [*enumerate(rows.chunks, first)]
    db.add(
        "chunk (id, transcript_id, first, stop, start, end, is_reference, terms)",
        [(chunk_id, transcript_id, *chunk[:5], chunk.terms) for chunk_id, chunk in chunks],
    )
    db.add("vector (chunk_id, digest, data)", [(chunk_id, chunk.digest, chunk.vector) for chunk_id, chunk in chunks])
    database.set_highest_chunk(connection, first + len(chunks) - 1)
    pieces.add_sums(connection, rows.language, rows.totals(card))


def remove(connection: sqlite3.Connection, resource_id: str, card: ModelCard) -> None:
    """Delete a resource's transcripts; within the caller's transaction."""
    from seekpoint.index.embedded import pieces

    is_whole = pieces.sums_are_whole(connection, resource_id)
    if is_whole:
        pieces.add_stored_sums(connection, resource_id, card, sign=-1)
    connection.execute("DELETE FROM transcript WHERE resource_id = ?", (resource_id,))
    if not is_whole:
        pieces.recount_sums(connection, card)


# The blocks with cues in [?2, ?3), beginning with the one that contains cue ?2.
_BLOCKS = """
    SELECT first, data FROM cue_block WHERE transcript_id = ?1 AND first < ?3 AND first >= coalesce(
      (SELECT max(first) FROM cue_block WHERE transcript_id = ?1 AND first <= ?2), ?2)
    ORDER BY first"""


def read_cues(connection: sqlite3.Connection, transcript_id: int, first: int, stop: int) -> list[Cue]:
    """Cues [first, stop) of a transcript; raises ValueError if a block is damaged or missing."""
    return joined(connection.execute(_BLOCKS, (transcript_id, first, stop)).fetchall(), first, stop)


def check_cues(connection: sqlite3.Connection, longest: float = inf) -> None:
    """Read all blocks; raises ValueError if one couldn't come from `blocks`, or a time is beyond `longest` seconds."""
    stored = connection.execute("SELECT transcript_id, first, data FROM cue_block ORDER BY transcript_id, first")
    stops = stops_of(stored, longest)
    query = "SELECT transcript_id, min(first), max(stop) FROM chunk GROUP BY transcript_id"
    for transcript_id, first, stop in connection.execute(query):
        if first < 0 or stop > stops.get(transcript_id, 0):
            raise ValueError(DAMAGED)
