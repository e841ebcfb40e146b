"""The lexical side of a library: how rare terms are, and which chunks match several of them best.

BM25 is that of SQLite's FTS5. What a term brings to its chunks is kept, so that a question adds up a few lists, each in
one step of NumPy's: to leave chunks out that can't be among the best (Turtle and Flood's MaxScore) takes longer.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.embedded.words.accumulators import Postings, Scores, highest
from seekpoint.index.embedded.words.list_cache import KeptLists
from seekpoint.index.embedded.words.posting_reader import PostingReader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.chunk_ranges import Ranges
    from seekpoint.index.types import Vectors

_K1, _B = 1.2, 0.75
_KEPT_MASKS = 8


class Lexicon:
    """Terms and the chunks that have them, in one snapshot of the database; `alive` are the chunks that count.

    Within, a chunk goes by its place; `by_id` tells its id.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection, alive: Ranges) -> None:
        self._reader = PostingReader(folder, connection, alive)
        self._total = len(alive)
        self._kept = KeptLists[str]()
        self._masks = lru_cache(_KEPT_MASKS)(self._reader.mask)

    def weights(self, terms: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each term that the library knows, as FTS5's bm25 weighs it."""
        return {term: self._rarity(chunks) for term, chunks in self.frequencies(terms).items()}

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """How many chunks have each term that the library knows. To ask for many at once is quicker."""
        return self._reader.frequencies(terms)

    def best(self, terms: Sequence[str], k: int, keep: Ranges | None = None) -> list[tuple[int, float]]:
        """The k chunks that match the terms best, as (chunk id, BM25), best first; `keep` limits the choice."""
        times = Counter(terms)
        scores = Scores(self.span)
        # The rarest first: what is among the best of theirs leaves little else to look at.
        for term, (chunks, shares) in sorted(self._shares(times).items(), key=lambda one: len(one[1].chunks)):
            scores.add(Postings(chunks, np.float32(times[term] * self._rarity(len(chunks))) * shares))
        if keep is not None:
            scores.limit(self.mask(keep))
        return highest(self.by_id(scores.best(k)), k)

    def counts(self, terms: Iterable[str]) -> dict[str, Postings]:
        """How often each chunk, by its place, has each term."""
        return self._reader.lists(terms)

    def read_ahead(self, terms: Iterable[str]) -> None:
        """Read what will be asked for of these terms, all at once, which is quicker."""
        self._reader.lists(terms)

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

    def _rarity(self, chunks: int) -> float:
        return max(math.log((self._total - chunks + 0.5) / (chunks + 0.5)), 1e-6)

    def _shares(self, terms: Iterable[str]) -> dict[str, Postings]:
        """What each term brings to the chunks that have it, as a share of its weight; kept as lists are."""
        wanted = list(terms)
        found = self._kept.get(wanted)
        if missing := [term for term in wanted if term not in found]:
            made = {term: self._share(counts) for term, counts in self.counts(missing).items()}
            self._kept.put(made)
            found |= made
        return found

    def _share(self, found: Postings) -> Postings:
        chunks, counts = found
        return Postings(chunks, counts * np.float32(_K1 + 1) / (counts + self._norms[chunks]))

    @cached_property
    def _norms(self) -> Vectors:
        """What saturates the count of a term, by a chunk's length."""
        lengths = self._reader.lengths
        average = max(int(lengths.sum(dtype=np.int64)), 1) / max(self._total, 1)
        norms = _K1 * (1 - _B + _B / average * np.arange(int(lengths.max(initial=0)) + 1, dtype=np.float64))
        return norms.astype(np.float32)[lengths]
