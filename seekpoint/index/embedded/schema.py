"""The schema of a library's database: its version, and how a new database gets its tables."""

from __future__ import annotations

import sqlite3
from pathlib import Path

APPLICATION_ID = 0x736B7074
"""`skpt` in ASCII: tells our databases from other programs'."""

UNRELEASED_APPLICATION_ID = 0x7365656B
"""What databases had before the first release, whose eleven schemas nothing reads any more."""

SCHEMA_VERSION = 1


def create(connection: sqlite3.Connection) -> None:
    """Give an empty database its tables, in one transaction."""
    script = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    header = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {script} {header} COMMIT;")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
