"""Pieces in the database: neighbours lie in one block, their numbers entropy-coded."""

from __future__ import annotations

import sqlite3


def convert(connection: sqlite3.Connection) -> None:
    """Put the pieces of schema 8 into blocks; in a transaction of the caller's."""
