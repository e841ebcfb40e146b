"""The lexical side of a library: how rare terms are, and which chunks match several of them best.

What a term brings to its chunks is cached, so that a question adds up a few lists, each in one step of NumPy's. To skip
chunks that can't be among the best (MaxScore: Turtle and Flood, 1995) takes longer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.embedded.words.accumulators import Postings, ScoreAccumulator, highest
from seekpoint.index.embedded.words.list_cache import ListCache
from seekpoint.index.embedded.words.posting_reader import PostingReader
from seekpoint.index.text import bm25

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.chunk_ranges import Ranges
    from seekpoint.index.types import Vectors

_KEPT_MASKS = 8


class Lexicon:
    """Terms and the chunks that have them, in one snapshot of the database; `alive` are the chunks that count.

    Within, a chunk goes by its place; `by_id` tells its id.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, alive: Ranges) -> None:
        self._reader = PostingReader(folder, connection, alive)
        self.total = len(alive)
        """How many chunks there are."""
        self._cache = ListCache[str]()
        self._masks = lru_cache(_KEPT_MASKS)(self._reader.mask)

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """How many chunks have each term that the library knows. To ask for many at once is quicker."""
        return self._reader.frequencies(terms)

    def best(self, weights: Mapping[str, float], k: int, keep: Ranges | None = None) -> Postings:
        """The k chunks, by id, that match weighted terms best, with their BM25, best first; `keep` limits the choice."""
        scores = ScoreAccumulator(self.span)
        # The rarest term first: few chunks lie beyond its best ones.
        for term, (chunks, shares) in sorted(self._shares(weights).items(), key=lambda one: len(one[1].chunks)):
            scores.add(Postings(chunks, np.float32(weights[term]) * shares))
        if keep is not None:
            scores.limit(self.mask(keep))
        return highest(self.by_id(scores.best(k)), k)

    def counts(self, terms: Iterable[str]) -> dict[str, Postings]:
        """How often each chunk, by its place, has each term."""
        return self._reader.lists(terms)

    # Places

    @property
    def span(self) -> int:
        """How many places there are."""
        return self._reader.span

    def mask(self, keep: Ranges) -> NDArray[np.bool_]:
        """Whether the chunk at each place is one to keep; kept for those that are asked for again, as languages are."""
        return self._masks(keep)

    def by_id(self, postings: Postings) -> Postings:
        """The same, of chunks by their ids."""
        return Postings(self._reader.ids(postings.chunks), postings.values)

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of chunks; -1 where there is no such chunk, as damaged files may have it."""
        return self._reader.places(ids)

    # BM25

    def _shares(self, terms: Iterable[str]) -> dict[str, Postings]:
        """What each term brings to the chunks that have it, as a share of its weight; kept as lists are."""
        wanted = list(terms)
        found = self._cache.get(wanted)
        if missing := [term for term in wanted if term not in found]:
            made = {term: self._share(counts) for term, counts in self.counts(missing).items()}
            self._cache.put(made)
            found |= made
        return found

    def _share(self, found: Postings) -> Postings:
        chunks, counts = found
        return Postings(chunks, bm25.saturated(counts, self._norms[chunks]))

    @cached_property
    def _norms(self) -> Vectors:
        return bm25.length_norms(self._reader.lengths, self.total)
