"""Cues of a library from before schema 9, which has a row for each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from index import cue_blocks
from index.types import Cue

_ALL_ROWS = """
    SELECT transcript_id, position, start, end, text, anchor, page, is_reference FROM cue
    ORDER BY transcript_id, position"""


def read(connection: sqlite3.Connection, transcript_id: int, first: int, stop: int, *, with_places: bool) -> list[Cue]:
    """Cues `first` up to, not including, `stop` of a transcript; before schema 7 none has an anchor or a page."""
    places = ", anchor, page, is_reference" if with_places else ""
    rows = connection.execute(
        f"""SELECT start, end, text{places} FROM cue
            WHERE transcript_id = ? AND position >= ? AND position < ? ORDER BY position""",
        (transcript_id, first, stop),
    ).fetchall()
    return [Cue(*row[:5], *map(bool, row[5:])) for row in rows]


def convert(connection: sqlite3.Connection) -> None:
    """Put the cues of schema 8 into blocks; in a transaction of the caller's."""
    try:
        for transcript_id, rows in groupby(connection.execute(_ALL_ROWS), itemgetter(0)):
            cue_blocks.append(connection, transcript_id, _consecutive(rows))
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from error
    connection.execute("DROP TABLE cue")


def _consecutive(rows: Iterable[tuple[Any, ...]]) -> Iterator[Cue]:
    for place, (_, position, start, end, text, anchor, page, is_reference) in enumerate(rows):
        if position != place:
            raise ValueError("cues aren't what was written")
        yield Cue(start, end, text, anchor, page, bool(is_reference))
