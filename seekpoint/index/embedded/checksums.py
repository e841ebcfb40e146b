"""Checksums of the database's rows, which find damage that SQLite itself doesn't see, and say whose rows it hit.

A checksum is the exclusive or of the hashes of some rows: those of one table that belong to one resource, to one name,
or all of them. A writer's triggers update it with each row that is added, changed or deleted, so a commit reads nothing
else. Damage stays visible after any commit: the hash of a damaged row isn't the one that the checksum contains, so
deleting the row doesn't cancel it. This guards against faults, not against forgery.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from seekpoint.index.sql.port import SCRIPT as SHARED
from seekpoint.index.sql.port import parents_of

SCRIPT = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
"""The tables beside those that both backends have."""

DERIVED = ("chunk", "vector", "piece_block")
"""The tables of a resource that its transcripts give again."""

CONTENT = ("transcript", "cue_block", *DERIVED)
"""The tables of a resource whose rows are only replaced together."""

PARENTS = parents_of(f"{SHARED}{SCRIPT}")
"""The tables whose rows belong to a resource, parents first: the column that refers to the parent table."""

OF_RESOURCES = ("resource", *PARENTS)
"""The tables whose rows belong to a resource."""

KEPT_KEY = "{0}.resource_id || ' ' || {0}.place"
"""The owner of a kept moment's row, in SQL: itself, so that damage costs no other."""

# The plus has SQLite read the names of all settings. A search would read the values that it passes, of any length.
_NAMED = {"resource": "{}.id", "language": "{}.name", "setting": "+{}.name"}
_KEYS = {**_NAMED, "term": "''", "translation": "''", "kept": KEPT_KEY}
TABLES = (*_KEYS, *PARENTS)
"""All tables but that of the checksums."""

_FUNCTION = "row_hash"
# SQLite has no exclusive or.
_ADD = """INSERT INTO checksum SELECT '{table}', {key}, {hash} WHERE true
          ON CONFLICT DO UPDATE SET sum = (sum | excluded.sum) - (sum & excluded.sum);"""
_FORGET = "DELETE FROM checksum WHERE key = old.{column} AND table_name IN {tables};"


class Fault(NamedTuple):
    """The rows of a table that aren't what was written, by what they belong to: a resource's id, a name, or nothing."""

    table: str
    key: bytes


def keep(connection: sqlite3.Connection) -> None:
    """Update the checksums with each change that this connection makes."""
    connection.create_function(_FUNCTION, -1, _row_hash, deterministic=True)
    connection.execute("PRAGMA recursive_triggers = ON")  # or REPLACE would delete rows without a trigger
    for table in TABLES:
        added, gone = _added(connection, table, "new"), _added(connection, table, "old")
        is_content = table in CONTENT
        bodies = {"INSERT": added, "UPDATE": gone + added, "DELETE": "" if is_content else gone}
        if table == "transcript":
            bodies["DELETE"] = _FORGET.format(column="resource_id", tables=CONTENT)
        if table == "resource":
            bodies["DELETE"] = _FORGET.format(column="id", tables=OF_RESOURCES)
        for event, body in bodies.items():
            if body:
                connection.execute(
                    f"CREATE TEMP TRIGGER {table}_{event} AFTER {event} ON main.{table} BEGIN {body} END"
                )


def faults(connection: sqlite3.Connection) -> list[Fault]:
    """Read all rows and compare them with the checksums; raises sqlite3.Error if rows can't be read."""
    sums = defaultdict[Fault, int](int)
    for table, key, value in connection.execute("SELECT table_name, CAST(key AS BLOB), sum FROM checksum"):
        sums[Fault(table, key)] = value
    for table in TABLES:
        rows = f"SELECT CAST({_key(table, 'row')} AS BLOB), {_values(connection, table, 'row')} FROM {table} AS row"
        for key, *values in connection.execute(rows):
            sums[Fault(table, key)] ^= _row_hash(*values)
    return sorted(fault for fault, difference in sums.items() if difference)


def are_whole(connection: sqlite3.Connection, key: str, tables: Collection[str]) -> bool:
    """Whether the rows of some tables that belong to a resource, or to a name, match their checksums."""
    for table in tables:
        rows = f"SELECT {_values(connection, table, 'row')} FROM {table} AS row WHERE {_belongs(table)}"
        query = "SELECT sum FROM checksum WHERE table_name = ? AND key = ?"
        total = sum(value for (value,) in connection.execute(query, (table, key)))
        for values in connection.execute(rows, (key,)):
            total ^= _row_hash(*values)
        if total:
            return False
    return True


def forget(connection: sqlite3.Connection, table: str, key: bytes | None = None) -> None:
    """Delete the checksum of rows that were deleted while they were damaged; without a key, all of a table."""
    connection.execute(
        "DELETE FROM checksum WHERE table_name = ? AND key = coalesce(CAST(? AS TEXT), key)", (table, key)
    )


def _row_hash(*values: bytes | float | None) -> int:
    sizes = [len(value) if isinstance(value, bytes) else value for value in values]
    data = b"".join([repr(sizes).encode(), *(value for value in values if isinstance(value, bytes))])
    return int.from_bytes(blake2b(data, digest_size=8).digest(), signed=True)


def _added(connection: sqlite3.Connection, table: str, row: str) -> str:
    values = _values(connection, table, row)
    return _ADD.format(table=table, key=_key(table, row), hash=f"{_FUNCTION}({values})")


def _values(connection: sqlite3.Connection, table: str, row: str) -> str:
    """The values that are hashed: text as bytes, since damaged text may not be UTF-8; 0.0 for -0.0, as it is stored."""
    forms: dict[str, Callable[[str], str]] = {"TEXT": "CAST({} AS BLOB)".format, "REAL": "{} + 0.0".format}
    columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
    return ", ".join(forms.get(kind, str)(f"{row}.{name}") for name, kind in columns)


def _key(table: str, row: str) -> str:
    """The owner of a row."""
    if table in _KEYS:
        return _KEYS[table].format(row)
    column, parent = PARENTS[table]
    if parent == "resource":
        return f"{row}.{column}"
    return f"coalesce((SELECT {_key(parent, parent)} FROM {parent} WHERE {parent}.id = {row}.{column}), '')"


def _belongs(table: str) -> str:
    """The condition for the rows that belong to one key."""
    if table in _KEYS:
        return f"{_key(table, 'row')} = ?"
    column, parent = PARENTS[table]
    return (
        f"{column} = ?" if parent == "resource" else f"{column} IN (SELECT id FROM {parent} WHERE {_belongs(parent)})"
    )
