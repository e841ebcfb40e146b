"""What is stored of a transcript: its cues, and its chunks with what they are found by."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.chapters import title_terms
from index.terms import terms
from index.types import Chapter, Chunk, Cue, Piece, Transcript

if TYPE_CHECKING:
    from index.pieces import PieceVector
    from index.types import Vectors


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
    """What tells that a text was embedded before."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def known_vectors(connection: sqlite3.Connection, resource_id: str, dimension: int) -> dict[bytes, Vectors]:
    """The vectors that are stored for a resource, by the digest of the embedded text."""
    from index.vector_store import unpack

    rows = connection.execute(
        """SELECT digest, data FROM vector JOIN chunk ON chunk.id = chunk_id
           JOIN transcript ON transcript.id = transcript_id WHERE resource_id = ?""",
        (resource_id,),
    )
    return {row["digest"]: unpack([row["data"]], dimension)[0] for row in rows}


def insert(
    connection: sqlite3.Connection, resource_id: str, embedded: EmbeddedTranscript, chapters: Sequence[Chapter]
) -> None:
    """Store a transcript beside what is stored of a resource; in a transaction of the caller's."""
    from index.vector_store import pack

    transcript, execute = embedded.transcript, connection.execute
    transcript_id = execute(
        "INSERT INTO transcript (resource_id, language, origin) VALUES (?, ?, ?)",
        (resource_id, transcript.language, transcript.origin),
    ).lastrowid
    connection.executemany(
        """INSERT INTO cue (transcript_id, position, start, end, text, anchor, page, is_reference)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        [(transcript_id, k, *_row(cue)) for k, cue in enumerate(transcript.cues)],
    )
    connection.executemany(
        "INSERT INTO piece (transcript_id, start, digest, tokens, scale, data) VALUES (?, ?, ?, ?, ?, ?)",
        [(transcript_id, piece.start, text_digest(piece.text), *vector) for piece, vector in embedded.pieces],
    )
    for chunk, vector in zip(embedded.chunks, embedded.vectors, strict=True):
        place = (transcript_id, chunk.first, chunk.stop, chunk.start, chunk.end)
        chunk_id = execute(
            "INSERT INTO chunk (transcript_id, first, stop, start, end, is_reference) VALUES (?, ?, ?, ?, ?, ?)",
            (*place, transcript.cues[chunk.first].is_reference),
        ).lastrowid
        found_by = (*terms(chunk.text), *title_terms(chapters, chunk.start, chunk.end))
        execute("INSERT INTO lexicon (rowid, terms) VALUES (?, ?)", (chunk_id, " ".join(found_by)))
        execute("INSERT INTO vector VALUES (?, ?, ?)", (chunk_id, text_digest(chunk.text), pack(vector)))


def _row(cue: Cue) -> tuple[object, ...]:
    return cue.start, cue.end, cue.text, cue.anchor, cue.page, cue.is_reference
