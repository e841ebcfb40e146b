"""What the vectors of each language add up to, kept up by each change: its means needn't be taken of all of them anew.

The sums are exact, see packing.py: they are the same whatever was added and taken away, and in whatever order.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.embedded.pieces.quantisation import of_transcript
from seekpoint.index.embedded.vectors.centring import WINDOWS_A_CHUNK, tempered, windows
from seekpoint.index.embedded.vectors.int8 import unpack
from seekpoint.index.models.background_mean import background
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import ModelCard, Pieces

if TYPE_CHECKING:
    from seekpoint.index.embedded.vectors.centring import Sums
    from seekpoint.index.types import Vectors


class Means(NamedTuple):
    """The mean vector of each language's chunks and of its windows, by primary subtag."""

    chunks: dict[str, Vectors]
    windows: dict[str, Vectors]


class _Total(NamedTuple):
    chunks: int
    total: Sums
    windows: int
    window_total: Sums


def means(connection: sqlite3.Connection, model: str) -> Means:
    """The means of what a library holds."""
    totals = {row["name"]: _total(row) for row in connection.execute("SELECT * FROM language")}
    anywhere = background(model)
    return Means(
        tempered({name: (one.chunks, one.total) for name, one in totals.items()}, anywhere),
        tempered(
            {name: (one.windows, one.window_total) for name, one in totals.items() if one.windows},
            anywhere,
            WINDOWS_A_CHUNK,
        ),
    )


def add(connection: sqlite3.Connection, transcript_id: int, card: ModelCard, sign: int = 1) -> None:
    """Count a transcript that was stored just now, or with a sign of -1 no longer, for it's about to be removed."""
    add_with(connection, transcript_id, of_transcript(connection, transcript_id, card), card, sign)


def add_with(
    connection: sqlite3.Connection, transcript_id: int, pieces: Pieces, card: ModelCard, sign: int = 1
) -> None:
    """Count a transcript that has these pieces."""
    (language,) = connection.execute("SELECT language FROM transcript WHERE id = ?", (transcript_id,)).fetchone()
    change = _of_transcript(connection, transcript_id, pieces, card)
    name = primary(language)
    row = connection.execute("SELECT * FROM language WHERE name = ?", (name,)).fetchone()
    before = _total(row) if row else _Total(0, np.zeros(card.dimension), 0, np.zeros(card.dimension))
    chunks, number = before.chunks + sign * change.chunks, before.windows + sign * change.windows
    total, window_total = before.total + sign * change.total, before.window_total + sign * change.window_total
    if chunks:
        values = (name, chunks, _bytes(total), number, _bytes(window_total))
        connection.execute("REPLACE INTO language VALUES (?, ?, ?, ?, ?)", values)
    else:
        connection.execute("DELETE FROM language WHERE name = ?", (name,))


def _of_transcript(connection: sqlite3.Connection, transcript_id: int, pieces: Pieces, card: ModelCard) -> _Total:
    rows = connection.execute(
        """SELECT data FROM transcript JOIN vector ON chunk_id >= first_chunk AND chunk_id < first_chunk + chunks
           WHERE transcript.id = ?""",
        (transcript_id,),
    ).fetchall()
    vectors = unpack([data for (data,) in rows], card.dimension)
    # Rounded, they add up exactly too.
    of_windows = windows(pieces.starts, pieces.sums).astype(np.float16)
    return _Total(len(rows), _sum(vectors), len(of_windows), _sum(of_windows))


def _sum(rows: Vectors | np.ndarray[tuple[int, int], np.dtype[np.float16]]) -> Sums:
    total: Sums = rows.sum(axis=0, dtype=np.float64)
    return total


def _total(row: sqlite3.Row) -> _Total:
    return _Total(row["chunks"], _numbers(row["total"]), row["windows"], _numbers(row["window_total"]))


def _numbers(data: bytes) -> Sums:
    return np.frombuffer(data, "<f8")


def _bytes(numbers: Sums) -> bytes:
    return np.asarray(numbers, "<f8").tobytes()
