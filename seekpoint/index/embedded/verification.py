"""Reading all of a library, to see whether it is as it was written."""

from __future__ import annotations

import sqlite3
from math import inf
from pathlib import Path

from seekpoint.index.embedded import cue_blocks, database
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.pieces import reading
from seekpoint.index.embedded.words import segments
from seekpoint.index.types import ModelCard


def verify(folder: Path, connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Read a library's files and its database; raises DamagedLibrary for what isn't as it was written."""
    with library_errors(folder):
        if manifest.database:
            manifest.database.check_content(folder)
        for segment in manifest.segments:
            segment.file.check_content(folder, database.BUILD_MENDS)
        ((fault,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if fault != "ok":
        raise database.damaged(folder, f"{database.FILE} can't be read ({fault})")
    try:
        with library_errors(folder):
            check_contents(connection, manifest.model)
    except ValueError as error:
        raise database.damaged(folder, f"in {database.FILE}, {error}") from error


def check_contents(connection: sqlite3.Connection, model: ModelCard, longest: float = inf) -> None:
    """Read what SQLite keeps as bytes; raises ValueError for what wasn't written so, or is beyond so many seconds."""
    segments.check(connection)
    cue_blocks.check(connection, longest)
    reading.check(connection, model)
