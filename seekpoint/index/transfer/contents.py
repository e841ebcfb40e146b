"""What an exported file holds, in numbers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from seekpoint.index.transfer.inspection import open_immutable
from seekpoint.index.types import ModelCard


class Contents(NamedTuple):
    """What was exported or imported; `size` is that of the file, in bytes."""

    resources: int
    chunks: int
    size: int
    card: ModelCard


def contents_of(folder: Path, file: Path, card: ModelCard) -> Contents:
    """Count what the library in a folder holds, and the size of its file."""
    with open_immutable(folder) as connection:
        resources, chunks = connection.execute(
            "SELECT (SELECT count(*) FROM resource), (SELECT count(*) FROM chunk)"
        ).fetchone()
    return Contents(resources, chunks, file.stat().st_size, card)
