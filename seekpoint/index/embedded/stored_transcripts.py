"""Storing a transcript: its cues, its pieces, and its chunks with their vectors and terms."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from math import inf

from seekpoint.index.embedded import checksums, database
from seekpoint.index.sql import stored_rows
from seekpoint.index.sql.cue_blocks import DAMAGED, blocks, joined, stops_of
from seekpoint.index.text.clean import text_digest
from seekpoint.index.text.terms import terms
from seekpoint.index.text.transcript_text import title_terms
from seekpoint.index.types import Chapter, Cue, EmbeddedTranscript, ModelCard, Vectors


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


def insert(
    connection: sqlite3.Connection,
    resource_id: str,
    embedded: EmbeddedTranscript,
    chapters: Sequence[Chapter],
    card: ModelCard,
) -> None:
    """Store a transcript, beside others that its resource may have; within the caller's transaction."""
    from seekpoint.index.embedded import pieces
    from seekpoint.index.sql.int8 import pack_int8, unpack_int8
    from seekpoint.index.sql.piece_blocks import StoredPiece, all_pieces
    from seekpoint.index.sql.sums import totals_of

    transcript = embedded.transcript
    (transcript_id,) = connection.execute(
        "INSERT INTO transcript (resource_id, language, origin, chapters) VALUES (?, ?, ?, ?) RETURNING id",
        (resource_id, transcript.language, transcript.origin, stored_rows.encode_chapters(transcript.chapters)),
    ).fetchone()
    append_cues(connection, transcript_id, transcript.cues)
    stored = (StoredPiece(piece.start, text_digest(piece.text), vector) for piece, vector in embedded.pieces)
    stored_pieces = all_pieces(pieces.append_pieces(connection, transcript_id, stored), card)
    first = _insert_chunks(connection, transcript_id, embedded, chapters)
    packed = [pack_int8(vector) for vector in embedded.vectors]
    connection.executemany(
        "INSERT INTO vector VALUES (?, ?, ?)",
        [
            (chunk_id, text_digest(chunk.text), data)
            for chunk_id, (chunk, data) in enumerate(zip(embedded.chunks, packed, strict=True), first)
        ],
    )
    pieces.add_sums(connection, transcript.language, totals_of(unpack_int8(packed, card.dimension), stored_pieces))


def _insert_chunks(
    connection: sqlite3.Connection, transcript_id: int, embedded: EmbeddedTranscript, chapters: Sequence[Chapter]
) -> int:
    """Store the chunks with their terms under consecutive ids; returns the first of these."""
    from seekpoint.index.embedded import stored_terms

    cues, chunks = embedded.transcript.cues, embedded.chunks
    first = database.highest_chunk(connection) + 1
    chunk_terms = [(*terms(chunk.text), *title_terms(chapters, chunk.start, chunk.end)) for chunk in chunks]
    encoded_terms = stored_terms.encoded(connection, chunk_terms)
    connection.executemany(
        """INSERT INTO chunk (id, transcript_id, first, stop, start, end, is_reference, terms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            (chunk_id, transcript_id, c.first, c.stop, c.start, c.end, cues[c.first].is_reference, said)
            for chunk_id, (c, said) in enumerate(zip(chunks, encoded_terms, strict=True), first)
        ],
    )
    seconds = max((chunk.end for chunk in chunks), default=0.0)
    connection.execute(
        "UPDATE transcript SET (first_chunk, chunks, seconds, terms) = (?, ?, ?, ?) WHERE id = ?",
        (first, len(chunks), seconds, sum(map(len, chunk_terms)), transcript_id),
    )
    database.set_highest_chunk(connection, first + len(chunks) - 1)
    return first


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


def append_cues(connection: sqlite3.Connection, transcript_id: int, cues: Iterable[Cue]) -> None:
    """Store the cues of a transcript that has none yet; within the caller's transaction."""
    query = "INSERT INTO cue_block (transcript_id, first, data) VALUES (?, ?, ?)"
    connection.executemany(query, ((transcript_id, *block) for block in blocks(cues)))


def read_cues(connection: sqlite3.Connection, transcript_id: int, first: int, stop: int) -> list[Cue]:
    """Cues [first, stop) of a transcript; raises ValueError if a block is damaged or missing."""
    return joined(connection.execute(_BLOCKS, (transcript_id, first, stop)).fetchall(), first, stop)


def check_cues(connection: sqlite3.Connection, longest: float = inf) -> None:
    """Read all blocks; raises ValueError if one couldn't come from `append`, or a time is beyond `longest` seconds."""
    stored = connection.execute("SELECT transcript_id, first, data FROM cue_block ORDER BY transcript_id, first")
    stops = stops_of(stored, longest)
    query = "SELECT transcript_id, min(first), max(stop) FROM chunk GROUP BY transcript_id"
    for transcript_id, first, stop in connection.execute(query):
        if first < 0 or stop > stops.get(transcript_id, 0):
            raise ValueError(DAMAGED)
