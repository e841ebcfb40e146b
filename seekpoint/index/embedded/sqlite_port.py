"""SQLite as the shared SQL reaches it, and changes of what is kept beside the one writer of a library."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import content_errors, library_errors, transaction
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import LibraryError
from seekpoint.index.sql.moment_keeper import MomentKeeper


@cache
def _in_sqlite(sql: str) -> str:
    return sql.replace("IN ?*", "IN (SELECT value FROM json_each(?))")


class SqliteDatabase:
    """The database of a library in a folder; `sql.port.Database` documents the methods."""

    added = "resource.rowid"
    chunk_rows = """SELECT first, stop, start, end, is_reference, digest, data, terms
                    FROM chunk JOIN vector ON chunk_id = id"""
    own_settings = frozenset((database.MODEL, database.HIGHEST_CHUNK))

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection

    def rows(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        with library_errors(self._folder):
            return self._connection.execute(_in_sqlite(sql), [*map(_listed, values)]).fetchall()

    def run(self, sql: str, *values: object) -> None:
        with library_errors(self._folder):
            self._connection.execute(_in_sqlite(sql), [*map(_listed, values)])

    def run_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        with library_errors(self._folder):
            self._connection.executemany(sql, values)

    def add(self, target: str, rows: Iterable[Sequence[object]]) -> None:
        self.run_many(f"INSERT INTO {target} VALUES ({', '.join('?' * (target.count(',') + 1))})", rows)

    def content_errors(self) -> AbstractContextManager[None]:
        return content_errors(self._folder)


def _listed(value: object) -> object:
    return json.dumps(value) if isinstance(value, list) else value


def open_keeper(folder: Path) -> MomentKeeper:
    """Open a library for changes of what is kept; raises LibraryError, also for one in which damage was found.

    A keeper doesn't take the writer's lock, since a build may hold that for hours. SQLite's lock is enough: a change is
    one short transaction, and in it the manifest's record of the database is taken out, as a writer does.
    """
    with library_errors(folder):
        Manifest.load(folder)
        database.check_exists(folder)
    if (folder / database.DAMAGE_MARK).exists():  # mending may replace the whole database
        raise LibraryError(f"the library {folder} is damaged, so nothing can be kept. {database.BUILD_MENDS}")
    connection = database.connect(folder, writable=True)

    @contextmanager
    def change() -> Iterator[None]:
        with library_errors(folder), transaction(connection):
            manifest = Manifest.load(folder)
            if manifest.database:
                manifest.unsealed().save(folder)
            yield

    return MomentKeeper(SqliteDatabase(folder, connection), change, connection.close)
