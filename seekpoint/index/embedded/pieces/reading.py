"""Reading pieces: those around chunks, those of a transcript, and those of a resource by digest."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from seekpoint.index.embedded import checksums
from seekpoint.index.embedded.pieces import blocks as stored
from seekpoint.index.records import piece_blocks
from seekpoint.index.types import ModelCard, Pieces, PieceVector, StoredChunk


def known(connection: sqlite3.Connection, resource_id: str, card: ModelCard) -> dict[bytes, PieceVector]:
    """The stored vectors of a resource's pieces, by the digest of their text; none if any are damaged."""
    vectors: dict[bytes, PieceVector] = {}
    if not checksums.are_whole(connection, resource_id, ("transcript", "piece_block")):
        return vectors
    rows = connection.execute("SELECT id FROM transcript WHERE resource_id = ?", (resource_id,)).fetchall()
    for (transcript_id,) in rows:
        vectors |= piece_blocks.pieces_by_digest(stored.transcript_blocks(connection, transcript_id), card)
    return vectors


def around(
    connection: sqlite3.Connection, chunks: Sequence[StoredChunk], margin: float, card: ModelCard
) -> dict[int, Pieces]:
    """The pieces of each chunk and of `margin` seconds before and after it, by chunk id."""
    blocks = stored.near(connection, [chunk.id for chunk in chunks], margin)
    return piece_blocks.pieces_around(blocks, chunks, margin, card)


def transcript_pieces(connection: sqlite3.Connection, transcript_id: int, card: ModelCard) -> Pieces:
    """All pieces of a transcript; raises ValueError for damaged blocks."""
    return piece_blocks.all_pieces(stored.transcript_blocks(connection, transcript_id), card)


def check(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Read all pieces; raises ValueError if any is damaged."""
    stored.check(connection, card.dimension, piece_blocks.directions_with(card))
