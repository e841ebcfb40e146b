"""The lexical side of a library: how rare terms are, and which chunks match several of them best.

BM25 is that of SQLite's FTS5. Rarest terms come first; once those still to come can't lift another chunk among the
best, they are only looked up for the chunks that are (Turtle and Flood's MaxScore), which changes nothing in the
result. Lists are kept once read, since questions share their commonest terms.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from index.database import FILE, damaged, explained
from index.kept_lists import KeptLists, TermList
from index.posting_lists import decode
from index.postings import LENGTH, check_span, mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.ranges import Ranges

_K1, _B = 1.2, 0.75
# Ids for each that occurs.
_SPARSE = 16
# Sums of the same numbers in another order differ by less.
_ROUNDING = 1 + 1e-9
_SEGMENTS = "SELECT id, first, stop, chunks, length(lengths) FROM posting_segment ORDER BY first"
# In this order, since there are fewer terms and segments than lists; SQLite reads of a row what it's asked for only.
_POSTINGS = """
    SELECT word.key, part.key, chunks, iif(segment IN (SELECT value FROM json_each(?)), data, NULL)
    FROM json_each(?) AS word CROSS JOIN json_each(?) AS part
    CROSS JOIN posting ON segment = part.value AND term = word.value"""


class Postings(NamedTuple):
    """The ids of chunks, each once, and a value for each."""

    chunks: NDArray[np.int64]
    values: NDArray[np.float64]


def summed(postings: Sequence[Postings]) -> Postings:
    """The sum for each chunk, of values above 0, added in the order given, by ascending id."""
    told = [one for one in postings if len(one.chunks)]
    if len(told) < 2:
        return told[0] if told else Postings(np.empty(0, np.int64), np.empty(0))
    chunks, values = np.concatenate([one.chunks for one in told]), np.concatenate([one.values for one in told])
    first = int(chunks.min())
    if int(chunks.max()) - first < _SPARSE * len(chunks):  # a place for each id is quicker than sorting them
        totals = np.bincount(chunks - first, weights=values)
        found = np.flatnonzero(totals > 0)  # of bools that is ten times as quick
        return Postings(found.astype(np.int64) + first, np.asarray(totals[found], np.float64))
    found, places = np.unique(chunks, return_inverse=True)
    return Postings(found, np.bincount(places, weights=values, minlength=len(found)).astype(np.float64))


def highest(postings: Postings, k: int) -> list[tuple[int, float]]:
    """The k chunks with the highest values, as (chunk id, value), best first; of equal ones the lower id."""
    chunks, values = postings
    if len(values) > k > 0:
        near = np.flatnonzero(values >= np.partition(values, -k)[-k])
        chunks, values = chunks[near], values[near]
    order = np.argsort(-values, kind="stable")[:k]
    return list(zip(chunks[order].tolist(), values[order].tolist(), strict=True))


class _Segment(NamedTuple):
    """A segment: what to add to an id for the chunk's place, and whether all its chunks are alive."""

    id: int
    first: int
    stop: int
    shift: int
    is_whole: bool


class Lexicon:
    """Terms and the chunks that have them, in one snapshot of the database; `alive` are the chunks that count.

    Within, a chunk goes by its place among the ids of all segments, however far apart these are.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, alive: Ranges) -> None:
        self._folder = folder
        self._connection = connection
        self._alive = alive
        self._total = len(alive)
        self._kept = KeptLists()
        self._frequencies: dict[str, int] = {}

    def weights(self, terms: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each term that the library knows, as FTS5's bm25 weighs it."""
        return {term: self._rarity(chunks) for term, chunks in self.frequencies(terms).items()}

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """How many chunks have each term that the library knows."""
        wanted = list(dict.fromkeys(terms))
        known = self._frequencies
        found = {term: known[term] for term in wanted if term in known}
        found |= self._read_frequencies([term for term in wanted if term not in found])
        known.update(found)
        return {term: found[term] for term in wanted if found.get(term)}

    def best(self, terms: Sequence[str], k: int, keep: Ranges | None = None) -> list[tuple[int, float]]:
        """The k chunks that match the terms best, as (chunk id, BM25), best first; `keep` limits the choice."""
        times = Counter(terms)
        lists = [(times[term], found) for term, found in self._read(times).items() if len(found.places)]
        weighed = sorted(((number * self._rarity(len(found.places)), found) for number, found in lists), key=_by_weight)
        if k <= 0 or not weighed:
            return []
        places, scores = self._search(weighed, k, None if keep is None else self._mask(keep))
        return highest(Postings(self._ids(places), scores), k)

    def counts(self, terms: Iterable[str]) -> dict[str, Postings]:
        """How often each chunk has each term."""
        return {
            term: Postings(self._ids(found.places), found.counts.astype(np.float64))
            for term, found in self._read(terms).items()
        }

    # BM25

    def _rarity(self, chunks: int) -> float:
        return max(math.log((self._total - chunks + 0.5) / (chunks + 0.5)), 1e-6)

    def _search(
        self, weighed: Sequence[tuple[float, TermList]], k: int, is_open: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The places, among them the k best, with their scores; by descending weight, and only where it's open."""
        most = [weight * self._most(found) for weight, found in weighed]
        scores = np.zeros(len(self._lengths))
        is_found = np.zeros(len(self._lengths), bool)
        least = 0.0
        for number, (weight, found) in enumerate(weighed, 1):
            places, counts = found if is_open is None else _only(found, is_open)
            scores[places] += weight * _saturated(counts, self._norms[self._lengths[places]])
            is_found[places] = True
            to_come = math.fsum(most[number:])
            if 0 < to_come < math.fsum(most[:number]):
                found_places = np.flatnonzero(is_found)
                so_far = scores[found_places]
                least = _kth(so_far[so_far > least], k, least)
                if to_come * _ROUNDING < least:
                    is_open = is_found = np.zeros(len(self._lengths), bool)
                    is_open[found_places[(so_far + to_come) * _ROUNDING >= least]] = True
        reached = np.flatnonzero(is_found)
        return reached, scores[reached]

    def _most(self, found: TermList) -> float:
        """No chunk's share of a term's weight is above it."""
        return float(_saturated(found.counts.max(), self._norms[self._shortest]))

    # The segments

    @cached_property
    def _segments(self) -> list[_Segment]:
        segments, places = [], 0
        with self._sound():
            for one, first, stop, chunks, size in self._query(_SEGMENTS):
                check_span(first, stop, size)
                is_whole = len(self._alive.within(first, stop)) == chunks
                segments.append(_Segment(one, first, stop, places - first, is_whole))
                places += stop - first
        return segments

    @cached_property
    def _lengths(self) -> NDArray[np.uint16]:
        """How many terms the chunk at each place has; 0 where it's gone."""
        blobs = [blob for (blob,) in self._query("SELECT lengths FROM posting_segment ORDER BY first")]
        lengths = np.frombuffer(b"".join(blobs), LENGTH)
        return lengths if self._living is None else lengths * self._living

    @cached_property
    def _living(self) -> NDArray[np.bool_] | None:
        """Whether the chunk at each place is alive; None if all are."""
        return None if all(one.is_whole for one in self._segments) else self._mask(self._alive)

    @cached_property
    def _norms(self) -> NDArray[np.float64]:
        """What saturates the count of a term, by a chunk's length."""
        average = max(int(self._lengths.sum(dtype=np.int64)), 1) / max(self._total, 1)
        return _K1 * (1 - _B + _B / average * np.arange(int(self._lengths.max()) + 1, dtype=np.float64))

    @cached_property
    def _shortest(self) -> int:
        return int(self._lengths.min(where=self._lengths > 0, initial=self._lengths.max()))

    def _mask(self, keep: Ranges) -> NDArray[np.bool_]:
        return np.concatenate([mask(keep, one.first, one.stop) for one in self._segments])

    def _ids(self, places: NDArray[Any]) -> NDArray[np.int64]:
        """The ids of the chunks at ascending places."""
        if len({one.shift for one in self._segments}) == 1:
            return places.astype(np.int64) - self._segments[0].shift
        bounds = np.searchsorted(places, [one.first + one.shift for one in self._segments])
        numbers = np.diff(np.append(bounds, len(places)))
        ids: NDArray[np.int64] = places - np.repeat(np.array([one.shift for one in self._segments], np.int64), numbers)
        return ids

    # Reading

    def _read_frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """How many living chunks have each term that any segment has."""
        partial = [one.id for one in self._segments if not one.is_whole]
        found: dict[str, int] = {}
        lists: dict[str, list[tuple[int, bytes]]] = {}
        for term, place, chunks, data in self._rows(terms, partial):
            if self._segments[place].is_whole:
                found[term] = found.get(term, 0) + chunks
            else:
                lists.setdefault(term, []).append((place, data))
        return found | {term: found.get(term, 0) + len(self._list(parts).places) for term, parts in lists.items()}

    def _read(self, terms: Iterable[str]) -> dict[str, TermList]:
        """The list of each term, which is empty for what nobody said."""
        found = {term: self._kept.get(term) for term in terms}
        parts: dict[str, list[tuple[int, bytes]]] = {term: [] for term, kept in found.items() if kept is None}
        for term, place, _, data in self._rows(list(parts), [one.id for one in self._segments]):
            parts[term].append((place, data))
        read = {term: self._list(there) for term, there in parts.items()}
        for term, one in read.items():
            self._kept.put(term, one)
        return {term: kept if kept is not None else read[term] for term, kept in found.items()}

    def _rows(self, terms: Sequence[str], read: Sequence[int]) -> Iterator[tuple[str, int, int, bytes]]:
        """What segments have of terms: (term, place of the segment, chunks, data), the data of those to read only."""
        ids = [one.id for one in self._segments]
        for word, place, chunks, data in self._query(_POSTINGS, json.dumps(read), json.dumps(terms), json.dumps(ids)):
            yield terms[word], place, chunks, data

    def _list(self, parts: Sequence[tuple[int, bytes]]) -> TermList:
        """A term's lists in some segments, as one."""
        if not parts:
            return TermList(np.empty(0, np.int32), np.empty(0, np.uint8))
        parts = sorted(parts)
        spans = np.array([self._segments[place][1:4] for place, _ in parts], np.int64)
        with self._sound():
            lists = decode([data for _, data in parts], spans[:, 0], spans[:, 1])
        places, counts = lists.ids + np.repeat(spans[:, 2], lists.sizes), lists.counts
        found = TermList(places.astype(np.int32), counts)
        return found if self._living is None else _only(found, self._living)

    def _query(self, sql: str, *values: object) -> list[Any]:
        with explained(self._folder):
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise damaged(self._folder, f"in {FILE}, {error}") from error


def _only(found: TermList, is_open: NDArray[np.bool_]) -> TermList:
    here = np.flatnonzero(is_open[found.places])
    return TermList(found.places[here], found.counts[here])


def _by_weight(weighed: tuple[float, TermList]) -> float:
    return -weighed[0]


def _saturated(counts: NDArray[np.uint8], norms: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a term that occurs so often brings, as a share of its weight."""
    return counts * (_K1 + 1) / (counts + norms)


def _kth(scores: NDArray[np.float64], k: int, least: float) -> float:
    """The k-th best of the scores, which are above the least; that where there are fewer."""
    return float(np.partition(scores, -k)[-k]) if len(scores) >= k else least
