"""Reading all of a library to find damage."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from pathlib import Path

from seekpoint.index.embedded import checksums, cue_blocks, database, schema
from seekpoint.index.embedded.catalogue import Catalogue
from seekpoint.index.embedded.checksums import OF_RESOURCES, Fault
from seekpoint.index.embedded.database import content_errors
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.pieces import reading
from seekpoint.index.embedded.words import stored_terms
from seekpoint.index.errors import LibraryError
from seekpoint.index.records import stored_rows, sums
from seekpoint.index.types import ModelCard, Resource

_MOST_NAMED = 3


def verify(folder: Path, connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Read all files and the whole database of a library; raises DamagedLibrary if anything is damaged."""
    check_rows(folder, connection)
    with content_errors(folder):
        check_contents(connection, manifest.model)
        for file in (*manifest.index_files, *filter(None, [manifest.database])):
            file.check_content(folder)


def check_rows(folder: Path, connection: sqlite3.Connection) -> None:
    """Raise DamagedLibrary unless all rows of the database are those that were written."""
    with content_errors(folder):
        if found := checksums.faults(connection):
            owners = _listed(_owners(folder, connection, found))
            raise database.damaged(folder, f"in {database.FILE}, the rows of {owners} aren't what was written")
        ((fault,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
        if fault != "ok":
            raise database.damaged(folder, f"{database.FILE} can't be read ({' '.join(fault.split())})")
        if not schema.is_ours(connection):
            raise database.damaged(folder, f"the tables of {database.FILE} are others", database.START_AGAIN)


def _owners(folder: Path, connection: sqlite3.Connection, faults: Sequence[Fault]) -> list[str]:
    """What damaged rows belong to: resources by title and id, or whole tables."""
    ids = sorted({key.decode(errors="replace") for table, key in faults if table in OF_RESOURCES and key})
    resources: dict[str, Resource] = {}
    with suppress(LibraryError):
        resources = Catalogue(folder, connection).resources(ids)
    named = (f"{resources[one].title} ({one})" if one in resources else one for one in ids)
    return [*named, *sorted({f"the table {table}" for table, key in faults if table not in OF_RESOURCES or not key})]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def check_contents(connection: sqlite3.Connection, model: ModelCard, longest: float = inf) -> None:
    """Decode all that is encoded: terms, cues, pieces, chapters, details, sums of vectors.

    Raises ValueError if one is damaged, or a time is beyond `longest` seconds.
    """
    stored_terms.check(connection)
    cue_blocks.check(connection, longest)
    reading.check(connection, model)
    stored_rows.check_chapters((text for (text,) in connection.execute("SELECT chapters FROM transcript")), longest)
    stored_rows.check_details((text for (text,) in connection.execute("SELECT details FROM resource")), longest)
    sums.check_sums(connection.execute("SELECT chunks, total, windows, window_total FROM language"))
