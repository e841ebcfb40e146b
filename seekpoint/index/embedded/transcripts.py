"""Storing a transcript: its cues, its pieces, and its chunks with their vectors and terms."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seekpoint.index.embedded import checksums, settings
from seekpoint.index.records import stored_rows
from seekpoint.index.text.chapters import title_terms
from seekpoint.index.text.clean import text_digest
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Chapter, EmbeddedTranscript, ModelCard

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors


def known_vectors(connection: sqlite3.Connection, resource_id: str, dimension: int) -> dict[bytes, Vectors]:
    """The stored vectors of a resource's chunks, by the digest of the embedded text; none if any are damaged."""
    from seekpoint.index.records.piece_blocks import unpack_int8

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
    from seekpoint.index.embedded import cue_blocks
    from seekpoint.index.embedded.pieces import blocks
    from seekpoint.index.embedded.vectors import language_sums
    from seekpoint.index.records.piece_blocks import StoredPiece, all_pieces
    from seekpoint.index.records.sums import totals_of

    transcript = embedded.transcript
    (transcript_id,) = connection.execute(
        "INSERT INTO transcript (resource_id, language, origin, chapters) VALUES (?, ?, ?, ?) RETURNING id",
        (resource_id, transcript.language, transcript.origin, stored_rows.encode_chapters(transcript.chapters)),
    ).fetchone()
    cue_blocks.append(connection, transcript_id, transcript.cues)
    stored = (StoredPiece(piece.start, text_digest(piece.text), vector) for piece, vector in embedded.pieces)
    pieces = all_pieces(blocks.append(connection, transcript_id, stored), card)
    vectors = _insert_chunks(connection, transcript_id, embedded, chapters, card.dimension)
    language_sums.add(connection, transcript.language, totals_of(vectors, pieces))


def _insert_chunks(
    connection: sqlite3.Connection,
    transcript_id: int,
    embedded: EmbeddedTranscript,
    chapters: Sequence[Chapter],
    dimension: int,
) -> Vectors:
    """Store the chunks under consecutive ids, with their terms and vectors; returns the vectors as they are stored."""
    from seekpoint.index.embedded.words import stored_terms

    cues, chunks = embedded.transcript.cues, embedded.chunks
    first = settings.highest_chunk(connection) + 1
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
    connection.execute(
        "UPDATE transcript SET (first_chunk, chunks, seconds, terms) = (?, ?, ?, ?) WHERE id = ?",
        (
            first,
            len(chunks),
            max((chunk.end for chunk in chunks), default=0.0),
            sum(map(len, chunk_terms)),
            transcript_id,
        ),
    )
    settings.set_highest_chunk(connection, first + len(chunks) - 1)
    return _insert_vectors(connection, first, embedded, dimension)


def _insert_vectors(
    connection: sqlite3.Connection, first: int, embedded: EmbeddedTranscript, dimension: int
) -> Vectors:
    """Store the vectors of chunks whose ids begin with `first`; returns them as they are stored."""
    from seekpoint.index.records.piece_blocks import pack_int8, unpack_int8

    packed = [pack_int8(vector) for vector in embedded.vectors]
    connection.executemany(
        "INSERT INTO vector VALUES (?, ?, ?)",
        [
            (chunk_id, text_digest(chunk.text), data)
            for chunk_id, (chunk, data) in enumerate(zip(embedded.chunks, packed, strict=True), first)
        ],
    )
    return unpack_int8(packed, dimension)


def remove(connection: sqlite3.Connection, resource_id: str, card: ModelCard) -> None:
    """Delete a resource's transcripts; within the caller's transaction."""
    from seekpoint.index.embedded.vectors import language_sums

    is_whole = language_sums.are_whole(connection, resource_id)
    if is_whole:
        language_sums.add_stored(connection, resource_id, card, sign=-1)
    connection.execute("DELETE FROM transcript WHERE resource_id = ?", (resource_id,))
    if not is_whole:
        language_sums.recount(connection, card)
