"""The SQLite database of a library: opening it, checking that it is ours, and errors that tell the user what to do."""

from __future__ import annotations

import errno
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from seekpoint.files import parsed_json
from seekpoint.index.embedded import checksums
from seekpoint.index.errors import (
    DamagedLibrary,
    ForeignLibrary,
    LibraryError,
    LockedLibrary,
    NewerLibrary,
    UnreleasedLibrary,
)
from seekpoint.index.sql import port
from seekpoint.index.types import ModelCard

FILE = "library.db"
DAMAGE_MARK = "damaged"
"""The name of an empty file in a library's folder: damage was found, so the next build reads everything to mend it."""

THREADS_MAY_SHARE = sqlite3.threadsafety == 3
"""Whether SQLite is built in serialised mode, in which threads may share a connection."""

_WAIT_SECONDS = 10.0
# The page cache of a reader. SQLite takes a negative number as KiB, and allocates pages only as they are read.
_CACHE_KILOBYTES = -65536
# The error codes of SQLite when it can't create its -wal and -shm files.
_UNWRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
START_AGAIN = "Restore it from a copy, or delete the folder and build it again"
BUILD_MENDS = "Run `seekpoint build SOURCE` again: it mends what it can and says what it fetches again"
# Errors of decoding damaged values.
_DECODING_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)


def connect(folder: Path, *, writable: bool) -> sqlite3.Connection:
    """Open and check the database; a writable connection creates the tables of an empty one. Raises LibraryError."""
    path = folder / FILE
    with library_errors(folder, START_AGAIN):
        if not writable:
            connection = _readable(path)
        else:
            connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            if writable:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
            (objects,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if objects or not writable:
                (application,) = connection.execute("PRAGMA application_id").fetchone()
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if application not in (APPLICATION_ID, UNRELEASED_APPLICATION_ID):
                    raise ForeignLibrary(f"{path} isn't a Seekpoint library: name another folder with --index")
                check_version(folder, version if application == APPLICATION_ID else 0)
            else:
                create_schema(connection)
            if writable:  # after the check, since this changes the file, which may belong to another program
                connection.execute("PRAGMA journal_mode = WAL")
                checksums.keep(connection)
            connection.row_factory = sqlite3.Row
        except BaseException:
            connection.close()
            raise
    return connection


def check_exists(folder: Path) -> None:
    """Raise DamagedLibrary if a library has no database."""
    if not (folder / FILE).exists():
        raise damaged(folder, f"{FILE} is missing", START_AGAIN)


def _readable(path: Path) -> sqlite3.Connection:
    """A connection for reading.

    `mode=rw` lets the last reader delete the -wal and -shm files. On a read-only medium, where these can't be created,
    the database is opened as immutable.
    """
    connect_shared = partial(
        sqlite3.connect,
        uri=True,
        timeout=_WAIT_SECONDS,
        isolation_level=None,
        check_same_thread=not THREADS_MAY_SHARE,
    )
    address = path.resolve().as_uri()
    connection: sqlite3.Connection = connect_shared(f"{address}?mode=rw")
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = {_CACHE_KILOBYTES}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in _UNWRITABLE:
            raise
        if has_journal(path.parent):  # an immutable connection ignores the journal, so its commits would be missing
            raise LibraryError(
                f"the last build of the library {path.parent} didn't finish, and the folder is read-only or full: "
                "build it again where it can be written"
            ) from error
        connection = connect_shared(f"{address}?immutable=1")
    return connection


def has_journal(folder: Path) -> bool:
    """Whether commits lie in the journal, so that the database's file lacks them."""
    journal = folder / f"{FILE}-wal"
    return journal.exists() and journal.stat().st_size > 0


def check_version(folder: Path, version: int) -> None:
    """Raise UnreleasedLibrary or NewerLibrary for a library of another format."""
    if version < SCHEMA_VERSION:
        raise UnreleasedLibrary(
            f"the library {folder} was built by an unreleased version of Seekpoint: delete it and build it again, "
            "or name another folder with --index"
        )
    if version > SCHEMA_VERSION:
        raise NewerLibrary(
            f"the library {folder} has format {version}, this Seekpoint reads up to {SCHEMA_VERSION}: "
            "upgrade Seekpoint, or name another folder with --index"
        )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all changes of the block, or roll all of them back if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # SQLite has already rolled back if the disk is full
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def library_errors(folder: Path, remedy: str = BUILD_MENDS) -> Iterator[None]:
    """Turn errors of SQLite and the file system into LibraryErrors, whose one line tells the user what to do.

    Damage leaves DAMAGE_MARK; `remedy` is what to do about it.
    """
    try:
        try:
            yield
        except sqlite3.Error as error:
            raise _library_error(error, folder, remedy) from error
        except UnicodeDecodeError as error:  # from sqlite3: a stored text or an error message isn't valid UTF-8
            raise damaged(folder, f"{FILE} can't be read", remedy) from error
        except OSError as error:
            raise LibraryError(disk_trouble(error, folder)) from error
    except DamagedLibrary:
        if (folder / FILE).exists():
            with suppress(OSError):
                (folder / DAMAGE_MARK).touch()
        raise


@contextmanager
def content_errors(folder: Path) -> Iterator[None]:
    """Do as `library_errors`, and report the errors of what decodes stored values as damage of the database."""
    with library_errors(folder):
        try:
            yield
        except UnicodeDecodeError:
            raise
        except _DECODING_ERRORS as error:
            raise damaged(folder, f"in {FILE}, {error}") from error


def _library_error(error: sqlite3.Error, folder: Path, remedy: str) -> LibraryError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockedLibrary(f"the library {folder} is being written by another process: try again when it's done")
    if code == sqlite3.SQLITE_FULL:
        return LibraryError(disk_trouble(OSError(errno.ENOSPC, "no space left on the disk"), folder))
    if code == sqlite3.SQLITE_READONLY:
        return LibraryError(disk_trouble(OSError(errno.EROFS, "it can't be changed"), folder))
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return LibraryError(f"the library {folder} can't be opened: check the folder's permissions, or make room")
    if code == sqlite3.SQLITE_IOERR:
        return LibraryError(f"the disk is full or failed while {folder} was in use ({error}): make room or check it")
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return LibraryError(f"the library {folder} was closed, or opened in another thread ({error}): open it again")
    return damaged(folder, f"{FILE} can't be read ({' '.join(str(error).split())})", remedy)


def damaged(folder: Path, what: str, remedy: str = BUILD_MENDS) -> DamagedLibrary:
    """The error for a file whose contents differ from what was written."""
    text = f"the library {folder} is damaged: {what}. {remedy}"
    return DamagedLibrary(text, is_mendable=remedy == BUILD_MENDS)


def disk_trouble(error: OSError, folder: Path) -> str:
    """One line for the user about a failed read or write in the library's folder."""
    reason = (error.strerror or str(error)).lower()
    remedy = "make room on the disk or check it, then try again"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "free some space, then try again: what was stored is kept"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "check the folder's permissions, or name another with --index"
    return f"can't read or write the library {folder} ({reason}): {remedy}"


APPLICATION_ID = 0x736B7074
"""SQLite's application id of our databases: `skpt` in ASCII."""

UNRELEASED_APPLICATION_ID = 0x7365656B
"""The application id of databases from before the first release, which can't be read."""

SCHEMA_VERSION = 4

# The characters that SQLite reads as a space.
_BLANK = re.compile(r"(?:--[^\n]*|[ \t\r\n\f])+")


def create_schema(connection: sqlite3.Connection) -> None:
    """Create the tables of an empty database, in one transaction."""
    script = f"{port.SCRIPT}{checksums.SCRIPT}"
    header = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {script} {header} COMMIT;")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether a database has the tables and indexes that `create` makes, and nothing else; comments don't count."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as reference:
        create_schema(reference)
        try:
            return _objects(connection) == _objects(reference)
        except sqlite3.DatabaseError:
            return False


def _objects(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    query = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name"
    return [(*names, _BLANK.sub(" ", sql).strip(" ")) for *names, sql in connection.execute(query)]


MODEL, HIGHEST_CHUNK = "model", "highest chunk"


def stored_model(connection: sqlite3.Connection) -> ModelCard | None:
    """The model that the database names; raises sqlite3.Error."""
    stored = setting(connection, MODEL)
    try:
        return ModelCard(**parsed_json(stored)) if stored else None
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError("what it says of its model makes no sense") from error


def set_stored_model(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Name the model in the database; within the caller's transaction."""
    _set(connection, MODEL, json.dumps(asdict(card)))


def highest_chunk(connection: sqlite3.Connection) -> int:
    """The highest chunk id that was ever given, or 0; raises sqlite3.Error."""
    return int(setting(connection, HIGHEST_CHUNK) or 0)


def set_highest_chunk(connection: sqlite3.Connection, chunk_id: int) -> None:
    """Store the highest chunk id that was ever given; within the caller's transaction."""
    _set(connection, HIGHEST_CHUNK, str(chunk_id))


def setting(connection: sqlite3.Connection, name: str) -> str | None:
    """The value that is stored under a name; raises sqlite3.Error, also if it is damaged."""
    if not checksums.are_whole(connection, name, ["setting"]):
        raise sqlite3.DatabaseError(f"the setting {name} isn't what was written")
    row = connection.execute("SELECT value FROM setting WHERE +name = ?", (name,)).fetchone()
    return str(row[0]) if row else None


def _set(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("REPLACE INTO main.setting VALUES (?, ?)", (name, value))


@lru_cache
def _in_sqlite(sql: str) -> str:
    return sql.replace("IN ?*", "IN (SELECT value FROM json_each(?))")


class SqliteDatabase:
    """The database of a library in a folder; `sql.port.Database` documents the methods."""

    added = "resource.rowid"
    bodies = "digest, data, chunk.terms FROM chunk JOIN vector ON chunk_id = chunk.id"
    own_settings = frozenset((MODEL, HIGHEST_CHUNK))

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self.connection = connection

    def rows(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        with library_errors(self._folder):
            return self.each(sql, *values).fetchall()

    def each(self, sql: str, *values: object) -> sqlite3.Cursor:
        return self.connection.execute(_in_sqlite(sql), [*map(_listed, values)])

    def run(self, sql: str, *values: object) -> None:
        with library_errors(self._folder):
            self.each(sql, *values)

    def run_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        with library_errors(self._folder):
            self.connection.executemany(sql, values)

    def add(self, target: str, rows: Iterable[Sequence[object]]) -> None:
        self.run_many(f"INSERT INTO {target} VALUES ({', '.join('?' * (target.count(',') + 1))})", rows)

    def content_errors(self) -> AbstractContextManager[None]:
        return content_errors(self._folder)


def _listed(value: object) -> object:
    return json.dumps(value) if isinstance(value, list) else value
