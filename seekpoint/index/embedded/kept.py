"""What people keep: reading it, and changing it beside the one writer of a library.

A keeper doesn't take the writer's lock, since a build may hold that for hours. SQLite's lock is enough: a change is one
short transaction, and in it the manifest's record of the database is taken out, as a writer does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import library_errors, transaction
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import LibraryError
from seekpoint.index.records.stored_rows import KEPT_COLUMNS, moment_of, values_of
from seekpoint.index.types import KeptMoment, Resource

_INSERT = f"INSERT INTO kept ({KEPT_COLUMNS}) VALUES ({', '.join('?' * 15)}) ON CONFLICT DO NOTHING"


class EmbeddedKeeper:
    """A library in a folder, open for changes of what is kept; `store.Keeper` documents the methods."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a library; raises LibraryError, also for one in which damage was found."""
        with library_errors(folder):
            Manifest.load(folder)
            database.check_exists(folder)
        if (folder / database.DAMAGE_MARK).exists():  # mending may replace the whole database
            raise LibraryError(f"the library {folder} is damaged, so nothing can be kept. {database.BUILD_MENDS}")
        return cls(folder, database.connect(folder, writable=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def keep(self, moment: KeptMoment) -> None:
        with self._change():
            self._connection.execute(_INSERT, values_of(moment))

    def annotate(self, resource_id: str, place: str, note: str, collection: str) -> bool:
        with self._change():
            changed = self._connection.execute(
                "UPDATE kept SET note = ?, collection = ? WHERE (resource_id, place) = (?, ?)",
                (note, collection, resource_id, place),
            )
            return changed.rowcount > 0

    def drop(self, resource_id: str, place: str) -> None:
        with self._change():
            self._connection.execute("DELETE FROM kept WHERE (resource_id, place) = (?, ?)", (resource_id, place))

    @contextmanager
    def _change(self) -> Iterator[None]:
        with library_errors(self._folder), transaction(self._connection):
            manifest = Manifest.load(self._folder)
            if manifest.database:
                manifest.unsealed().save(self._folder)
            yield


def read(connection: sqlite3.Connection) -> list[KeptMoment]:
    """The kept moments, in the order in which they were kept."""
    return [moment_of(row) for row in connection.execute("SELECT * FROM kept ORDER BY added, resource_id, place")]


def move(connection: sqlite3.Connection, resource_id: str, target: Resource) -> None:
    """Let what is kept of a resource belong to another one; within the caller's transaction."""
    connection.execute(
        """UPDATE kept SET resource_id = :target, kind = :kind, url = :url WHERE resource_id = :old
           AND place NOT IN (SELECT place FROM kept WHERE resource_id = :target)""",
        {"target": target.id, "kind": target.kind, "url": target.url, "old": resource_id},
    )
