"""The SQLite database of a library: opening it safely, its schema, and plain words for what can go wrong."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seekpoint.index.embedded.schema import APPLICATION_ID, SCHEMA_VERSION, UNRELEASED_APPLICATION_ID, create
from seekpoint.index.errors import (
    DamagedLibrary,
    ForeignLibrary,
    LibraryError,
    LockedLibrary,
    NewerLibrary,
    UnreleasedLibrary,
)

FILE = "library.db"
THREADS_MAY_SHARE = sqlite3.threadsafety == 3
"""Whether SQLite is built so that threads can use one connection at the same time."""

_WAIT_SECONDS = 10.0
# Negative, as SQLite has it: pages that a lasting reader keeps, taken when they're read.
_CACHE_KILOBYTES = -65536
# Bytes from the beginning of the file, all of it for some hundred thousand passages: what is mapped counts as memory.
_MOST_MAPPED = 1 << 28
# What SQLite reports where it can't put its side files.
_UNWRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
START_AGAIN = "Restore it from a copy, or delete the folder and build it again"
BUILD_MENDS = "Run `seekpoint build SOURCE` again: it makes this file anew from the database"


def connect(folder: Path, *, writable: bool) -> sqlite3.Connection:
    """Open the library's database and check that it is ours and of this version."""
    path = folder / FILE
    with library_errors(folder):
        connection = _writable(path) if writable else _readable(path)
        try:
            if _has_tables(connection) or not writable:
                _check(connection, path)
            elif writable:
                create(connection)
            if writable:  # not before the check: it changes the file, which could be another program's
                connection.execute("PRAGMA journal_mode = WAL")
            connection.row_factory = sqlite3.Row
        except BaseException:
            connection.close()
            raise
    return connection


def _writable(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _readable(path: Path) -> sqlite3.Connection:
    """For reading: opened so that SQLite's side files go with the last reader, or on a read-only medium never come."""
    connection = _shared(path, "mode=rw")
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = {_CACHE_KILOBYTES}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF not in _UNWRITABLE:
            raise
        if _has_journal(path):  # what is only in there would be missed
            raise LibraryError(
                f"the last build of the library {path.parent} didn't finish, and the folder is read-only or full: "
                "build it again where it can be written"
            ) from error
        connection = _shared(path, "immutable=1")
    return connection


def _shared(path: Path, how: str) -> sqlite3.Connection:
    """A connection that threads may share, where SQLite is built to serialise them."""
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?{how}",
        uri=True,
        timeout=_WAIT_SECONDS,
        isolation_level=None,
        check_same_thread=not THREADS_MAY_SHARE,
    )


def map_into_memory(connection: sqlite3.Connection) -> None:
    """Read the file where the system has it in memory, so that a question copies some hundred pages less.

    As with the vector files, a process ends without a word where a mapped file is cut short, which no build does.
    """
    connection.execute(f"PRAGMA mmap_size = {_MOST_MAPPED}")


def _has_journal(path: Path) -> bool:
    journal = path.with_name(f"{path.name}-wal")
    return journal.exists() and journal.stat().st_size > 0


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == UNRELEASED_APPLICATION_ID:
        raise unreleased_library(path.parent)
    if application != APPLICATION_ID:
        raise ForeignLibrary(f"{path} isn't a Seekpoint library: name another folder with --index")
    if version > SCHEMA_VERSION:
        raise newer_library(path.parent, version)


def newer_library(folder: Path, version: int) -> NewerLibrary:
    """The error for a library that a later Seekpoint wrote."""
    return NewerLibrary(
        f"the library {folder} has format {version}, this Seekpoint reads up to {SCHEMA_VERSION}: "
        "upgrade Seekpoint, or name another folder with --index"
    )


def unreleased_library(folder: Path) -> UnreleasedLibrary:
    """The error for a library that was built before the first release."""
    return UnreleasedLibrary(
        f"the library {folder} was built by an unreleased version of Seekpoint: delete it and build it again, "
        "or name another folder with --index"
    )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's changes, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk rolls back by itself
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def library_errors(folder: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into one line that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _library_error(error, folder) from error
    except UnicodeDecodeError as error:  # out of sqlite3, where its message or a stored text isn't UTF-8 any more
        raise damaged(folder, f"{FILE} can't be read") from error
    except OSError as error:
        raise LibraryError(disk_trouble(error, folder)) from error


def _library_error(error: sqlite3.Error, folder: Path) -> LibraryError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockedLibrary(f"the library {folder} is being written by another process: try again when it's done")
    if code == sqlite3.SQLITE_FULL:
        return LibraryError(disk_trouble(OSError(errno.ENOSPC, "no space left on the disk"), folder))
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return LibraryError(f"the library {folder} can't be opened for this: check the folder's permissions")
    if code == sqlite3.SQLITE_IOERR:
        return LibraryError(f"the disk is full or failed while {folder} was in use ({error}): make room or check it")
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return LibraryError(f"the library {folder} was closed, or opened in another thread ({error}): open it again")
    return damaged(folder, f"{FILE} can't be read ({error})")


def damaged(folder: Path, what: str, remedy: str = START_AGAIN) -> DamagedLibrary:
    """The error for a file that isn't what was written."""
    return DamagedLibrary(f"the library {folder} is damaged: {what}. {remedy}")


def disk_trouble(error: OSError, folder: Path) -> str:
    """One line for a failed write or read of the library's folder."""
    reason = (error.strerror or str(error)).lower()
    remedy = "check the folder's permissions, or name another with --index"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "free some space, then build again: what was indexed is kept"
    return f"can't read or write the library {folder} ({reason}): {remedy}"
