"""The posting lists of a library, read from its segments and kept for the questions to come.

Within, a chunk goes by its place among the ids of all segments, however far apart these are.
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

# Of so many terms at most it's kept how many chunks have them, and where their long lists are.
_MOST_COUNTED, _MOST_BEGUN = 1 << 16, 1024
_SEGMENTS = "SELECT id, first, stop, chunks, length(lengths) FROM posting_segment ORDER BY first"
# In this order, since there are fewer terms and segments than lists.
_POSTINGS = """
    SELECT word.key, part.key, chunks, data FROM json_each(?) AS word CROSS JOIN json_each(?) AS part
    CROSS JOIN posting ON segment = part.value AND term = word.value"""
_LONG = """
    SELECT one.key, data FROM json_each(?) AS one
    CROSS JOIN long_posting ON segment = one.value ->> 0 AND term = one.value ->> 1"""


class _Segment(NamedTuple):
    """A segment: what to add to an id for the chunk's place, and whether all its chunks are alive."""

    id: int
    first: int
    stop: int
    shift: int
    is_whole: bool


class _Part(NamedTuple):
    """What the segment at a place has of a term: in how many chunks, and the list, empty unless it was read."""

    place: int
    chunks: int
    data: bytes


class PostingReader:
    """Terms and the living chunks that have them, in one snapshot of the database; threads may share it."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, alive: Ranges) -> None:
        self._folder = folder
        self._connection = connection
        self._alive = alive
        self._cache = ListCache[str]()
        self._frequencies: dict[str, int] = {}
        self._begun: dict[str, list[_Part]] = {}

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """How many living chunks have each term that any segment has."""
        wanted = list(dict.fromkeys(terms))
        known = self._frequencies
        found = {term: known[term] for term in wanted if term in known}
        if missing := [term for term in wanted if term not in found]:
            found |= self._count(missing)
            if len(known) > _MOST_COUNTED:
                known.clear()
            known.update(found)
        return {term: found[term] for term in wanted if found[term]}

    def lists(self, terms: Iterable[str]) -> dict[str, Postings]:
        """The places of the living chunks that have each term, and how often they have it."""
        wanted = list(dict.fromkeys(terms))
        found = self._cache.get(wanted)
        if missing := [term for term in wanted if term not in found]:
            found |= self._read(missing)
        return {term: found[term] for term in wanted}

    # Places

    @cached_property
    def span(self) -> int:
        """How many places there are."""
        return sum(one.stop - one.first for one in self._segments)

    @cached_property
    def lengths(self) -> NDArray[np.uint16]:
        """How many terms the chunk at each place has; 0 where it's gone."""
        blobs = [blob for (blob,) in self._query("SELECT lengths FROM posting_segment ORDER BY first")]
        lengths = np.frombuffer(b"".join(blobs), LENGTH)
        return lengths if self._living is None else lengths * self._living

    def mask(self, keep: Ranges) -> NDArray[np.bool_]:
        """Whether the chunk at each place is one to keep."""
        return np.concatenate([np.empty(0, bool), *(mask(keep, one.first, one.stop) for one in self._segments)])

    def ids(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The ids of the chunks at ascending places."""
        if len({one.shift for one in self._segments}) == 1:  # as where nothing was taken out
            return places - self._segments[0].shift
        bounds = np.searchsorted(places, [one.first + one.shift for one in self._segments])
        shifts = np.array([one.shift for one in self._segments], np.int64)
        ids: NDArray[np.int64] = places - np.repeat(shifts, np.diff(np.append(bounds, len(places))))
        return ids

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of chunks; -1 where no segment has one."""
        spans = np.vstack([[[0, 0, 0]], self._spans])
        _, stop, shift = spans[np.searchsorted(spans[1:, 0], ids, "right")].T
        places: NDArray[np.int64] = np.where(ids < stop, ids + shift, -1)
        return places

    @cached_property
    def _segments(self) -> list[_Segment]:
        segments, places = [], 0
        with self._damage_reported():
            for one, first, stop, chunks, size in self._query(_SEGMENTS):
                check_span(first, stop, size)
                is_whole = len(self._alive.within(first, stop)) == chunks
                segments.append(_Segment(one, first, stop, places - first, is_whole))
                places += stop - first
        return segments

    @cached_property
    def _spans(self) -> NDArray[np.int64]:
        """The first, the stop and the shift of each segment."""
        return np.array([(one.first, one.stop, one.shift) for one in self._segments], np.int64).reshape(-1, 3)

    @cached_property
    def _living(self) -> NDArray[np.bool_] | None:
        """Whether the chunk at each place is alive; None if all are."""
        return None if all(one.is_whole for one in self._segments) else self.mask(self._alive)

    # Reading

    def _count(self, terms: Sequence[str]) -> dict[str, int]:
        """How many living chunks have each term. What was read for that is kept."""
        parts = self._parts(terms)
        if len(self._begun) > _MOST_BEGUN:
            self._begun.clear()
        self._begun.update(parts)
        if self._living is None:
            return {term: sum(part.chunks for part in there) for term, there in parts.items()}
        self._read_long(parts, lambda place: not self._segments[place].is_whole)
        touched = [[part for part in there if not self._segments[part.place].is_whole] for there in parts.values()]
        rest = [len(found.chunks) for found in self._decoded_parts(touched)]
        whole = [sum(part.chunks for part in there if self._segments[part.place].is_whole) for there in parts.values()]
        return dict(zip(parts, map(add, whole, rest), strict=True))

    def _parts(self, terms: Sequence[str]) -> dict[str, list[_Part]]:
        """What segments have of terms, in the order of their places, without the long lists."""
        ids = [one.id for one in self._segments]
        parts: dict[str, list[_Part]] = {term: [] for term in terms}
        if terms:
            for word, *part in self._query(_POSTINGS, json.dumps(terms), json.dumps(ids)):
                parts[terms[word]].append(_Part(*part))
        return parts

    def _read_long(self, parts: dict[str, list[_Part]], is_wanted: Callable[[int], bool]) -> None:
        """Put the long lists of wanted segments, by their places, into the parts."""
        missing = [
            (term, k)
            for term, there in parts.items()
            for k, part in enumerate(there)
            if not part.data and is_wanted(part.place)
        ]
        if missing:
            keys = [(self._segments[parts[term][k].place].id, term) for term, k in missing]
            for one, data in self._query(_LONG, json.dumps(keys)):
                term, k = missing[one]
                parts[term][k] = parts[term][k]._replace(data=data)

    def _read(self, terms: Sequence[str]) -> dict[str, Postings]:
        """The lists of terms, which are kept."""
        begun = {term: known for term in terms if (known := self._begun.pop(term, None)) is not None}
        parts = begun | self._parts([term for term in terms if term not in begun])
        self._read_long(parts, lambda _: True)
        found = dict(zip(parts, self._decoded_parts(list(parts.values())), strict=True))
        self._cache.put(found)
        return found

    def _decoded_parts(self, terms: Sequence[Sequence[_Part]]) -> list[Postings]:
        """The lists of several terms, each of its parts, which are all decoded together."""
        parts = [part for there in terms for part in there]
        if not parts:
            return [Postings.none() for _ in terms]
        spans = self._spans[[part.place for part in parts]]
        sizes = np.array([part.chunks for part in parts], np.int64)
        with self._damage_reported():
            lists = decode([part.data for part in parts], sizes, spans[:, 0], spans[:, 1])
        places, counts = lists.ids + np.repeat(spans[:, 2], sizes), lists.counts.astype(np.float32)
        reached = np.append(0, np.cumsum(sizes))[np.cumsum([0, *map(len, terms)])]
        if self._living is not None:
            kept = np.flatnonzero(self._living[places])
            places, counts, reached = places[kept], counts[kept], np.searchsorted(kept, reached)
        # Copies, since a list that is kept mustn't keep all the others.
        return [Postings(places[a:b].copy(), counts[a:b].copy()) for a, b in pairwise(reached.tolist())]

    def _query(self, sql: str, *values: object) -> list[Any]:
        with library_errors(self._folder):
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise damaged(self._folder, f"in {FILE}, {error}") from error
