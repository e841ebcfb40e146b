"""The schema of a library's database: its version, and creating the tables of a new database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

APPLICATION_ID = 0x736B7074
"""SQLite's application id of our databases: `skpt` in ASCII."""

UNRELEASED_APPLICATION_ID = 0x7365656B
"""The application id of databases from before the first release, which can't be read."""

SCHEMA_VERSION = 1


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
