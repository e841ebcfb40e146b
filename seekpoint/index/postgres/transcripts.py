"""The transcripts of a library on a server: storing and removing one, and its known vectors."""

from __future__ import annotations

import numpy as np

from seekpoint.index.postgres import totals
from seekpoint.index.postgres.letters import text_of
from seekpoint.index.postgres.meaning import embedding_rows, known_centre
from seekpoint.index.postgres.session import Session
from seekpoint.index.sql import piece_blocks, transcripts
from seekpoint.index.sql.int8 import unpack_int8
from seekpoint.index.sql.port import Database
from seekpoint.index.sql.term_counts import decode_counts
from seekpoint.index.sql.transcripts import TranscriptRows
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Known, ModelCard


def known(db: Database, resource_id: str, card: ModelCard) -> Known:
    """The stored vectors of a resource's chunks and pieces, by the digest of the embedded text."""
    rows = [*transcripts.stored(db, resource_id)]
    chunks = [chunk for each in rows for chunk in each.chunks]
    vectors = unpack_int8([chunk.vector for chunk in chunks], card.dimension)
    blocks = [(k, *block) for k, each in enumerate(rows) for block in each.pieces]
    return Known(
        {chunk.digest: vector for chunk, vector in zip(chunks, vectors, strict=True)},
        piece_blocks.pieces_by_digest(blocks, card),
    )


def insert(session: Session, db: Database, rows: TranscriptRows, card: ModelCard) -> None:
    """Store a transcript; within the caller's transaction."""
    spoken = primary(rows.language)
    transcript_id = transcripts.insert(db, rows, spoken=spoken)
    totals.count(session, rows, card)
    if not rows.chunks:
        return
    [(resource,)] = session.rows("SELECT number FROM resource WHERE id = %s", rows.resource_id)
    query = "SELECT nextval('chunk_id') FROM generate_series(1, %s)"
    ids = [chunk_id for (chunk_id,) in session.rows(query, len(rows.chunks))]
    vectors = unpack_int8([chunk.vector for chunk in rows.chunks], card.dimension)
    embeddings = embedding_rows(vectors, known_centre(session, spoken, card))
    said = decode_counts([chunk.terms for chunk in rows.chunks])
    stops = np.cumsum(said.sizes)[:-1]
    terms = zip(np.split(said.numbers, stops), np.split(said.counts, stops), strict=True)
    columns = 'id, first, stop, start, "end", is_reference, length, embedding, terms, transcript_id, resource, language'
    session.copy(
        f"chunk ({columns})",
        (
            (chunk_id, *chunk[:5], *embedding, text_of(np.repeat(*term).tolist()), transcript_id, resource, spoken)
            for chunk_id, chunk, embedding, term in zip(ids, rows.chunks, embeddings, terms, strict=True)
        ),
    )
    bodies = ((chunk_id, *chunk[5:]) for chunk_id, chunk in zip(ids, rows.chunks, strict=True))
    session.copy("body (chunk_id, digest, vector, terms)", bodies)


def remove(session: Session, db: Database, resource_id: str, card: ModelCard) -> None:
    """Delete a resource's transcripts; within the caller's transaction."""
    for rows in transcripts.stored(db, resource_id):
        totals.count(session, rows, card, sign=-1)
    session.run("DELETE FROM transcript WHERE resource_id = %s", resource_id)
