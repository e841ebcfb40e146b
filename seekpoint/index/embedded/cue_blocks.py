"""The blocks of cues in the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from math import inf

from seekpoint.index.records.cue_blocks import DAMAGED, blocks, joined, stops_of
from seekpoint.index.types import Cue

_INSERT = "INSERT INTO cue_block (transcript_id, first, data) VALUES (?, ?, ?)"
# The blocks with cues in [?2, ?3), beginning with the one that contains cue ?2.
_BLOCKS = """
    SELECT first, data FROM cue_block WHERE transcript_id = ?1 AND first < ?3 AND first >= coalesce(
      (SELECT max(first) FROM cue_block WHERE transcript_id = ?1 AND first <= ?2), ?2)
    ORDER BY first"""
_ALL_BLOCKS = "SELECT transcript_id, first, data FROM cue_block ORDER BY transcript_id, first"
_OF_CHUNKS = "SELECT transcript_id, min(first), max(stop) FROM chunk GROUP BY transcript_id"


def append(connection: sqlite3.Connection, transcript_id: int, cues: Iterable[Cue]) -> None:
    """Store the cues of a transcript that has none yet; within the caller's transaction."""
    connection.executemany(_INSERT, ((transcript_id, *block) for block in blocks(cues)))


def read(connection: sqlite3.Connection, transcript_id: int, first: int, stop: int) -> list[Cue]:
    """Cues [first, stop) of a transcript; raises ValueError if a block is damaged or missing."""
    return joined(connection.execute(_BLOCKS, (transcript_id, first, stop)).fetchall(), first, stop)


def check(connection: sqlite3.Connection, longest: float = inf) -> None:
    """Read all blocks; raises ValueError if one couldn't come from `append`, or a time is beyond `longest` seconds."""
    stops = stops_of(connection.execute(_ALL_BLOCKS), longest)
    for transcript_id, first, stop in connection.execute(_OF_CHUNKS):
        if first < 0 or stop > stops.get(transcript_id, 0):
            raise ValueError(DAMAGED)
