"""Posting lists as schema 8 had them: with a head of thirteen bytes, the first id in it, and a byte for each count."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from index import postings
from index.posting_lists import LAYOUT, Layout, Lists, largest, require, starts_of
from index.schema import FIRST_WITH_SEGMENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.posting_lists import Gap

_HEAD = np.dtype([("kind", "u1"), ("number", "<u4"), ("first", "<i8")])
_GAPS: list[Gap] = [np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")]
_WITH_COUNTS = 4
_SOME = "SELECT term, chunks, data FROM posting WHERE segment = ? AND term > ? ORDER BY term LIMIT ?"
_ROWS = 1024


@contextmanager
def together(connection: sqlite3.Connection) -> Iterator[None]:
    """Let what is written in the block stand as in schema 8, with long lists beside the short ones."""
    connection.execute("CREATE TEMP TABLE long_posting (segment, term, data)")
    yield
    connection.execute(
        """UPDATE posting SET data = long.data FROM temp.long_posting AS long
           WHERE long.segment = posting.segment AND long.term = posting.term"""
    )
    connection.execute("DROP TABLE temp.long_posting")


def convert(connection: sqlite3.Connection, version: int) -> None:
    """Store the lists of schema 8 as they are now, in a library that was of a version; in the caller's transaction.

    Raises sqlite3.DatabaseError for what isn't as that wrote it.
    """
    try:
        _convert(connection, version)
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from error


def _convert(connection: sqlite3.Connection, version: int) -> None:
    read = _decode if version == FIRST_WITH_SEGMENTS else LAYOUT.decode  # of earlier ones they were just written
    for segment, first, stop in connection.execute("SELECT id, first, stop FROM posting_segment").fetchall():
        after = ""
        while rows := connection.execute(_SOME, (segment, after, _ROWS)).fetchall():
            after = rows[-1][0]
            sizes = np.array([chunks for _, chunks, _ in rows], np.int64)
            lists = read([data for *_, data in rows], sizes, np.full(len(rows), first), np.full(len(rows), stop))
            connection.execute(
                "DELETE FROM posting WHERE segment = ? AND term BETWEEN ? AND ?", (segment, rows[0][0], after)
            )
            postings.write(connection, segment, first, [term for term, *_ in rows], lists)


def _decode(
    blobs: Sequence[bytes], sizes: NDArray[np.int64], firsts: NDArray[np.int64], stops: NDArray[np.int64]
) -> Lists:
    """As `index.posting_lists.decode`; raises ValueError for what wasn't written so."""
    lengths = np.fromiter(map(len, blobs), np.int64, len(blobs)) - _HEAD.itemsize
    require(bool((lengths >= 0).all()))
    heads = np.frombuffer(b"".join([blob[: _HEAD.itemsize] for blob in blobs]), _HEAD)
    require(bool((heads["number"] == sizes).all()))
    kinds, has_counts = heads["kind"] % _WITH_COUNTS, heads["kind"] >= _WITH_COUNTS
    gap_bytes = lengths - np.where(has_counts, sizes, 0)
    require(bool(((heads["kind"] < 2 * _WITH_COUNTS) & (kinds < len(_GAPS))).all()))
    require(bool(((sizes > 0) & (sizes - 1 <= gap_bytes >> kinds) & (gap_bytes % (1 << kinds) == 0)).all()))
    require(bool((heads["first"] >= firsts).all()) and bool((heads["first"] < stops).all()))
    ids = np.repeat(heads["first"].astype(np.int64), sizes)
    is_gap = np.ones(len(ids), bool)
    is_gap[starts_of(sizes)] = False
    for kind, dtype in enumerate(_GAPS):
        chosen = np.flatnonzero((kinds == kind) & (gap_bytes > 0))
        if len(chosen):
            ends = (gap_bytes[chosen] + _HEAD.itemsize).tolist()
            pieces = [blobs[place][_HEAD.itemsize : end] for place, end in zip(chosen.tolist(), ends, strict=True)]
            stream = np.frombuffer(b"".join(pieces), dtype)
            offsets = _offsets(stream, gap_bytes[chosen] >> kind, sizes[chosen] - 1)
            ids[np.repeat(kinds == kind, sizes) & is_gap] += offsets
    require(bool(((ids[1:] > ids[:-1]) | ~is_gap[1:]).all()))
    require(bool((ids[starts_of(sizes) + sizes - 1] < stops).all()))
    counts = np.ones(len(ids), np.uint8)
    tails = [blobs[place][-size:] for place, size in enumerate(sizes.tolist()) if has_counts[place]]
    counts[np.repeat(has_counts, sizes)] = np.frombuffer(b"".join(tails), np.uint8)
    require(bool(counts.all()))
    return Lists(sizes, ids, counts)


def _offsets(
    stream: NDArray[np.unsignedinteger], entries: NDArray[np.int64], numbers: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How far each id is from the first of its list, which isn't itself in the stream."""
    starts = starts_of(entries)
    is_last = stream != largest(stream.dtype)
    require(bool((np.add.reduceat(is_last, starts, dtype=np.int64) == numbers).all()))
    reached = np.cumsum(stream, dtype=np.int64)
    offsets: NDArray[np.int64] = reached[is_last] - np.repeat(reached[starts] - stream[starts], numbers)
    return offsets


OLDER = Layout(
    _decode,
    "SELECT term, chunks, data FROM posting WHERE segment = ? ORDER BY term",
    "SELECT 1 FROM posting WHERE segment NOT IN (SELECT id FROM posting_segment) LIMIT 1",
)
