"""Checking a library: every row is read, and compared with what others say of it, and with the indexes."""

from __future__ import annotations

from seekpoint.index.postgres import index_recall
from seekpoint.index.postgres.catalogue import ServerDatabase
from seekpoint.index.postgres.session import Session, content_errors, damaged
from seekpoint.index.sql import cue_blocks, piece_blocks, stored_rows, sums
from seekpoint.index.sql.catalogue import Catalogue
from seekpoint.index.types import ModelCard

# Rows that are read at once.
_BATCH = 4096
# Queries that find rows which contradict others.
_CONTRADICTIONS = {
    "a transcript has more or fewer chunks than it says": """
        SELECT 1 FROM transcript LEFT JOIN (SELECT transcript_id, count(*) AS number FROM chunk GROUP BY 1) AS found
        ON transcript_id = id WHERE chunks <> coalesce(number, 0)""",
    "a chunk has no body": "SELECT 1 FROM chunk LEFT JOIN body ON chunk_id = id WHERE chunk_id IS NULL",
    "a chunk belongs to another resource": """
        SELECT 1 FROM chunk JOIN transcript ON transcript.id = transcript_id
        JOIN resource ON resource.id = resource_id WHERE resource <> number OR chunk.language <> spoken""",
    "a language has more or fewer chunks than it says": """
        SELECT 1 FROM (
          SELECT name, sum(chunks) AS said FROM (TABLE language UNION ALL TABLE language_change) AS sums GROUP BY name
        ) AS sums FULL JOIN (SELECT language, count(*) AS number FROM chunk GROUP BY 1) AS found ON name = language
        WHERE coalesce(said, 0) <> coalesce(number, 0)""",
}


def verify(session: Session, card: ModelCard) -> None:
    """Read everything that is stored; raises DamagedLibrary if anything is damaged."""
    for fault, query in _CONTRADICTIONS.items():
        if session.rows(query + " LIMIT 1"):
            raise damaged(session.address, fault)
    with content_errors(session.address):
        _check_bodies(session, card)
        stored_rows.check_chapters(text for (text,) in session.rows("SELECT chapters FROM transcript"))
        Catalogue(ServerDatabase(session)).kept()
        for (transcript_id,) in session.rows("SELECT id FROM transcript ORDER BY id"):
            _check_transcript(session, transcript_id, card)
    index_recall.check(session, card)


def _check_bodies(session: Session, card: ModelCard) -> None:
    last = 0
    query = "SELECT chunk_id, vector, terms FROM body WHERE chunk_id > %s ORDER BY chunk_id LIMIT %s"
    while rows := session.rows(query, last, _BATCH):
        piece_blocks.unpack_int8([vector for _, vector, _ in rows], card.dimension)
        sums.decode_counts([terms for _, _, terms in rows])
        last = rows[-1][0]


def _check_transcript(session: Session, transcript_id: int, card: ModelCard) -> None:
    cues = session.rows(
        "SELECT transcript_id, first, data FROM cue_block WHERE transcript_id = %s ORDER BY first", transcript_id
    )
    [(stop,)] = session.rows("SELECT coalesce(max(stop), 0) FROM chunk WHERE transcript_id = %s", transcript_id)
    if stop > cue_blocks.stops_of(cues).get(transcript_id, 0):
        raise ValueError(cue_blocks.DAMAGED)
    blocks = session.rows(
        "SELECT transcript_id, start, data FROM piece_block WHERE transcript_id = %s ORDER BY start", transcript_id
    )
    piece_blocks.check(blocks, card.dimension, piece_blocks.directions_with(card))
