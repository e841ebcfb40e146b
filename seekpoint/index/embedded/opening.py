"""Opening a locked library for changes: its database, and its manifest without what is damaged."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from seekpoint.index.embedded import database, lock, mending, reembedding, settings
from seekpoint.index.embedded.database import content_errors
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.types import ModelCard


class Opened(NamedTuple):
    """An open library, and what mending it has left to do."""

    connection: sqlite3.Connection
    manifest: Manifest
    mended: mending.Mended | None


def open_locked(folder: Path, card: ModelCard | None, say: Callable[[str], None] | None) -> Opened:
    """Open a library; with a card, create it if there is none. Raises LibraryError.

    With `say`, a library in which damage was found is mended, and `say` is told what is lost.
    """
    is_new = card is not None and not (folder / MANIFEST).exists()
    loaded = None if is_new else lock.load(folder, mends=say is not None)
    stored = loaded and with_checked_database(folder, loaded, mends=say is not None)
    intact = stored and _without_damaged_indexes(folder, stored)
    connection = database.connect(folder, writable=True)
    try:
        with content_errors(folder):
            is_damaged = say is not None and (folder / database.DAMAGE_MARK).exists()
            if is_damaged:
                mending.make_readable(folder, connection)
            manifest = intact or _from_database(folder, connection, card, is_damaged=is_damaged)
            mended = mending.mend(folder, connection, manifest, say) if say and is_damaged else None
            manifest = reembedding.with_current_model(manifest, connection)
            if say and intact != stored:
                say("an index was damaged and is made again")
            if is_damaged or intact != stored or not stored:
                manifest = manifest.unsealed()
                with database.transaction(connection):
                    manifest.save(folder)
    except BaseException:
        connection.close()
        raise
    return Opened(connection, manifest, mended)


def with_checked_database(folder: Path, manifest: Manifest, *, mends: bool) -> Manifest:
    """The manifest, without its record of the database if a keeper has taken that out meanwhile.

    Raises DamagedLibrary if the database isn't the file that was written, unless `mends`.
    """
    database.check_exists(folder)
    try:
        with content_errors(folder):
            return manifest if _is_as_recorded(folder, manifest) else manifest.unsealed()
    except DamagedLibrary:
        if not mends or not manifest.database:
            raise
        path = folder / database.FILE
        os.truncate(path, max(path.stat().st_size, manifest.database.size))  # SQLite opens none that is cut off
        return manifest


def _is_as_recorded(folder: Path, manifest: Manifest) -> bool:
    """Whether the database is as the manifest says; false if a keeper has just changed both."""
    try:
        if manifest.database:
            manifest.database.check(folder)
    except DamagedLibrary:
        if Manifest.load(folder).database:
            raise
        return False
    return True


def _without_damaged_indexes(folder: Path, manifest: Manifest) -> Manifest:
    """The manifest without damaged indexes, which are made again from the database."""
    reads_all = (folder / database.DAMAGE_MARK).exists()
    words = manifest.words if manifest.words and _are_intact(manifest.words.files, folder, reads_all) else None
    segments = tuple(segment for segment in manifest.segments if _are_intact([segment.file], folder, reads_all))
    return replace(manifest, segments=segments, words=words)


def _are_intact(files: Iterable[FileRecord], folder: Path, reads_all: bool) -> bool:
    try:
        for file in files:
            file.check(folder, reads_all=reads_all)
    except DamagedLibrary:
        return False
    return True


def _from_database(
    folder: Path, connection: sqlite3.Connection, card: ModelCard | None, *, is_damaged: bool
) -> Manifest:
    """A manifest without indexes: with the model that the database names, or with `card` for a new library."""
    if card and not connection.execute("SELECT 1 FROM resource LIMIT 1").fetchone():
        with database.transaction(connection):
            settings.set_model(connection, card)
    else:
        card = None
        with suppress(sqlite3.DatabaseError) if is_damaged else nullcontext():
            card = settings.model(connection)
    if card is None:
        raise database.damaged(folder, f"{MANIFEST} and the model are lost", database.START_AGAIN)
    numbers = (int(number) for path in folder.iterdir() for number in re.findall(r"^vectors-(\d+)", path.name))
    return Manifest(card, numbered=max(numbers, default=0))
