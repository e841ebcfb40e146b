"""Lexical search: the document frequencies of terms, and the chunks with the highest BM25.

Each term's contributions to the BM25 of its chunks are cached, so that a question adds a few lists up, each with one
NumPy call. Skipping chunks that can't be among the best (MaxScore: Turtle and Flood, 1995) takes longer.
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
    """Terms and the chunks that have them, in one snapshot of the database; `alive` are the chunks not removed.

    Chunks are identified by place (see PostingReader); `by_id` converts places to ids.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, alive: Ranges) -> None:
        self._reader = PostingReader(folder, connection, alive)
        self.total = len(alive)
        """The number of chunks."""
        self._cache = ListCache[str]()
        self._masks = lru_cache(_KEPT_MASKS)(self._reader.mask)

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """The document frequency of each term that the library has. One call for many terms is faster."""
        return self._reader.frequencies(terms)

    def best(self, weights: Mapping[str, float], k: int, keep: Ranges | None = None) -> Postings:
        """The ids of the k chunks with the highest BM25 for weighted terms, best first; `keep` is a filter."""
        scores = ScoreAccumulator(self.span)
        # The rarest term first: its best chunks give `ScoreAccumulator.best` a high bound.
        for term, (chunks, shares) in sorted(self._shares(weights).items(), key=lambda item: len(item[1].chunks)):
            scores.add(Postings(chunks, np.float32(weights[term]) * shares))
        if keep is not None:
            scores.limit(self.mask(keep))
        return highest(self.by_id(scores.best(k)), k)

    def counts(self, terms: Iterable[str]) -> dict[str, Postings]:
        """The posting list of each term: chunks by place, with how often they have the term."""
        return self._reader.lists(terms)

    # Places

    @property
    def span(self) -> int:
        """The number of places."""
        return self._reader.span

    def mask(self, keep: Ranges) -> NDArray[np.bool_]:
        """Whether the chunk at each place is in `keep`; cached, since the ranges of languages come again."""
        return self._masks(keep)

    def by_id(self, postings: Postings) -> Postings:
        """The same list with ids instead of places."""
        return Postings(self._reader.ids(postings.chunks), postings.values)

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of chunks by id; -1 for an id that doesn't exist, which a damaged vector file may contain."""
        return self._reader.places(ids)

    # BM25

    def _shares(self, terms: Iterable[str]) -> dict[str, Postings]:
        """The contribution of each term to the BM25 of its chunks, as a multiple of the term's idf; cached."""
        requested = list(terms)
        shares = self._cache.get(requested)
        if missing := [term for term in requested if term not in shares]:
            computed = {term: self._share(counts) for term, counts in self.counts(missing).items()}
            self._cache.put(computed)
            shares |= computed
        return shares

    def _share(self, postings: Postings) -> Postings:
        chunks, counts = postings
        return Postings(chunks, bm25.saturated(counts, self._norms[chunks]))

    @cached_property
    def _norms(self) -> Vectors:
        return bm25.length_norms(self._reader.lengths, self.total)
