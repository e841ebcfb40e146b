"""Settings in a library's database. Two are the backend's own: the model, and the highest chunk id ever given."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict

from seekpoint.files import parsed_json
from seekpoint.index.embedded import checksums
from seekpoint.index.types import ModelCard

MODEL, HIGHEST_CHUNK = "model", "highest chunk"


def model(connection: sqlite3.Connection) -> ModelCard | None:
    """The model that the database names; raises sqlite3.Error."""
    stored = value(connection, MODEL)
    try:
        return ModelCard(**parsed_json(stored)) if stored else None
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError("what it says of its model makes no sense") from error


def set_model(connection: sqlite3.Connection, card: ModelCard) -> None:
    """Name the model in the database; within the caller's transaction."""
    _set(connection, MODEL, json.dumps(asdict(card)))


def highest_chunk(connection: sqlite3.Connection) -> int:
    """The highest chunk id that was ever given, or 0; raises sqlite3.Error."""
    return int(value(connection, HIGHEST_CHUNK) or 0)


def set_highest_chunk(connection: sqlite3.Connection, chunk_id: int) -> None:
    """Store the highest chunk id that was ever given; within the caller's transaction."""
    _set(connection, HIGHEST_CHUNK, str(chunk_id))


def value(connection: sqlite3.Connection, name: str) -> str | None:
    """The value that is stored under a name; raises sqlite3.Error, also if it is damaged."""
    if not checksums.are_whole(connection, name, ["setting"]):
        raise sqlite3.DatabaseError(f"the setting {name} isn't what was written")
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else None


def _set(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("REPLACE INTO main.setting VALUES (?, ?)", (name, value))
