"""Taking a library's database to a later schema: each version's SQL, and what SQL can't do.

All of it happens in one transaction, so a database is of one version or another.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from index.schema import APPLICATION_ID, FIRST_WITH_BLOCKS, FIRST_WITH_SEGMENTS, SCHEMA_VERSION
from index.types import Chapter, ModelCard

_ROWS = 4096


def migrate(connection: sqlite3.Connection, target: int = SCHEMA_VERSION) -> None:
    """Take the schema to a version, by all steps or none; a new database begins at 0."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == target:
        return
    connection.create_function("title_terms", 3, _title_terms, deterministic=True)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in range(version + 1, target + 1):
            _take(connection, step, version)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {target}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    if 0 < version < FIRST_WITH_BLOCKS <= target:
        connection.execute("VACUUM")  # what was converted took twice the room


def _take(connection: sqlite3.Connection, step: int, version: int) -> None:
    """Take one step, of those from a version on."""
    script = Path(__file__).with_name(f"schema_{step}.sql").read_text(encoding="utf-8")
    for statement in _statements(script):
        connection.execute(statement)
    if step in _CONVERSIONS:
        _CONVERSIONS[step](connection, version)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script: `executescript` would commit before it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _title_terms(details: str, start: float, end: float) -> str:
    from index.chapters import title_terms

    chapters = [Chapter(**chapter) for chapter in json.loads(details)["chapters"]]
    return " ".join(title_terms(chapters, start, end))


def _to_segments(connection: sqlite3.Connection, version: int) -> None:
    """To schema 8: the words out of FTS5, vectors a byte a dimension, their sums, and what resources are called."""
    from index import names, older_pieces, older_posting_lists, postings, totals
    from index.ranges import Ranges

    connection.row_factory = sqlite3.Row
    said = connection.execute(
        """SELECT transcript_id, first_chunk, terms FROM lexicon JOIN chunk ON chunk.id = lexicon.rowid
           JOIN transcript ON transcript.id = transcript_id ORDER BY chunk.id"""
    )
    held = connection.execute("SELECT id, first_chunk, chunks FROM transcript WHERE chunks").fetchall()
    with older_posting_lists.together(connection):
        for (_, first), rows in groupby(said, key=lambda row: (row["transcript_id"], row["first_chunk"])):
            postings.append(connection, first, [row["terms"].split() for row in rows])
        alive = Ranges.of((row["first_chunk"], row["first_chunk"] + row["chunks"]) for row in held)
        postings.compact(connection, alive)
    card = ModelCard("", _pack_vectors(connection), "")
    connection.execute("UPDATE piece SET digest = substr(digest, 1, 8)")
    for row in held:
        totals.add_with(connection, row["id"], older_pieces.of_transcript(connection, row["id"], card), card)
    names.keep(connection, [row["id"] for row in connection.execute("SELECT id FROM resource")])
    connection.execute("DROP TABLE lexicon")
    connection.row_factory = None


def _pack_vectors(connection: sqlite3.Connection) -> int:
    """Pack vectors anew, a few thousand at a time; returns their dimension."""
    from index.packing import pack, unpack

    dimension, after = 0, -1
    while rows := connection.execute(
        "SELECT chunk_id, data FROM vector WHERE chunk_id > ? ORDER BY chunk_id LIMIT ?", (after, _ROWS)
    ).fetchall():
        dimension, after = len(rows[0]["data"]) // 2, rows[-1]["chunk_id"]
        vectors = unpack([row["data"] for row in rows], dimension)
        packed = [(pack(vector), row["chunk_id"]) for vector, row in zip(vectors, rows, strict=True)]
        connection.executemany("UPDATE vector SET data = ?, digest = substr(digest, 1, 8) WHERE chunk_id = ?", packed)
    return dimension


def _to_blocks(connection: sqlite3.Connection, version: int) -> None:
    """To schema 9: cues and pieces into blocks, and the posting lists into fewer bytes."""
    from index import older_cues, older_pieces, older_posting_lists

    older_cues.convert(connection)
    older_pieces.convert(connection)
    older_posting_lists.convert(connection, version)


_CONVERSIONS: Mapping[int, Callable[[sqlite3.Connection, int], None]] = {
    FIRST_WITH_SEGMENTS: _to_segments,
    FIRST_WITH_BLOCKS: _to_blocks,
}
