"""SQLite's troubles in plain words."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.index.embedded import database
from seekpoint.index.errors import LibraryError, LockedLibrary


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(database.connect(tmp_path, writable=True)) as opened:
        yield opened


def test_a_reader_and_a_second_writer_cant_write(connection: sqlite3.Connection, tmp_path: Path) -> None:
    refused = pytest.raises(LibraryError, match="permissions")
    with closing(database.connect(tmp_path, writable=False)) as reader, refused, database.library_errors(tmp_path):
        reader.execute("INSERT INTO setting VALUES ('a', 'b')")
    connection.execute("BEGIN IMMEDIATE")
    other = sqlite3.connect(tmp_path / database.FILE, timeout=0, isolation_level=None)
    locked = pytest.raises(LockedLibrary, match="another process")
    with closing(other), locked, database.library_errors(tmp_path):
        other.execute("BEGIN IMMEDIATE")


def test_a_full_database_says_how_to_go_on_and_is_as_before(connection: sqlite3.Connection, tmp_path: Path) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    refused = pytest.raises(LibraryError, match=r"free some space.*kept")
    with refused, database.library_errors(tmp_path), database.transaction(connection):
        connection.execute("INSERT INTO setting VALUES ('a', ?)", ("长" * 100_000,))
    assert connection.execute("SELECT count(*) FROM setting").fetchone()[0] == 0


def test_a_read_only_medium_says_so_and_names_another_library(connection: sqlite3.Connection, tmp_path: Path) -> None:
    refused = pytest.raises(LibraryError, match=r"can't be changed\): .* name another with --index")
    with refused, database.library_errors(tmp_path):
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise error


@pytest.mark.parametrize(
    ("code", "remedy"), [(errno.ENOSPC, "free some"), (errno.EDQUOT, "free some"), (errno.EACCES, "check the")]
)
def test_a_failed_write_names_the_folder_and_the_remedy(tmp_path: Path, code: int, remedy: str) -> None:
    with pytest.raises(LibraryError, match=remedy) as caught, database.library_errors(tmp_path):
        raise OSError(code, "so it is")
    assert str(tmp_path) in str(caught.value)
