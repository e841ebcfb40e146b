"""Mending a damaged database: rows that match their checksums are kept, and the others are deleted.

What is deleted is made again: chunks, vectors and pieces from the stored transcript, the rest by the build that fetches
it. An unreadable page of the database costs the rows on it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from math import inf
from pathlib import Path
from typing import NamedTuple

from seekpoint.index.embedded import checksums, database, stored_transcripts
from seekpoint.index.embedded.checksums import CONTENT, DERIVED, OF_RESOURCES, PARENTS, Fault
from seekpoint.index.embedded.database import SqliteDatabase, content_errors, transaction
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import LibraryError
from seekpoint.index.reasons import Reason
from seekpoint.index.sql import read_stretches, stored_rows, stored_vectors, transcripts
from seekpoint.index.sql.catalogue import Catalogue
from seekpoint.index.sql.names import SETTING, update_titles
from seekpoint.index.text.clean import counted
from seekpoint.index.types import ModelCard, Resource, State

_LABEL = """SELECT CAST(coalesce((SELECT max(title) FROM listing WHERE resource_id = id AND title <> ''), url) AS BLOB)
            FROM resource WHERE id = CAST(? AS TEXT)"""
# The placeholder of a resource that no list names, until a list does.
_UNLISTED = """INSERT INTO listing (source, resource_id, position, path, title, listed)
    SELECT '', id, 0, '[]', '', 0 FROM resource WHERE id = CAST(? AS TEXT)"""
_EMPTIED = f"""UPDATE resource SET state = '{State.PENDING}', reason = ?, retry_after = NULL, inputs = NULL
               WHERE id = CAST(? AS TEXT)"""


class Mended(NamedTuple):
    """Ids of resources: `derived` are to be made again from their transcripts, `given_up` have lost theirs."""

    derived: list[str]
    given_up: list[str]


def mend(folder: Path, connection: sqlite3.Connection, manifest: Manifest, say: Callable[[str], None]) -> Mended:
    """Delete the damaged rows of a database, but for those that are made again from their stored transcripts.

    `say` is told what is to be fetched again. Raises DamagedLibrary if nothing can be mended.
    """
    with content_errors(folder), transaction(connection):
        rows = _DamagedRows(folder, connection, say)
        for table, (column, parent) in PARENTS.items():
            connection.execute(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT id FROM {parent})")
        connection.execute(f"DELETE FROM checksum WHERE table_name NOT IN {checksums.TABLES}")
        rows.delete_of_library(manifest)
        given_up = rows.delete_of_resources()
        model = manifest.with_current_model(connection).model
        stored_transcripts.recount_sums(SqliteDatabase(folder, connection), model)
        derived = [key.decode() for key in rows.keys(*DERIVED)]
        if derived:
            say(f"words or vectors of {counted(len(derived), 'resource')} were damaged and are made again")
        return Mended(derived, given_up)


def make_readable(folder: Path, connection: sqlite3.Connection) -> None:
    """Replace a faulty database by one with the rows that can be read; raises DamagedLibrary if its tables are lost."""
    with content_errors(folder):
        if not database.is_ours(connection):
            raise database.damaged(folder, f"the tables of {database.FILE} are others", database.START_AGAIN)
        with suppress(sqlite3.DatabaseError):
            if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok":
                return
        scratch = folder / f".{database.FILE}.new"
        scratch.unlink(missing_ok=True)
        connection.text_factory = lambda data: data.decode(errors="replace")
        with closing(sqlite3.connect(scratch, isolation_level=None)) as fresh:
            fresh.execute("PRAGMA journal_mode = OFF")
            database.create_schema(fresh)
            with transaction(fresh):
                for table in (*checksums.TABLES, "checksum"):
                    for row in _readable(connection, table):
                        with suppress(sqlite3.IntegrityError):
                            fresh.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row))
            fresh.backup(connection)
        connection.text_factory = str
        scratch.unlink()


def _readable(connection: sqlite3.Connection, table: str) -> Iterator[sqlite3.Row]:
    """The rows of a table, from its first on up to an unreadable page, and from its last back to one."""
    (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    columns = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,)).fetchall()
    key = [name for (name,) in columns] if "WITHOUT ROWID" in sql else ["rowid"]  # as the table lies on the disk
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{column} {direction}" for column in key)
        with suppress(sqlite3.DatabaseError):
            yield from connection.execute(f"SELECT * FROM {table} NOT INDEXED ORDER BY {order}")
            return


class _DamagedRows:
    """The rows that don't match their checksums, by table and by what they belong to."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._connection = connection
        self._say = say
        self.faults = set(checksums.faults(connection))

    def delete_of_library(self, manifest: Manifest) -> None:
        """Delete settings, kept moments, translations and the texts of terms."""
        for key in self.keys("setting"):
            self._drop("setting", "name", key)
            self._say(f"the setting {_text(key)} was damaged and is gone")
        database.set_stored_model(self._connection, database.stored_model(self._connection) or manifest.model)
        if not database.highest_chunk(self._connection):
            (highest,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM chunk").fetchone()
            used = (record.stop - 1 for record in manifest.segments)
            database.set_highest_chunk(self._connection, max([highest, *used]))
        for key in self.keys("kept"):
            self._drop("kept", checksums.KEPT_KEY.format("kept"), key)
            self._say(f"a kept moment of {_text(key).partition(' ')[0]} was damaged and is gone")
        if self.keys("translation"):
            self._drop("translation", "''", b"")
            self._drop("setting", "name", SETTING.encode())  # so that a build chooses them again
        if self.keys("term"):
            self._drop("term", "''", b"")
            checksums.forget(self._connection, "chunk")  # without the texts of terms all chunks are to be made again
            self.faults = set(checksums.faults(self._connection))

    def delete_of_resources(self) -> list[str]:
        """Delete entries, listings and transcripts; returns the ids of those that have lost their transcripts."""
        given_up: list[str] = []
        known = {key for (key,) in self._connection.execute("SELECT CAST(id AS BLOB) FROM resource")}
        unknown = set(self.keys(*OF_RESOURCES)) - known
        for key in sorted(unknown.union(self.keys("resource", "playlist_entry"))):
            if key in known:
                self._say(f"{self._label(key)}: its entry was damaged and is taken out, until a list names it again")
                given_up.append(_text(key))
            self._drop("resource", "id", key, *OF_RESOURCES)
        for key in self.keys("listing", "name"):
            self._drop("listing", "resource_id", key)
            self._drop("name", "resource_id", key)
            self._connection.execute(_UNLISTED, (key,))
            update_titles(SqliteDatabase(self._folder, self._connection), [key.decode()])
        for key in self.keys("stretch", "question_block"):
            self._drop("stretch", "resource_id", key)
            self._drop("question_block", "resource_id", key)
            self._say(f"{self._label(key)}: what a model noted of it was damaged and is gone, until it is read again")
        for key in self.keys("transcript", "cue_block"):
            self._say(f"{self._label(key)}: its transcript was damaged and has to be fetched again")
            self._drop("transcript", "resource_id", key, *CONTENT)
            self._connection.execute(_EMPTIED, (Reason("given_up").to_row(), key))
            given_up.append(_text(key))
        return given_up

    def keys(self, *tables: str) -> list[bytes]:
        """The owners of the damaged rows of some tables."""
        return sorted({key for table, key in self.faults if table in tables})

    def _drop(self, table: str, column: str, key: bytes, *referring: str) -> None:
        """Delete the rows that belong to a key, and those of other tables that refer to them."""
        self._connection.execute(f"DELETE FROM {table} WHERE {column} = CAST(? AS TEXT)", (key,))
        for dropped in (table, *referring):
            checksums.forget(self._connection, dropped, key)
            self.faults.discard(Fault(dropped, key))

    def _label(self, key: bytes) -> str:
        (label,) = self._connection.execute(_LABEL, (key,)).fetchone()
        return _text(label)


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


_MOST_NAMED = 3


def verify(folder: Path, connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Read all files and the whole database of a library; raises DamagedLibrary if anything is damaged."""
    check_rows(folder, connection)
    with content_errors(folder):
        check_contents(SqliteDatabase(folder, connection), manifest.model)
        for file in (*manifest.index_files, *filter(None, [manifest.database])):
            file.check_content(folder)


def check_rows(folder: Path, connection: sqlite3.Connection) -> None:
    """Raise DamagedLibrary unless all rows of the database are those that were written."""
    with content_errors(folder):
        if faults := checksums.faults(connection):
            ids = sorted({key.decode(errors="replace") for table, key in faults if table in OF_RESOURCES and key})
            resources: dict[str, Resource] = {}
            with suppress(LibraryError), content_errors(folder):
                statuses = Catalogue(SqliteDatabase(folder, connection)).statuses(ids)
                resources = {status.id: status.resource for status in statuses}
            owners = [f"{resources[key].title} ({key})" if key in resources else key for key in ids]
            owners += sorted({f"the table {table}" for table, key in faults if table not in OF_RESOURCES or not key})
            more = f" and {len(owners) - _MOST_NAMED} more" if len(owners) > _MOST_NAMED else ""
            named = ", ".join(owners[:_MOST_NAMED]) + more
            raise database.damaged(folder, f"in {database.FILE}, the rows of {named} aren't what was written")
        ((fault,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
        if fault != "ok":
            raise database.damaged(folder, f"{database.FILE} can't be read ({' '.join(fault.split())})")
        if not database.is_ours(connection):
            raise database.damaged(folder, f"the tables of {database.FILE} are others", database.START_AGAIN)


def check_contents(db: SqliteDatabase, model: ModelCard, longest: float = inf) -> None:
    """Decode all that is encoded; raises ValueError if a value is damaged, or a time is beyond `longest` seconds."""
    transcripts.check(db, model, longest)
    details = db.each("SELECT details FROM resource UNION ALL SELECT details FROM listing")
    stored_rows.check_details((text for (text,) in details), longest)
    read_stretches.check(db, model.dimension, longest)
    stored_vectors.check_sums(db.rows("SELECT chunks, total, windows, window_total FROM language"))
