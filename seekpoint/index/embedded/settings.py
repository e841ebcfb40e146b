"""Settings that the backend itself stores in a library's database: its model, and the highest chunk id ever given."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict

from seekpoint.index.types import ModelCard

MODEL, HIGHEST_CHUNK = "model", "highest chunk"


def model(connection: sqlite3.Connection) -> ModelCard | None:
    """The model that the database names; raises sqlite3.Error."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (MODEL,)).fetchone()
    try:
        return ModelCard(**json.loads(row[0])) if row else None
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError("what it says of its model makes no sense") from error


def set_model(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Name the model in the database; within the caller's transaction."""
    _set(connection, MODEL, json.dumps(asdict(card)))


def highest_chunk(connection: sqlite3.Connection, schema: str = "main") -> int:
    """The highest chunk id that was ever given, or 0."""
    (highest,) = connection.execute(
        f"SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM {schema}.setting WHERE name = ?", (HIGHEST_CHUNK,)
    ).fetchone()
    return int(highest)


def set_highest_chunk(connection: sqlite3.Connection, chunk_id: int) -> None:
    """Store the highest chunk id that was ever given; within the caller's transaction."""
    _set(connection, HIGHEST_CHUNK, str(chunk_id))


def _set(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("REPLACE INTO main.setting VALUES (?, ?)", (name, value))
