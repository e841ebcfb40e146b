"""Reading all of a library to find damage."""

from __future__ import annotations

import sqlite3
from math import inf
from pathlib import Path

from seekpoint.index.embedded import cue_blocks, database
from seekpoint.index.embedded.database import content_errors, library_errors
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.pieces import reading
from seekpoint.index.embedded.words import stored_terms
from seekpoint.index.types import ModelCard


def verify(folder: Path, connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Read all files and the whole database of a library; raises DamagedLibrary if anything is damaged."""
    with library_errors(folder):
        if manifest.database:
            manifest.database.check_content(folder)
        for file in manifest.index_files:
            file.check_content(folder, database.BUILD_MENDS)
        ((fault,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if fault != "ok":
        raise database.damaged(folder, f"{database.FILE} can't be read ({fault})")
    with content_errors(folder):
        check_contents(connection, manifest.model)


def check_contents(connection: sqlite3.Connection, model: ModelCard, longest: float = inf) -> None:
    """Decode all blobs: terms, cues, pieces.

    Raises ValueError if one is damaged, or a time is beyond `longest` seconds.
    """
    stored_terms.check(connection)
    cue_blocks.check(connection, longest)
    reading.check(connection, model)
