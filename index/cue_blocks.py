"""Cues in the database: neighbours lie in one block, which is compressed."""

from __future__ import annotations

import sqlite3


def convert(connection: sqlite3.Connection) -> None:
    """Put the cues of schema 8 into blocks; in a transaction of the caller's."""
