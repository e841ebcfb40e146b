"""Storing a transcript: its cues, its pieces, and its chunks with their vectors and terms."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.embedded import checksums, database
from seekpoint.index.records import piece_blocks, stored_rows
from seekpoint.index.records.cue_blocks import DAMAGED, blocks, joined, stops_of
from seekpoint.index.records.piece_blocks import Blocks, StoredPiece, unpack_int8
from seekpoint.index.records.sums import Means, Totals, as_bytes, means_of, numbers, totals_of
from seekpoint.index.text.chapters import title_terms
from seekpoint.index.text.clean import text_digest
from seekpoint.index.text.language_tags import primary
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Chapter, Cue, EmbeddedTranscript, ModelCard, Pieces, PieceVector, StoredChunk

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

    pass


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
    from seekpoint.index.records.piece_blocks import StoredPiece, all_pieces
    from seekpoint.index.records.sums import totals_of

    transcript = embedded.transcript
    (transcript_id,) = connection.execute(
        "INSERT INTO transcript (resource_id, language, origin, chapters) VALUES (?, ?, ?, ?) RETURNING id",
        (resource_id, transcript.language, transcript.origin, stored_rows.encode_chapters(transcript.chapters)),
    ).fetchone()
    append_cues(connection, transcript_id, transcript.cues)
    stored = (StoredPiece(piece.start, text_digest(piece.text), vector) for piece, vector in embedded.pieces)
    pieces = all_pieces(append_pieces(connection, transcript_id, stored), card)
    vectors = _insert_chunks(connection, transcript_id, embedded, chapters, card.dimension)
    add_sums(connection, transcript.language, totals_of(vectors, pieces))


def _insert_chunks(
    connection: sqlite3.Connection,
    transcript_id: int,
    embedded: EmbeddedTranscript,
    chapters: Sequence[Chapter],
    dimension: int,
) -> Vectors:
    """Store the chunks under consecutive ids, with their terms and vectors; returns the vectors as they are stored."""
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
    database.set_highest_chunk(connection, first + len(chunks) - 1)
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
    is_whole = sums_are_whole(connection, resource_id)
    if is_whole:
        add_stored_sums(connection, resource_id, card, sign=-1)
    connection.execute("DELETE FROM transcript WHERE resource_id = ?", (resource_id,))
    if not is_whole:
        recount_sums(connection, card)


_INSERT = "INSERT INTO cue_block (transcript_id, first, data) VALUES (?, ?, ?)"
# The blocks with cues in [?2, ?3), beginning with the one that contains cue ?2.
_BLOCKS = """
    SELECT first, data FROM cue_block WHERE transcript_id = ?1 AND first < ?3 AND first >= coalesce(
      (SELECT max(first) FROM cue_block WHERE transcript_id = ?1 AND first <= ?2), ?2)
    ORDER BY first"""
_ALL_BLOCKS = "SELECT transcript_id, first, data FROM cue_block ORDER BY transcript_id, first"
_OF_CHUNKS = "SELECT transcript_id, min(first), max(stop) FROM chunk GROUP BY transcript_id"


def append_cues(connection: sqlite3.Connection, transcript_id: int, cues: Iterable[Cue]) -> None:
    """Store the cues of a transcript that has none yet; within the caller's transaction."""
    connection.executemany(_INSERT, ((transcript_id, *block) for block in blocks(cues)))


def read_cues(connection: sqlite3.Connection, transcript_id: int, first: int, stop: int) -> list[Cue]:
    """Cues [first, stop) of a transcript; raises ValueError if a block is damaged or missing."""
    return joined(connection.execute(_BLOCKS, (transcript_id, first, stop)).fetchall(), first, stop)


def check_cues(connection: sqlite3.Connection, longest: float = inf) -> None:
    """Read all blocks; raises ValueError if one couldn't come from `append`, or a time is beyond `longest` seconds."""
    stops = stops_of(connection.execute(_ALL_BLOCKS), longest)
    for transcript_id, first, stop in connection.execute(_OF_CHUNKS):
        if first < 0 or stop > stops.get(transcript_id, 0):
            raise ValueError(DAMAGED)


_NEAR = """
    SELECT transcript_id, start, data FROM piece_block WHERE rowid IN (
      SELECT block.rowid FROM chunk JOIN piece_block AS block ON block.transcript_id = chunk.transcript_id
      WHERE chunk.id IN (SELECT value FROM json_each(:ids))
      AND block.start < chunk.end + :margin
      AND block.start >= coalesce(
        (SELECT max(start) FROM piece_block AS first
         WHERE first.transcript_id = chunk.transcript_id AND first.start <= chunk.start - :margin),
        chunk.start - :margin))"""


def append_pieces(connection: sqlite3.Connection, transcript_id: int, pieces: Iterable[StoredPiece]) -> Blocks:
    """Store a transcript's pieces, ordered by start, and return their blocks; within the caller's transaction."""
    rows = [(transcript_id, *block) for block in piece_blocks.blocks(pieces)]
    connection.executemany("INSERT INTO piece_block (transcript_id, start, data) VALUES (?, ?, ?)", rows)
    return Blocks(rows)


def pieces_near(connection: sqlite3.Connection, chunk_ids: Sequence[int], margin: float) -> Blocks:
    """The blocks with the pieces of chunks and of `margin` seconds before and after each; raises ValueError."""
    return Blocks(connection.execute(_NEAR, {"ids": json.dumps(list(chunk_ids)), "margin": margin}))


def transcript_blocks(connection: sqlite3.Connection, transcript_id: int) -> Blocks:
    """All blocks of a transcript; raises ValueError."""
    query = "SELECT transcript_id, start, data FROM piece_block WHERE transcript_id = ?"
    return Blocks(connection.execute(query, (transcript_id,)))


def check_piece_blocks(connection: sqlite3.Connection, dimension: int, directions: int) -> None:
    """Read all blocks; raises ValueError for one that `append` can't have written."""
    rows = connection.execute("SELECT * FROM piece_block ORDER BY transcript_id, start")
    piece_blocks.check(rows, dimension, directions)


def known_pieces(connection: sqlite3.Connection, resource_id: str, card: ModelCard) -> dict[bytes, PieceVector]:
    """The stored vectors of a resource's pieces, by the digest of their text; none if any are damaged."""
    vectors: dict[bytes, PieceVector] = {}
    if not checksums.are_whole(connection, resource_id, ("transcript", "piece_block")):
        return vectors
    rows = connection.execute("SELECT id FROM transcript WHERE resource_id = ?", (resource_id,)).fetchall()
    for (transcript_id,) in rows:
        vectors |= piece_blocks.pieces_by_digest(transcript_blocks(connection, transcript_id), card)
    return vectors


def pieces_around(
    connection: sqlite3.Connection, chunks: Sequence[StoredChunk], margin: float, card: ModelCard
) -> dict[int, Pieces]:
    """The pieces of each chunk and of `margin` seconds before and after it, by chunk id."""
    blocks = pieces_near(connection, [chunk.id for chunk in chunks], margin)
    return piece_blocks.pieces_around(blocks, chunks, margin, card)


def transcript_pieces(connection: sqlite3.Connection, transcript_id: int, card: ModelCard) -> Pieces:
    """All pieces of a transcript; raises ValueError for damaged blocks."""
    return piece_blocks.all_pieces(transcript_blocks(connection, transcript_id), card)


def check_pieces(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Read all pieces; raises ValueError if any is damaged."""
    check_piece_blocks(connection, card.dimension, piece_blocks.directions_with(card))


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
