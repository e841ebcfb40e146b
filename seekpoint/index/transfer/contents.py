"""The size of an exported or imported library, in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from seekpoint.index.embedded.database import library_errors
from seekpoint.index.file_types import is_openable
from seekpoint.index.transfer.inspection import open_immutable
from seekpoint.index.types import ModelCard


class Contents(NamedTuple):
    """Numbers of an exported or imported library; `size` is the size of the file in bytes.

    `unopened` are the addresses that `is_openable` refuses, `sources` the lists that name its resources. `added` and
    `moments` are the files and the kept moments that an import took over from the library that it replaced; `None` for
    moments that can't be read.
    """

    resources: int
    chunks: int
    size: int
    card: ModelCard
    unopened: tuple[str, ...]
    sources: tuple[str, ...]
    added: int = 0
    moments: int | None = 0


def contents_of(folder: Path, file: Path, card: ModelCard) -> Contents:
    """Count the resources and chunks of the library in a folder; `file` is its export. Raises LibraryError."""
    with library_errors(folder), open_immutable(folder) as connection:
        resources, chunks = connection.execute(
            "SELECT (SELECT count(*) FROM resource), (SELECT count(*) FROM chunk)"
        ).fetchone()
        urls = sorted(url for (url,) in connection.execute("SELECT url FROM resource"))
        sources = connection.execute("SELECT DISTINCT source FROM listing WHERE listed ORDER BY source").fetchall()
    unopened = tuple(url for url in urls if not is_openable(url))
    return Contents(resources, chunks, file.stat().st_size, card, unopened, tuple(source for (source,) in sources))
