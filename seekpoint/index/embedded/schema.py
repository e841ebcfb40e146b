"""The schema of a library's database: its version, and creating the tables of a new database."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

APPLICATION_ID = 0x736B7074
"""SQLite's application id of our databases: `skpt` in ASCII."""

UNRELEASED_APPLICATION_ID = 0x7365656B
"""The application id of databases from before the first release, which can't be read."""

SCHEMA_VERSION = 1

# What SQLite reads as a space.
_BLANK = re.compile(r"(?:--[^\n]*|[ \t\r\n\f])+")


def create(connection: sqlite3.Connection) -> None:
    """Create the tables of an empty database, in one transaction."""
    script = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
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
        create(reference)
        try:
            return _objects(connection) == _objects(reference)
        except sqlite3.DatabaseError:
            return False


def _objects(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    query = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name"
    return [(*names, _BLANK.sub(" ", sql).strip(" ")) for *names, sql in connection.execute(query)]


def storage_key(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns by which SQLite orders a table on the disk."""
    query = "SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk"
    (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return [name for (name,) in connection.execute(query, (table,))] if "WITHOUT ROWID" in sql else ["rowid"]
