"""The terms of chunks in the database: reading them back, and deleting those that no chunk has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.sql.term_counts import MOST_COUNT, MOST_LENGTH, TermCounts, decode_counts

_BATCH_ROWS = 4096


def terms_of(connection: sqlite3.Connection, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, list[str]]]:
    """The id and the terms of each chunk with an id in one of the half-open spans, each term as often as it occurs.

    The order of terms is that of their numbers. Raises ValueError for damaged terms.
    """
    words = dict(connection.execute("SELECT number, text FROM term").fetchall())
    for first, stop in spans:
        rows = connection.execute("SELECT id, terms FROM chunk WHERE id >= ? AND id < ? ORDER BY id", (first, stop))
        while batch := list(islice(rows, _BATCH_ROWS)):
            stored = decode_counts([row[1] for row in batch])
            numbers, counts, stops = stored.numbers.tolist(), stored.counts.tolist(), np.cumsum(stored.sizes)
            bounds = zip((stops - stored.sizes).tolist(), stops.tolist(), strict=True)
            for (chunk_id, _), (start, end) in zip(batch, bounds, strict=True):
                pairs = zip(numbers[start:end], counts[start:end], strict=True)
                try:
                    yield chunk_id, [word for number, count in pairs for word in [words[number]] * count]
                except KeyError:
                    raise ValueError("a chunk has a term without a text") from None


def delete_unused(connection: sqlite3.Connection) -> None:
    """Delete the terms that no chunk has; within the caller's transaction."""
    numbers = _all_numbers(connection)
    is_used = np.zeros(len(numbers), bool)
    for stored in _batches(connection):
        is_used |= np.isin(numbers, stored.numbers)
    connection.executemany("DELETE FROM term WHERE number = ?", [(number,) for number in numbers[~is_used].tolist()])


def check(connection: sqlite3.Connection) -> None:
    """Read the terms of all chunks; raises ValueError for what builds can't have written."""
    numbers = _all_numbers(connection)
    for stored in _batches(connection):
        if not np.isin(stored.numbers, numbers).all():
            raise ValueError("a chunk has a term without a text")
        rows = np.repeat(np.arange(len(stored.sizes)), stored.sizes)
        totals = np.bincount(rows, stored.counts, len(stored.sizes))
        capped = np.bincount(rows, stored.counts == MOST_COUNT, len(stored.sizes)) > 0
        differ = np.where(capped, totals > stored.lengths, totals != stored.lengths)
        if (differ & (stored.lengths < MOST_LENGTH)).any():
            raise ValueError("a chunk has more or fewer terms than it is long")


def _all_numbers(connection: sqlite3.Connection) -> NDArray[np.int64]:
    return np.array([number for (number,) in connection.execute("SELECT number FROM term")], np.int64)


def _batches(connection: sqlite3.Connection) -> Iterator[TermCounts]:
    rows = connection.execute("SELECT terms FROM chunk ORDER BY id")
    while batch := list(islice(rows, _BATCH_ROWS)):
        yield decode_counts([terms for (terms,) in batch])
