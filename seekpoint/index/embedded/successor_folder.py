"""A library's successor, which lies inside the library's folder."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from seekpoint.index.embedded import checksums, database
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import LibraryError
from seekpoint.index.types import ModelCard

# Changing the model of a library: one transaction replaces everything that the old model made.
#
# The new model's vectors are made in a library of their own, the successor, inside the library's folder.
# The transaction also stores the new model in the database, because the manifest is only written afterwards. Where the
# two name different models, the database is right and the vector files are of the old model.

FOLDER = "reembedding"
"""The folder of the successor inside the library's."""

# In the order of deletion: tables with foreign keys come before the tables they refer to.
_TABLES = ("vector", "piece_block", "cue_block", "chunk", "transcript", "term", "language")
# `:given` is the highest chunk id that this library has ever used.
_COPY_STATEMENTS = (
    """INSERT INTO transcript (id, resource_id, language, origin, first_chunk, chunks, seconds, terms, chapters)
       SELECT id, resource_id, language, origin, first_chunk + :given, chunks, seconds, terms, chapters
       FROM successor.transcript""",
    "INSERT INTO cue_block SELECT * FROM successor.cue_block",
    """INSERT INTO chunk (id, transcript_id, first, stop, start, end, is_reference, terms)
       SELECT id + :given, transcript_id, first, stop, start, end, is_reference, terms FROM successor.chunk""",
    "INSERT INTO term SELECT * FROM successor.term",
    "INSERT INTO vector (chunk_id, digest, data) SELECT chunk_id + :given, digest, data FROM successor.vector",
    "INSERT INTO piece_block SELECT * FROM successor.piece_block",
    "INSERT INTO language SELECT * FROM successor.language",
)


def with_current_model(manifest: Manifest, connection: sqlite3.Connection) -> Manifest:
    """The manifest with the model that the database names; raises sqlite3.Error.

    If that isn't the manifest's model, its indexes are outdated and left out.
    """
    card = database.stored_model(connection) or manifest.model
    return manifest if card == manifest.model else replace(manifest, model=card, segments=(), words=None)


def take_over(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Replace what the old model made by the contents of the attached database `successor`.

    Within the caller's transaction. The successor's chunks get ids that this library has never used.
    """
    highest = database.highest_chunk(connection)
    for table in _TABLES:
        connection.execute(f"DELETE FROM main.{table}")
        checksums.forget(connection, table)
    for statement in _COPY_STATEMENTS:
        connection.execute(statement, {"given": highest} if ":given" in statement else {})
    (added,) = connection.execute("SELECT coalesce(max(id), 0) FROM successor.chunk").fetchone()
    database.set_highest_chunk(connection, highest + added)
    connection.execute("DELETE FROM main.setting WHERE name = 'is_without_pieces'")
    connection.execute("INSERT INTO setting SELECT * FROM successor.setting WHERE name = 'is_without_pieces'")
    database.set_stored_model(connection, card)


def unfinished_model(library: Path) -> ModelCard | None:
    """The model of a library's unfinished successor, if there is one."""
    with suppress(LibraryError, OSError):
        return Manifest.load(library / FOLDER).model
    return None


def discard(library: Path) -> None:
    """Delete a library's successor, if there is one.

    The manifest is deleted last, so that after a kill the rest is still recognised as a successor and deleted.
    """
    folder = library / FOLDER
    with library_errors(library):
        if folder.is_dir():
            for path in sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST):
                path.unlink()
            folder.rmdir()
