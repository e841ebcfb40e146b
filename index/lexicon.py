"""The lexical side of a library: how rare terms are, and which chunks match several of them best.

BM25 is that of SQLite's FTS5. Rarest terms come first; once those still to come can't lift another chunk among the
best, they are only looked up for the chunks that are (Turtle and Flood's MaxScore), which changes nothing in the
result.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.posting_reader import PostingReader
from index.tally import Postings, highest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.posting_lists import Layout
    from index.ranges import Ranges
    from index.types import Vectors

_K1, _B = 1.2, 0.75
# Sums of the same numbers in another order differ by less.
_ROUNDING = 1 + 1e-5
# Seeing which chunks are still among the best takes as long for each that was found as reading on does for so many.
_CHECKING = 1.5


class Lexicon:
    """Terms and the chunks that have them, in one snapshot of the database; `alive` are the chunks that count.

    Within, a chunk goes by its place; `by_id` tells its id.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, alive: Ranges, layout: Layout) -> None:
        self._reader = PostingReader(folder, connection, alive, layout)
        self._total = len(alive)

    def weights(self, terms: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each term that the library knows, as FTS5's bm25 weighs it."""
        return {term: self._rarity(chunks) for term, chunks in self.frequencies(terms).items()}

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """How many chunks have each term that the library knows. To ask for many at once is quicker."""
        return self._reader.frequencies(terms)

    def best(self, terms: Sequence[str], k: int, keep: Ranges | None = None) -> list[tuple[int, float]]:
        """The k chunks that match the terms best, as (chunk id, BM25), best first; `keep` limits the choice."""
        times = Counter(terms)
        lists = [(times[term], found) for term, found in self.counts(times).items() if len(found.chunks)]
        weighed = sorted(((number * self._rarity(len(found.chunks)), found) for number, found in lists), key=_by_weight)
        if k <= 0 or not weighed:
            return []
        return highest(self.by_id(self._search(weighed, k, None if keep is None else self.mask(keep))), k)

    def counts(self, terms: Iterable[str]) -> dict[str, Postings]:
        """How often each chunk, by its place, has each term."""
        return self._reader.lists(terms)

    # Places

    @property
    def span(self) -> int:
        """How many places there are."""
        return self._reader.span

    def mask(self, keep: Ranges) -> NDArray[np.bool_]:
        """Whether the chunk at each place is one to keep."""
        return self._reader.mask(keep)

    def by_id(self, postings: Postings) -> Postings:
        """The same, of chunks by their ids."""
        return Postings(self._reader.ids(postings.chunks), postings.values)

    # BM25

    def _rarity(self, chunks: int) -> float:
        return max(math.log((self._total - chunks + 0.5) / (chunks + 0.5)), 1e-6)

    def _search(self, weighed: Sequence[tuple[float, Postings]], k: int, is_open: NDArray[np.bool_] | None) -> Postings:
        """The places, among them the k best, with their scores; by descending weight, and only where it's open."""
        most = [weight * self._most(found) for weight, found in weighed]
        scores = np.zeros(self.span, np.float32)
        is_found = np.zeros(self.span, bool)
        least = 0.0
        for number, (weight, found) in enumerate(weighed, 1):
            places, counts = found if is_open is None else _only(found, is_open)
            scores[places] += np.float32(weight) * _saturated(counts, self._norms[places])
            is_found[places] = True
            to_come, unread = math.fsum(most[number:]), sum(len(one.chunks) for _, one in weighed[number:])
            if 0 < to_come < math.fsum(most[:number]) and unread > _CHECKING * np.count_nonzero(is_found):
                found_places = np.flatnonzero(is_found)
                so_far = scores[found_places]
                least = _kth(so_far[so_far > least], k, least)
                if to_come * _ROUNDING < least:
                    is_open = is_found = np.zeros(self.span, bool)
                    is_open[found_places[(so_far + np.float32(to_come)) * np.float32(_ROUNDING) >= least]] = True
        reached = np.flatnonzero(is_found)
        return Postings(reached, scores[reached])

    def _most(self, found: Postings) -> float:
        """No chunk's share of a term's weight is above it."""
        return float(_saturated(found.values.max(), self._norms[self._shortest]))

    @cached_property
    def _norms(self) -> Vectors:
        """What saturates the count of a term, by a chunk's length."""
        lengths = self._reader.lengths
        average = max(int(lengths.sum(dtype=np.int64)), 1) / max(self._total, 1)
        norms = _K1 * (1 - _B + _B / average * np.arange(int(lengths.max(initial=0)) + 1, dtype=np.float64))
        return norms.astype(np.float32)[lengths]

    @cached_property
    def _shortest(self) -> int:
        """The place of the shortest chunk."""
        return int(np.where(self._reader.lengths > 0, self._norms, np.inf).argmin())


def _only(found: Postings, is_open: NDArray[np.bool_]) -> Postings:
    here = np.flatnonzero(is_open[found.chunks])
    return Postings(found.chunks[here], found.values[here])


def _by_weight(weighed: tuple[float, Postings]) -> float:
    return -weighed[0]


def _saturated(counts: Vectors, norms: Vectors) -> Vectors:
    """What a term that occurs so often brings, as a share of its weight."""
    return counts * np.float32(_K1 + 1) / (counts + norms)


def _kth(scores: Vectors, k: int, least: float) -> float:
    """The k-th best of the scores, which are above the least; that where there are fewer."""
    return float(np.partition(scores, -k)[-k]) if len(scores) >= k else least
