"""All that a library stores of its chunks, for benchmarks that do the same with other means."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.embedded import database, transcripts
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.sql.piece_blocks import unpack_int8

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors


def stored_chunks(folder: Path) -> tuple[list[tuple[str, float, str]], Vectors]:
    """Each chunk as (resource id, start, text), and the vectors as they were embedded, a row a chunk."""
    connection = sqlite3.connect(f"{(folder / database.FILE).resolve().as_uri()}?mode=ro", uri=True)
    chunks = list(chunk_texts(connection))
    data = [data for (data,) in connection.execute("SELECT data FROM vector ORDER BY chunk_id")]
    connection.close()
    return chunks, unpack_int8(data, Manifest.load(folder).model.dimension)


def chunk_texts(connection: sqlite3.Connection) -> Iterator[tuple[str, float, str]]:
    """Each chunk as (resource id, start, text)."""
    rows = connection.execute(
        """SELECT transcript_id, first, stop, resource_id, start
           FROM chunk JOIN transcript ON transcript.id = transcript_id ORDER BY chunk.id"""
    )
    for transcript_id, first, stop, resource_id, start in rows:
        yield (
            resource_id,
            start,
            " ".join(cue.text for cue in transcripts.read_cues(connection, transcript_id, first, stop)),
        )
