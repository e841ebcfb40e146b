"""Cues of a library from before schema 9, which has a row for each."""

from __future__ import annotations

import sqlite3

from index.types import Cue


def read(connection: sqlite3.Connection, transcript_id: int, first: int, stop: int, *, with_places: bool) -> list[Cue]:
    """Cues `first` up to, not including, `stop` of a transcript; before schema 7 none has an anchor or a page."""
    places = ", anchor, page, is_reference" if with_places else ""
    rows = connection.execute(
        f"""SELECT start, end, text{places} FROM cue
            WHERE transcript_id = ? AND position >= ? AND position < ? ORDER BY position""",
        (transcript_id, first, stop),
    ).fetchall()
    return [Cue(*row[:5], *map(bool, row[5:])) for row in rows]
