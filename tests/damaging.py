"""Damage to a library's files that leaves their times of change as they were, as a failing disk does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from seekpoint.index.embedded import database
from seekpoint.index.embedded.reader import EmbeddedReader
from tests.index.libraries import stored_terms

PAGE = 4096
_CHUNKS = """SELECT resource_id, language, first, stop, start, end, is_reference, digest, data
             FROM vector JOIN chunk ON chunk.id = chunk_id JOIN transcript ON transcript.id = transcript_id
             ORDER BY resource_id, language, start, first"""
_PIECES = """SELECT resource_id, language, start, data
             FROM piece_block JOIN transcript ON transcript.id = transcript_id ORDER BY resource_id, language, start"""


@contextmanager
def unnoticed(file: Path) -> Iterator[None]:
    """Keep the file's times, whatever the block does to it."""
    stat = file.stat()
    yield
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def change_bytes(file: Path, change: Callable[[bytearray], object]) -> None:
    """Change a file's bytes in place."""
    data = bytearray(file.read_bytes())
    change(data)
    with unnoticed(file):
        file.write_bytes(data)


def flip_bit(file: Path, offset: int, bit: int = 0) -> None:
    """Flip a bit of a file."""

    def flip(data: bytearray) -> None:
        data[offset] ^= 1 << bit

    change_bytes(file, flip)


def replace_page(file: Path, page: int, content: bytes) -> None:
    """Replace a page of a database, counted from 0."""
    change_bytes(file, lambda data: data.__setitem__(slice(PAGE * page, PAGE * (page + 1)), content))


def change_rows(folder: Path, *statements: str) -> None:
    """Change rows of a library's database without its checksums."""
    file = folder / database.FILE
    with unnoticed(file), closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def contents(folder: Path) -> dict[str, object]:
    """All that a library holds, whatever ids its chunks have."""
    with EmbeddedReader.open(folder) as library:
        resources = {status.id: status for status in library.statuses()}
        return {
            "resources": resources,
            "details": library.details(list(resources)),
            "inputs": library.standings(),
            "sections": library.sections(),
            "playlists": library.playlists(),
            "transcripts": {one: library.transcripts(one) for one in resources},
            "chunks": _rows(library, _CHUNKS),
            "pieces": _rows(library, _PIECES),
            "names": _rows(library, "SELECT * FROM name ORDER BY key, resource_id, terms"),
            "languages": _rows(library, "SELECT * FROM language ORDER BY name"),
            "translations": _rows(library, "SELECT * FROM translation ORDER BY source, word, target"),
            "terms": stored_terms(folder),
            "model": library.card,
        }


def _rows(library: EmbeddedReader, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in library._connection.execute(query)]
