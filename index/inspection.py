"""Whether a library from elsewhere is one that Seekpoint could have written: its manifest, its tables, its rows."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from index import database
from index.library import Library
from index.manifest import FileRecord, Manifest

_MOST_NUMBERS = 1 << 16
_MOST_COUNTED = 1 << 53
_VECTOR_FILE = re.compile(r"vectors-([1-9][0-9]{0,15})\.faiss")
_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
# What no row has; `:dimension` is the model's. Seconds end with the year 9999, where Python's calendar does.
_STRANGE_ROWS = (
    "SELECT 1 FROM resource WHERE retry_after NOT BETWEEN 0 AND 253402300799",
    "SELECT 1 FROM cue WHERE abs(start) > 1e9 OR abs(end) > 1e9",
    """SELECT 1 FROM chunk WHERE abs(start) > 1e9 OR abs(end) > 1e9 OR first >= stop OR
       NOT EXISTS (SELECT 1 FROM cue WHERE cue.transcript_id = chunk.transcript_id AND position = first) OR
       NOT EXISTS (SELECT 1 FROM cue WHERE cue.transcript_id = chunk.transcript_id AND position = stop - 1)""",
    "SELECT 1 FROM chunk LEFT JOIN vector ON chunk_id = id WHERE length(data) IS NOT 2 * :dimension",
)
_STRANGE_PIECES = "SELECT 1 FROM piece WHERE length(data) <> :dimension OR tokens < 1 OR NOT abs(scale) < 1e9"
_STRANGE_TRANSLATIONS = "SELECT 1 FROM translation WHERE NOT json_valid(alternatives)"


class Strange(Exception):
    """What Seekpoint wouldn't have written; the text says what."""


def check_manifest(manifest: Manifest) -> None:
    """Raise Strange unless the values are of the kinds that they should be."""
    model, record, vectors = manifest.model, manifest.database, manifest.vectors
    sound = (
        _is_count(manifest.version)
        and manifest.version > 0
        and all(isinstance(text, str) for text in (model.name, model.fingerprint))
        and _is_count(model.dimension)
        and 0 < model.dimension <= _MOST_NUMBERS
        and record is not None
        and _is_record(record)
        and record.name == database.FILE
        and all(_are_means(means, model.dimension) for means in (manifest.means, manifest.window_means))
    )
    if sound and vectors is not None:
        named = _is_record(vectors.file) and _VECTOR_FILE.fullmatch(vectors.file.name)
        numbers = (vectors.generation, vectors.count, vectors.last_chunk)
        sound = bool(named) and all(_is_count(number) for number in numbers)
    if not sound:
        raise Strange("its manifest.json is another's")


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < _MOST_COUNTED


def _is_record(record: FileRecord) -> bool:
    return isinstance(record.name, str) and isinstance(record.sha256, str) and _is_count(record.size)


def _are_means(means: object, dimension: int) -> bool:
    return isinstance(means, Mapping) and all(
        isinstance(mean, list)
        and len(mean) == dimension
        and all(type(number) in (int, float) and math.isfinite(number) for number in mean)
        for mean in means.values()
    )


@contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """A folder's database, for reading what nobody changes."""
    address = f"{(folder / database.FILE).resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        yield connection


def check_database(folder: Path, dimension: int) -> int:
    """The schema version of a folder's database; raises Strange, or sqlite3.Error where it's damaged."""
    with opened(folder) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        version = _version(connection)
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as own:
            database.migrate(own, version)
            if connection.execute(_SCHEMA).fetchall() != own.execute(_SCHEMA).fetchall():
                raise Strange(f"the tables in its {database.FILE} are others")
        if connection.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            raise sqlite3.DatabaseError("quick_check found faults")
        _check_rows(connection, version, dimension)
    return version


def _version(connection: sqlite3.Connection) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != database.APPLICATION_ID or not 0 < version <= database.SCHEMA_VERSION:
        raise Strange(f"its {database.FILE} is another program's")
    return int(version)


def _check_rows(connection: sqlite3.Connection, version: int, dimension: int) -> None:
    queries = [*_STRANGE_ROWS, "PRAGMA foreign_key_check"]
    if version >= 4:
        queries.append(_STRANGE_PIECES)
    if version >= 5:
        queries.append(_STRANGE_TRANSLATIONS)
    for query in queries:
        values = {"dimension": dimension} if ":dimension" in query else {}
        if connection.execute(query, values).fetchone():
            raise Strange(f"there are rows in its {database.FILE} that make no sense")


def check_readable(folder: Path, manifest: Manifest) -> None:
    """Raise Strange where what is shown of every resource can't be read; LibraryError where the files don't fit."""
    try:
        with Library.open(folder) as library:
            library.statuses(), library.sections(), library.playlists(), library.standings()
            if manifest.vectors and manifest.vectors.count:
                from index.vectors import check_layout

                check_layout(folder / manifest.vectors.file.name, manifest.vectors, manifest.model.dimension)
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise Strange("what it says of a resource can't be read") from error
