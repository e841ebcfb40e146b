"""A library's successor, which lies inside the library's folder and has the vectors of another model.

One transaction replaces everything that the old model made, and names the new model in the database, because the
manifest is only written afterwards. Where the two name different models, the database is right and the vector files are
of the old model.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import LibraryError
from seekpoint.index.types import ModelCard

FOLDER = "reembedding"
"""The folder of the successor inside the library's."""


def with_current_model(manifest: Manifest, connection: sqlite3.Connection) -> Manifest:
    """The manifest with the model that the database names; raises sqlite3.Error.

    If that isn't the manifest's model, its indexes are outdated and left out.
    """
    card = database.stored_model(connection) or manifest.model
    return manifest if card == manifest.model else replace(manifest, model=card, segments=(), words=None)


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
