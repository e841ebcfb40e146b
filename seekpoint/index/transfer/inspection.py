"""Checking that Seekpoint could have written an imported library: its manifest, its tables, its rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from seekpoint.index.embedded import checksums, database
from seekpoint.index.embedded.database import APPLICATION_ID, HIGHEST_CHUNK, SCHEMA_VERSION
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.manifest import FileRecord, Manifest
from seekpoint.index.sql.stored_rows import LATEST
from seekpoint.index.text.languages import primary
from seekpoint.index.types import ModelCard

_MOST_NUMBERS = 1 << 16
# Chunk ids and term numbers: arrays have an element for each number.
_MOST_IDS = 1 << 28
_MOST_COUNTED = 1 << 53
_LONGEST = 1e9
_SENSELESS = f"there are rows in its {database.FILE} that make no sense"
# Queries that find invalid rows; `:dimension` is the model's.
_INVALID_ROWS = (
    f"SELECT 1 FROM resource WHERE retry_after NOT BETWEEN 0 AND {LATEST} OR added NOT BETWEEN 0 AND {LATEST}",
    f"SELECT 1 FROM chunk WHERE abs(start) > {_LONGEST} OR abs(end) > {_LONGEST} OR first >= stop",
    f"""SELECT 1 WHERE coalesce((SELECT CAST(value AS INTEGER) FROM setting WHERE name = '{HIGHEST_CHUNK}'), 0)
        NOT BETWEEN (SELECT coalesce(max(id), 0) FROM chunk) AND {_MOST_IDS}""",
    "SELECT 1 FROM chunk GROUP BY transcript_id HAVING max(id) - min(id) + 1 <> count(*)",
    f"SELECT 1 FROM chunk WHERE id NOT BETWEEN 1 AND {_MOST_IDS}",
    f"SELECT 1 FROM term WHERE number NOT BETWEEN 1 AND {_MOST_IDS}",
    f"SELECT 1 FROM transcript WHERE terms < 0 OR abs(seconds) > {_LONGEST}",
    "SELECT 1 FROM chunk LEFT JOIN vector ON chunk_id = id WHERE length(data) IS NOT 2 + :dimension",
    """SELECT 1 FROM transcript LEFT JOIN (
         SELECT transcript_id, min(id) AS least, count(*) AS number FROM chunk GROUP BY transcript_id
       ) ON transcript_id = transcript.id WHERE chunks <> coalesce(number, 0) OR chunks AND first_chunk <> least""",
    "SELECT 1 FROM language WHERE length(total) <> 8 * :dimension OR length(window_total) <> 8 * :dimension",
    "SELECT 1 FROM language WHERE chunks < 1 OR windows < 0",
    f"SELECT 1 FROM kept WHERE abs(start) > {_LONGEST} OR page < 1 OR added NOT BETWEEN 0 AND {LATEST}",
    # A list that names the playlist would read what it holds: videos of YouTube, recordings if a feed has them too, and
    # pages that are never read.
    """SELECT 1 FROM playlist_entry WHERE url NOT LIKE 'http%://%' OR CASE
         WHEN kind IN ('video', 'playlist') THEN url NOT LIKE 'https://www.youtube.com/%'
         WHEN kind = 'recording' THEN fault IS NOT NULL
         ELSE fault IS NULL OR kind NOT IN ('page', 'paper') END""",
    """SELECT 1 FROM stretch
       WHERE id <> resource_id || ' ' || CAST(substr(id, length(resource_id) + 2) AS INTEGER) OR id LIKE '% -%'""",
    """SELECT 1 FROM question_block LEFT JOIN stretch ON stretch.id = stretch_id
       WHERE stretch.resource_id IS NOT question_block.resource_id OR question_block.language = ''""",
    "SELECT 1 FROM listing WHERE named_by NOT IN ('owner', 'page', 'assistant', 'import')",
    "SELECT 1 FROM translation WHERE NOT json_valid(alternatives) OR json_type(alternatives) <> 'array'",
    "SELECT 1 FROM translation, json_each(alternatives) AS terms WHERE terms.type <> 'array'",
    """SELECT 1 FROM translation, json_each(alternatives) AS terms, json_each(terms.value) AS term
       WHERE term.type <> 'text'""",
)


class InvalidContents(Exception):
    """Seekpoint can't have written this library; the text says why, and completes the error of the import."""


def checked_record(manifest: Manifest) -> FileRecord:
    """The record of the database; raises InvalidContents unless all values have the right types and ranges."""
    model, record = manifest.model, manifest.database
    is_valid = (
        _is_count(manifest.version)
        and manifest.version == SCHEMA_VERSION
        and all(isinstance(text, str) for text in (model.name, model.fingerprint))
        and _is_count(model.dimension)
        and 0 < model.dimension <= _MOST_NUMBERS
        and _is_count(manifest.numbered)
        and not manifest.index_files
        and record is not None
        and record.name == database.FILE
        and isinstance(record.sha256, str)
        and _is_count(record.size)
    )
    if not is_valid or record is None:
        raise InvalidContents("its manifest.json is another's")
    return record


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < _MOST_COUNTED


@contextmanager
def open_immutable(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open a folder's database for reading, as one that no process changes."""
    address = f"{(folder / database.FILE).resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        yield connection


def check_database(folder: Path, model: ModelCard) -> None:
    """Check a folder's database; raises InvalidContents, or sqlite3.Error if it is damaged."""
    from seekpoint.index.embedded.damage import check_contents

    with open_immutable(folder) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        for name, value in (("application_id", APPLICATION_ID), ("user_version", SCHEMA_VERSION)):
            if connection.execute(f"PRAGMA {name}").fetchone() != (value,):
                raise InvalidContents(f"its {database.FILE} is another program's")
        if not database.is_ours(connection):
            raise InvalidContents(f"the tables in its {database.FILE} are others")
        if connection.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            raise sqlite3.DatabaseError("quick_check found faults")
        for query in (*_INVALID_ROWS, "PRAGMA foreign_key_check"):
            values = {"dimension": model.dimension} if ":dimension" in query else {}
            if connection.execute(query, values).fetchone():
                raise InvalidContents(_SENSELESS)
        _check_names(connection)
        try:
            check_contents(database.SqliteDatabase(folder, connection), model, _LONGEST)
        except ValueError as error:
            raise InvalidContents(f"in its {database.FILE}, {error}") from error
        if checksums.faults(connection):
            raise sqlite3.DatabaseError("there are rows that don't match their checksums")


def _check_names(connection: sqlite3.Connection) -> None:
    """Ids, addresses and language tags are shown, and looked up, as they are; each language has its sums."""
    names = connection.execute(
        """SELECT id FROM resource UNION SELECT url FROM resource UNION SELECT name FROM language
           UNION SELECT language FROM stretch UNION SELECT reader FROM stretch UNION SELECT language FROM question_block
           UNION SELECT resource_id FROM kept UNION SELECT place FROM kept UNION SELECT language FROM kept"""
    )
    if not all(name.isprintable() for (name,) in names):
        raise InvalidContents(f"an address or a language in its {database.FILE} holds characters that nobody sees")
    tags = connection.execute("SELECT DISTINCT language FROM transcript WHERE chunks").fetchall()
    known = {name for (name,) in connection.execute("SELECT name FROM language")}
    if not {primary(tag) for (tag,) in tags} <= known or not all(tag.isprintable() for (tag,) in tags):
        raise InvalidContents(_SENSELESS)


def check_readable(folder: Path, model: ModelCard) -> None:
    """Raise InvalidContents if the stored resources can't be read, LibraryError if the files don't fit together."""
    try:
        with EmbeddedReader.open(folder) as library:
            if library.card != model:
                raise InvalidContents(f"its {database.FILE} names another model than its manifest.json")
            library.statuses(), library.sections(), library.playlists(), library.standings(), library.kept()
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise InvalidContents("what it says of a resource can't be read") from error
