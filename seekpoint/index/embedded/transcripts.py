"""What is stored of a transcript: its cues, and its chunks with what they are found by."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seekpoint.index.text.chapters import title_terms
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Chapter, Chunk, ModelCard, Piece, Transcript

if TYPE_CHECKING:
    from seekpoint.index.embedded.pieces.blocks import PieceVector
    from seekpoint.index.types import Vectors

_DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class EmbeddedTranscript:
    """A transcript with its chunks and their vectors, one row a chunk, and its pieces with theirs.

    The texts of chunks and pieces are those that were embedded.
    """

    transcript: Transcript
    chunks: Sequence[Chunk]
    vectors: Vectors
    pieces: Sequence[tuple[Piece, PieceVector]] = ()


def text_digest(text: str) -> bytes:
    """What tells that a text was embedded before: of the texts of one resource, so that eight bytes are enough."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()[:_DIGEST_BYTES]


def known_vectors(connection: sqlite3.Connection, resource_id: str, dimension: int) -> dict[bytes, Vectors]:
    """The vectors that are stored for a resource, by the digest of the embedded text."""
    from seekpoint.index.embedded.vectors.int8 import unpack

    rows = connection.execute(
        """SELECT digest, data FROM vector JOIN chunk ON chunk.id = chunk_id
           JOIN transcript ON transcript.id = transcript_id WHERE resource_id = ?""",
        (resource_id,),
    )
    return {row["digest"]: unpack([row["data"]], dimension)[0] for row in rows}


def insert(
    connection: sqlite3.Connection,
    resource_id: str,
    embedded: EmbeddedTranscript,
    chapters: Sequence[Chapter],
    card: ModelCard,
) -> None:
    """Store a transcript beside what is stored of a resource; in a transaction of the caller's."""
    from seekpoint.index.embedded import cue_blocks
    from seekpoint.index.embedded.pieces import blocks
    from seekpoint.index.embedded.pieces.blocks import StoredPiece
    from seekpoint.index.embedded.vectors import language_sums

    transcript = embedded.transcript
    (transcript_id,) = connection.execute(
        "INSERT INTO transcript (resource_id, language, origin) VALUES (?, ?, ?) RETURNING id",
        (resource_id, transcript.language, transcript.origin),
    ).fetchone()
    cue_blocks.append(connection, transcript_id, transcript.cues)
    stored = (StoredPiece(piece.start, text_digest(piece.text), vector) for piece, vector in embedded.pieces)
    blocks.append(connection, transcript_id, stored)
    _insert_chunks(connection, transcript_id, embedded, chapters)
    language_sums.add(connection, transcript_id, card)


def _insert_chunks(
    connection: sqlite3.Connection, transcript_id: int, embedded: EmbeddedTranscript, chapters: Sequence[Chapter]
) -> None:
    """Store the chunks under ids that follow one another, and what each is found by."""
    from seekpoint.index.embedded.vectors.int8 import pack
    from seekpoint.index.embedded.words import segments

    cues, chunks = embedded.transcript.cues, embedded.chunks
    (first,) = connection.execute(
        "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'chunk'"
    ).fetchone()
    connection.executemany(
        """INSERT INTO chunk (id, transcript_id, first, stop, start, end, is_reference)
           VALUES (?, ?, ?, ?, ?, ?, ?)""",
        [
            (k, transcript_id, chunk.first, chunk.stop, chunk.start, chunk.end, cues[chunk.first].is_reference)
            for k, chunk in enumerate(chunks, first)
        ],
    )
    connection.executemany(
        "INSERT INTO vector VALUES (?, ?, ?)",
        [
            (k, text_digest(chunk.text), pack(vector))
            for k, (chunk, vector) in enumerate(zip(chunks, embedded.vectors, strict=True), first)
        ],
    )
    connection.execute(
        "UPDATE transcript SET (first_chunk, chunks, seconds) = (?, ?, ?) WHERE id = ?",
        (first, len(chunks), max((chunk.end for chunk in chunks), default=0.0), transcript_id),
    )
    found_by = [(*terms(chunk.text), *title_terms(chapters, chunk.start, chunk.end)) for chunk in chunks]
    segments.append(connection, first, found_by)


def remove(connection: sqlite3.Connection, resource_id: str, card: ModelCard) -> None:
    """Take out what is stored of a resource's transcripts; in a transaction of the caller's."""
    from seekpoint.index.embedded.vectors import language_sums

    held = connection.execute("SELECT id FROM transcript WHERE resource_id = ?", (resource_id,)).fetchall()
    for row in held:
        language_sums.add(connection, row["id"], card, -1)
    connection.execute("DELETE FROM transcript WHERE resource_id = ?", (resource_id,))
