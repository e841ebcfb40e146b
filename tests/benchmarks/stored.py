"""All that a library stores of its chunks, for benchmarks that do the same with other means."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from index import database
from index.manifest import Manifest
from index.packing import unpack

if TYPE_CHECKING:
    from index.types import Vectors


def stored_chunks(folder: Path) -> tuple[list[tuple[str, float, str]], Vectors]:
    """Each chunk as (resource id, start, text), and the vectors as they were embedded, a row a chunk."""
    connection = sqlite3.connect(f"{(folder / database.FILE).resolve().as_uri()}?mode=ro", uri=True)
    rows = connection.execute(
        """SELECT chunk.id, resource_id, chunk.start, data, cue.text
           FROM chunk JOIN transcript ON transcript.id = chunk.transcript_id JOIN vector ON chunk_id = chunk.id
           JOIN cue ON cue.transcript_id = chunk.transcript_id AND position >= first AND position < stop
           ORDER BY chunk.id, position"""
    )
    chunks, data = [], []
    for _, members in groupby(rows, key=lambda row: row[0]):
        cues = list(members)
        chunks.append((cues[0][1], cues[0][2], " ".join(cue[4] for cue in cues)))
        data.append(cues[0][3])
    connection.close()
    return chunks, unpack(data, Manifest.load(folder).model.dimension)
