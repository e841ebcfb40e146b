"""Reading the posting lists of a library from its segments, with a cache for the following questions.

Chunks are identified by place: their index among the ids that the segments span, one segment after another. Unlike ids,
places have no large gaps, so that arrays can be indexed by them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seekpoint.index.embedded.database import FILE, damaged, library_errors
from seekpoint.index.embedded.words.accumulators import Postings
from seekpoint.index.embedded.words.id_spans import LENGTH, check_span, mask
from seekpoint.index.embedded.words.list_cache import ListCache
from seekpoint.index.embedded.words.posting_lists import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.chunk_ranges import Ranges

# The most terms with cached document frequencies, and the most with cached parts, which don't include long lists.
_MOST_COUNTED, _MOST_SHORT_PARTS = 1 << 16, 1024
_SEGMENTS = "SELECT id, first, stop, chunks, length(lengths) FROM posting_segment ORDER BY first"
# CROSS JOIN fixes the join order in SQLite: there are fewer terms and segments than lists.
_POSTINGS = """
    SELECT word.key, part.key, chunks, data FROM json_each(?) AS word CROSS JOIN json_each(?) AS part
    CROSS JOIN posting ON segment = part.value AND term = word.value"""
_LONG = """
    SELECT one.key, data FROM json_each(?) AS one
    CROSS JOIN long_posting ON segment = one.value ->> 0 AND term = one.value ->> 1"""


class _Segment(NamedTuple):
    """A segment. A chunk's place is its id + `shift`; `is_whole` tells that none of its chunks has been removed."""

    id: int
    first: int
    stop: int
    shift: int
    is_whole: bool


class _Part(NamedTuple):
    """A term's posting list in one segment, by the segment's index; `data` is empty while a long list isn't read."""

    segment: int
    chunks: int
    data: bytes


class PostingReader:
    """Reads posting lists without removed chunks, in one snapshot of the database; threads may share it."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, alive: Ranges) -> None:
        self._folder = folder
        self._connection = connection
        self._alive = alive
        self._cache = ListCache[str]()
        self._frequencies: dict[str, int] = {}
        self._short_parts: dict[str, list[_Part]] = {}

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """The document frequency of each term; terms that no chunk has are left out."""
        requested = list(dict.fromkeys(terms))
        cache = self._frequencies
        frequencies = {term: cache[term] for term in requested if term in cache}
        if missing := [term for term in requested if term not in frequencies]:
            frequencies |= self._count(missing)
            if len(cache) > _MOST_COUNTED:
                cache.clear()
            cache.update(frequencies)
        return {term: frequencies[term] for term in requested if frequencies[term]}

    def lists(self, terms: Iterable[str]) -> dict[str, Postings]:
        """The posting list of each term: the places of chunks, and how often they have the term."""
        requested = list(dict.fromkeys(terms))
        lists = self._cache.get(requested)
        if missing := [term for term in requested if term not in lists]:
            lists |= self._read(missing)
        return {term: lists[term] for term in requested}

    # Places

    @cached_property
    def span(self) -> int:
        """The number of places."""
        return sum(segment.stop - segment.first for segment in self._segments)

    @cached_property
    def lengths(self) -> NDArray[np.uint16]:
        """The length of the chunk at each place, in terms; 0 where there is no chunk."""
        blobs = [blob for (blob,) in self._query("SELECT lengths FROM posting_segment ORDER BY first")]
        lengths = np.frombuffer(b"".join(blobs), LENGTH)
        return lengths if self._living is None else lengths * self._living

    def mask(self, keep: Ranges) -> NDArray[np.bool_]:
        """Whether the chunk at each place is in `keep`."""
        masks = (mask(keep, segment.first, segment.stop) for segment in self._segments)
        return np.concatenate([np.empty(0, bool), *masks])

    def ids(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids of the chunks at ascending places."""
        if len({segment.shift for segment in self._segments}) == 1:  # no gaps between the segments
            return places - self._segments[0].shift
        bounds = np.searchsorted(places, [segment.first + segment.shift for segment in self._segments])
        shifts = np.array([segment.shift for segment in self._segments], np.int64)
        ids: NDArray[np.int64] = places - np.repeat(shifts, np.diff(np.append(bounds, len(places))))
        return ids

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of chunks by id; -1 for an id in no segment."""
        spans = np.vstack([[[0, 0, 0]], self._spans])
        _, stop, shift = spans[np.searchsorted(spans[1:, 0], ids, "right")].T
        places: NDArray[np.int64] = np.where(ids < stop, ids + shift, -1)
        return places

    @cached_property
    def _segments(self) -> list[_Segment]:
        segments, places = [], 0
        with self._damage_reported():
            for segment_id, first, stop, chunks, size in self._query(_SEGMENTS):
                check_span(first, stop, size)
                is_whole = len(self._alive.within(first, stop)) == chunks
                segments.append(_Segment(segment_id, first, stop, places - first, is_whole))
                places += stop - first
        return segments

    @cached_property
    def _spans(self) -> NDArray[np.int64]:
        """A row of (first, stop, shift) for each segment."""
        rows = [(segment.first, segment.stop, segment.shift) for segment in self._segments]
        return np.array(rows, np.int64).reshape(-1, 3)

    @cached_property
    def _living(self) -> NDArray[np.bool_] | None:
        """Whether the chunk at each place still exists; `None` if all do."""
        return None if all(segment.is_whole for segment in self._segments) else self.mask(self._alive)

    # Reading

    def _count(self, terms: Sequence[str]) -> dict[str, int]:
        """The document frequency of each term. The rows that were read are cached for `_read`."""
        parts = self._parts(terms)
        if len(self._short_parts) > _MOST_SHORT_PARTS:
            self._short_parts.clear()
        self._short_parts.update(parts)
        if self._living is None:
            return {term: sum(part.chunks for part in term_parts) for term, term_parts in parts.items()}
        segments = self._segments
        self._read_long(parts, lambda index: not segments[index].is_whole)
        partial = [
            [part for part in term_parts if not segments[part.segment].is_whole] for term_parts in parts.values()
        ]
        rest = [len(postings.chunks) for postings in self._decoded_parts(partial)]
        whole = [
            sum(part.chunks for part in term_parts if segments[part.segment].is_whole) for term_parts in parts.values()
        ]
        return dict(zip(parts, map(add, whole, rest), strict=True))

    def _parts(self, terms: Sequence[str]) -> dict[str, list[_Part]]:
        """The parts of each term's list, in the order of the segments, without the data of long lists."""
        ids = [segment.id for segment in self._segments]
        parts: dict[str, list[_Part]] = {term: [] for term in terms}
        if terms:
            for word, *part in self._query(_POSTINGS, json.dumps(terms), json.dumps(ids)):
                parts[terms[word]].append(_Part(*part))
        return parts

    def _read_long(self, parts: dict[str, list[_Part]], is_needed: Callable[[int], bool]) -> None:
        """Read the data of long lists into the parts, for the segments whose indices are needed."""
        missing = [
            (term, k)
            for term, term_parts in parts.items()
            for k, part in enumerate(term_parts)
            if not part.data and is_needed(part.segment)
        ]
        if missing:
            keys = [(self._segments[parts[term][k].segment].id, term) for term, k in missing]
            for row, data in self._query(_LONG, json.dumps(keys)):
                term, k = missing[row]
                parts[term][k] = parts[term][k]._replace(data=data)

    def _read(self, terms: Sequence[str]) -> dict[str, Postings]:
        """The posting lists of terms, which are then cached."""
        cached = {term: known for term in terms if (known := self._short_parts.pop(term, None)) is not None}
        parts = cached | self._parts([term for term in terms if term not in cached])
        self._read_long(parts, lambda _: True)
        lists = dict(zip(parts, self._decoded_parts(list(parts.values())), strict=True))
        self._cache.put(lists)
        return lists

    def _decoded_parts(self, terms: Sequence[Sequence[_Part]]) -> list[Postings]:
        """The list of each term, from its parts; the parts of all terms are decoded together."""
        parts = [part for term_parts in terms for part in term_parts]
        if not parts:
            return [Postings.none() for _ in terms]
        spans = self._spans[[part.segment for part in parts]]
        sizes = np.array([part.chunks for part in parts], np.int64)
        with self._damage_reported():
            lists = decode([part.data for part in parts], sizes, spans[:, 0], spans[:, 1])
        places, counts = lists.ids + np.repeat(spans[:, 2], sizes), lists.counts.astype(np.float32)
        bounds = np.append(0, np.cumsum(sizes))[np.cumsum([0, *map(len, terms)])]
        if self._living is not None:
            kept = np.flatnonzero(self._living[places])
            places, counts, bounds = places[kept], counts[kept], np.searchsorted(kept, bounds)
        # Copies, because a cached view would keep the arrays of all lists in memory.
        return [Postings(places[a:b].copy(), counts[a:b].copy()) for a, b in pairwise(bounds.tolist())]

    def _query(self, sql: str, *values: object) -> list[Any]:
        with library_errors(self._folder):
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise damaged(self._folder, f"in {FILE}, {error}") from error
