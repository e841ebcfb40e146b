"""Damage to a library's files that leaves their times of change as they were, as a failing disk does."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from seekpoint.index.embedded import database
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from tests.index.libraries import stored_terms

PAGE = 4096
_QUERIES = {
    "chunks": """SELECT resource_id, language, first, stop, start, end, is_reference, digest, data
                 FROM vector JOIN chunk ON chunk.id = chunk_id JOIN transcript ON transcript.id = transcript_id
                 ORDER BY resource_id, language, start, first""",
    "pieces": """SELECT resource_id, language, start, data FROM piece_block
                 JOIN transcript ON transcript.id = transcript_id ORDER BY resource_id, language, start""",
    "names": "SELECT * FROM name ORDER BY key, resource_id, terms",
    "languages": "SELECT * FROM language ORDER BY name",
    "translations": "SELECT * FROM translation ORDER BY source, word, target",
}


@contextmanager
def unnoticed(file: Path) -> Iterator[None]:
    stat = file.stat()
    yield
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def change_bytes(file: Path, change: Callable[[bytearray], object]) -> None:
    data = bytearray(file.read_bytes())
    change(data)
    with unnoticed(file):
        file.write_bytes(data)


def flip_bit(file: Path, offset: int, bit: int = 0) -> None:
    change_bytes(file, lambda data: data.__setitem__(offset, data[offset] ^ 1 << bit))


def replace_page(file: Path, page: int, content: bytes) -> None:
    """Replace a page of a database, counted from 0."""
    change_bytes(file, lambda data: data.__setitem__(slice(PAGE * page, PAGE * (page + 1)), content))


def change_rows(folder: Path, *statements: str | tuple[str, Sequence[object]]) -> None:
    """Change rows of a library's database without its checksums."""
    file = folder / database.FILE
    with unnoticed(file), closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(*([statement] if isinstance(statement, str) else statement))


def bits(file: Path, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 8))):
        flip_bit(file, chance.randrange(file.stat().st_size), chance.randrange(8))


def some_bytes(file: Path, chance: random.Random) -> None:
    start, junk = chance.randrange(file.stat().st_size), chance.randbytes(chance.choice((1, 4, 64, 700)))
    change_bytes(file, lambda data: data.__setitem__(slice(start, start + len(junk)), junk[: len(data) - start]))


def page(file: Path, chance: random.Random) -> None:
    data = file.read_bytes()
    pages = max(1, len(data) // PAGE)
    number, other = chance.randrange(pages), chance.randrange(pages)
    content = chance.choice((bytes(PAGE), chance.randbytes(PAGE), data[PAGE * other : PAGE * (other + 1)]))
    replace_page(file, number, content[: len(data) - PAGE * number])


def end(file: Path, chance: random.Random) -> None:
    size = chance.randrange(file.stat().st_size)
    change_bytes(file, lambda data: data.__delitem__(slice(size, None)))


def row(file: Path, chance: random.Random) -> None:
    """A value in a row of the database is another, in a way that SQLite doesn't see."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        table = chance.choice([one for one in tables if connection.execute(f"SELECT 1 FROM {one}").fetchone()])
        columns = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
        values = chance.choice(connection.execute(f"SELECT * FROM {table}").fetchall())
    position = chance.randrange(len(columns))
    keys = " AND ".join(f"{column} IS ?" for column in columns)
    change = f"UPDATE OR IGNORE {table} SET {columns[position]} = ? WHERE {keys}"
    change_rows(file.parent, (change, (_other(values[position], chance), *values)))


def _other(value: object, chance: random.Random) -> object:
    if isinstance(value, str):
        position = chance.randrange(len(value) + 1)
        other = chance.choice(("", "x", "讲", "\0", "\x1b[31m", "[", '"', "9", "-"))
        return value[:position] + other + value[position + 1 :]
    if isinstance(value, bytes):
        data = bytearray(value or b"\0")
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(data if chance.random() < 0.8 else data[: chance.randrange(len(data))])
    if isinstance(value, float):
        scaled = value * 2.0 ** chance.randrange(-60, 60)
        return chance.choice((-value, value + 1, 1e300, -1e300, float("inf"), scaled))
    return chance.choice(((value if isinstance(value, int) else 0) ^ 1 << chance.randrange(62), -1, 0, (1 << 62) + 1))


KINDS: Sequence[Callable[[Path, random.Random], None]] = (bits, some_bytes, page, end, row)


def damage(folder: Path, chance: random.Random) -> str:
    """Damage a file of a library, the database half of the time; returns what was done to which."""
    kind = chance.choice(KINDS)
    others = [file for file in folder.rglob("*") if file.is_file() and file.stat().st_size]
    others = sorted(file for file in others if file.suffix != ".lock" and file.name != database.FILE)
    file = folder / database.FILE if kind is row or chance.random() < 0.5 else chance.choice(others)
    kind(file, chance)
    name = file.name if file.parent == folder else f"words/{file.suffix[1:] or file.name}"
    return f"{name}: {kind.__name__}"


def contents(folder: Path) -> dict[str, object]:
    """All that a library holds, whatever ids its chunks have; but for when resources were added, which damage loses."""
    with EmbeddedReader.open(folder) as library:
        rows = {name: [tuple(row) for row in library._connection.execute(query)] for name, query in _QUERIES.items()}
        resources = {status.id: replace(status, added=None) for status in library.statuses()}
        return rows | {
            "resources": resources,
            "inputs": library.standings(),
            "sections": library.sections(),
            "playlists": library.playlists(),
            "transcripts": {one: library.transcripts(one) for one in resources},
            "terms": stored_terms(folder),
            "model": library.card,
        }
