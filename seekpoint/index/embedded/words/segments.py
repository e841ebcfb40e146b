"""Posting lists in the database, in immutable segments, each over a range of chunk ids.

Each commit adds a segment. Segments are merged as merge_policy.py decides, which also drops removed chunks.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from seekpoint.index.embedded.merge_policy import Segment, next_merge, recently_added
from seekpoint.index.embedded.words.id_spans import LENGTH, check_span, mask
from seekpoint.index.embedded.words.posting_lists import MOST_COUNT, Lists, decode, encode, largest, starts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.chunk_ranges import Ranges

# Bytes of lists that are merged at a time.
_BATCH = 1 << 18
# The most segments that are merged at a time.
_WIDEST = 64
# Longer lists, in bytes, are stored in `long_posting` instead of beside their term.
_SHORT = 256
# The lists of a segment; a long list is stored apart.
_ROWS = """
    SELECT posting.term, chunks, coalesce(long_posting.data, posting.data)
    FROM posting LEFT JOIN long_posting
      ON posting.data = x'' AND long_posting.segment = posting.segment AND long_posting.term = posting.term
    WHERE posting.segment = ? ORDER BY posting.term"""
# Lists whose segment or term doesn't exist.
_ORPHANS = """
    SELECT 1 FROM posting WHERE segment NOT IN (SELECT id FROM posting_segment) UNION ALL
    SELECT 1 FROM long_posting
    WHERE (segment, term) NOT IN (SELECT segment, term FROM posting WHERE data = x'') LIMIT 1"""


# A term, the index of its segment among those being merged, the number of its chunks there, and the encoded list.
_Row: TypeAlias = tuple[str, int, int, bytes]


class _Stored(NamedTuple):
    id: int
    first: int
    stop: int
    chunks: int


def append(connection: sqlite3.Connection, first: int, chunks: Sequence[Sequence[str]]) -> None:
    """Store the terms of the chunks `first`, `first` + 1 and so on as a segment; within the caller's transaction."""
    if not chunks:
        return
    lists: dict[str, list[tuple[int, int]]] = {}
    for chunk_id, terms in enumerate(chunks, first):
        for term, count in Counter(terms).items():
            lists.setdefault(term, []).append((chunk_id, min(count, MOST_COUNT)))
    lengths = np.minimum([len(terms) for terms in chunks], largest(LENGTH))
    segment = _add(connection, first, len(chunks), lengths)
    words = sorted(lists)
    if words:
        sizes = np.array([len(lists[word]) for word in words], np.int64)
        table = np.fromiter(chain.from_iterable(chain.from_iterable(lists[word] for word in words)), np.int64)
        write(connection, segment, first, words, Lists(sizes, table[::2], table[1::2].astype(np.uint8)))


def merge_due(connection: sqlite3.Connection, alive: Ranges, added: int = 0) -> None:
    """Merge the segments that are due, dropping chunks that aren't `alive`; within the caller's transaction.

    `added` is given at the end of a build: the number of chunks that the build added.
    """
    latest = _stored(connection)[-_WIDEST:]
    run = latest[recently_added(_counted(latest, alive), added)]
    if len(run) > 1:
        _merge(connection, run, alive)
    stored = _stored(connection)
    while chosen := next_merge(_counted(stored, alive)):
        _merge(connection, stored[chosen], alive)
        stored = _stored(connection)


def _counted(stored: Sequence[_Stored], alive: Ranges) -> list[Segment]:
    return [Segment(*segment[1:], len(alive.within(segment.first, segment.stop))) for segment in stored]


def compact(connection: sqlite3.Connection, alive: Ranges) -> None:
    """Merge everything into one segment without removed chunks; within the caller's transaction."""
    while len(stored := _stored(connection)) > 1 or any(
        segment.chunks > len(alive.within(segment.first, segment.stop)) for segment in stored
    ):
        for start in range(0, len(stored), _WIDEST):
            _merge(connection, stored[start : start + _WIDEST], alive)


def check(connection: sqlite3.Connection) -> None:
    """Read all segments; raises ValueError for anything that `append` and `merge_due` can't have written."""
    stored = _stored(connection)
    if any(segment.stop > following.first for segment, following in pairwise(stored)):
        raise ValueError("segments of posting lists overlap")
    for segment in stored:
        _check_segment(connection, segment)
    if connection.execute(_ORPHANS).fetchone():
        raise ValueError("posting lists belong to no segment, or to no term")


def _check_segment(connection: sqlite3.Connection, segment: _Stored) -> None:
    lengths = _lengths(connection, segment)
    if not np.count_nonzero(lengths) <= segment.chunks <= len(lengths):
        raise ValueError("a segment of posting lists holds more or fewer chunks than it says")
    totals = np.zeros(len(lengths), np.int64)
    is_capped = lengths == largest(LENGTH)
    for _, _, lists in _batches(connection, [segment]):
        places = lists.ids - segment.first
        np.add.at(totals, places, lists.counts)
        is_capped[places[lists.counts == MOST_COUNT]] = True
    if (totals[~is_capped] != lengths[~is_capped]).any():
        raise ValueError("chunks have more or fewer terms in posting lists than they are long")


def _stored(connection: sqlite3.Connection) -> list[_Stored]:
    rows = connection.execute("SELECT id, first, stop, chunks FROM posting_segment ORDER BY first, id")
    return [_Stored(*row) for row in rows]


def _lengths(connection: sqlite3.Connection, segment: _Stored) -> NDArray[np.uint16]:
    (blob,) = connection.execute("SELECT lengths FROM posting_segment WHERE id = ?", (segment.id,)).fetchone()
    check_span(segment.first, segment.stop, len(blob))
    return np.frombuffer(blob, LENGTH)


def _add(connection: sqlite3.Connection, first: int, chunks: int, lengths: NDArray[np.uint16]) -> int:
    row = (first, first + len(lengths), chunks, lengths.astype(LENGTH).tobytes())
    cursor = connection.execute("INSERT INTO posting_segment (first, stop, chunks, lengths) VALUES (?, ?, ?, ?)", row)
    return int(cursor.lastrowid or 0)


def write(connection: sqlite3.Connection, segment: int, first: int, terms: Iterable[str], lists: Lists) -> None:
    """Store the lists of terms in a segment whose first id is `first`; within the caller's transaction."""
    long: list[tuple[int, str, bytes]] = []
    rows: list[tuple[int, str, int, bytes]] = []
    for term, chunks, data in zip(terms, lists.sizes.tolist(), encode(lists, first), strict=True):
        is_long = len(data) > _SHORT
        rows.append((segment, term, chunks, b"" if is_long else data))
        if is_long:
            long.append((segment, term, data))
    connection.executemany("INSERT INTO posting VALUES (?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO long_posting VALUES (?, ?, ?)", long)


def _merge(connection: sqlite3.Connection, run: Sequence[_Stored], alive: Ranges) -> None:
    """Replace neighbouring segments by one, without removed chunks."""
    begin, end = run[0].first, run[-1].stop
    kept = alive.within(begin, end)
    if len(kept):
        lengths = np.zeros(end - begin, np.uint16)
        for segment in run:
            lengths[segment.first - begin : segment.stop - begin] = _lengths(connection, segment)
        is_alive = mask(kept, begin, end)
        first, stop = int(kept.starts[0]), int(kept.stops[-1])
        merged = _add(connection, first, len(kept), (lengths * is_alive)[first - begin : stop - begin])
        for terms, numbers, lists in _batches(connection, run):
            write(connection, merged, first, *_merged_lists(terms, numbers, lists, is_alive[lists.ids - begin]))
            # Right away, so that the next batch reuses their pages and the file hardly grows.
            _drop(connection, run, terms[-1])
    _drop(connection, run)
    connection.executemany("DELETE FROM posting_segment WHERE id = ?", [(segment.id,) for segment in run])


def _drop(connection: sqlite3.Connection, run: Sequence[_Stored], last: str | None = None) -> None:
    """Delete the lists of segments; with `last`, only those of terms up to it."""
    condition, values = ("", ()) if last is None else (" AND term <= ?", (last,))
    for table in ("posting", "long_posting"):
        connection.executemany(
            f"DELETE FROM {table} WHERE segment = ?{condition}", [(segment.id, *values) for segment in run]
        )


def _batches(
    connection: sqlite3.Connection, run: Sequence[_Stored]
) -> Iterator[tuple[list[str], NDArray[np.int64], Lists]]:
    """Batches of terms in order, how many lists each term has, and the decoded lists."""
    streams = [_rows(connection, index, segment.id) for index, segment in enumerate(run)]
    terms: list[str] = []
    numbers: list[int] = []
    rows: list[_Row] = []
    pending = 0
    for term, group in groupby(heapq.merge(*streams), itemgetter(0)):
        term_rows = list(group)
        size = sum(len(row[3]) for row in term_rows)
        if pending and pending + size > _BATCH:
            yield terms, np.array(numbers), _decoded(rows, run)
            terms, numbers, rows, pending = [], [], [], 0
        terms.append(term)
        numbers.append(len(term_rows))
        rows += term_rows
        pending += size
    if rows:
        yield terms, np.array(numbers), _decoded(rows, run)


def _rows(connection: sqlite3.Connection, index: int, segment: int) -> Iterator[_Row]:
    return ((term, index, chunks, data) for term, chunks, data in connection.execute(_ROWS, (segment,)))


def _decoded(rows: Sequence[_Row], run: Sequence[_Stored]) -> Lists:
    table = np.array([(run[index].first, run[index].stop, chunks) for _, index, chunks, _ in rows], np.int64)
    return decode([row[3] for row in rows], table[:, 2], table[:, 0], table[:, 1])


def _merged_lists(
    terms: Sequence[str], numbers: NDArray[np.int64], lists: Lists, is_alive: NDArray[np.bool_]
) -> tuple[Sequence[str], Lists]:
    """One list for each term, without removed chunks; terms whose list would be empty are left out."""
    sizes = np.add.reduceat(lists.sizes, starts_of(numbers))
    if is_alive.all():
        return terms, Lists(sizes, lists.ids, lists.counts)
    sizes = np.add.reduceat(is_alive, starts_of(sizes), dtype=np.int64)
    remaining = [term for term, size in zip(terms, sizes.tolist(), strict=True) if size]
    return remaining, Lists(sizes[sizes > 0], lists.ids[is_alive], lists.counts[is_alive])
