"""Damage to a library's files that leaves their times of change as they were, as a failing disk does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from seekpoint.index.embedded import database

PAGE = 4096


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


def change_rows(folder: Path, *statements: str) -> None:
    """Change rows of a library's database without its checksums."""
    file = folder / database.FILE
    with unnoticed(file), closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
