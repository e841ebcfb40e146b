"""The lexical side of a library from before schema 8, which has SQLite's FTS5 for it."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.database import explained
from index.tally import Postings, Tally, highest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.ranges import Ranges

_KEPT_TERMS = 2048


class OlderLexicon:
    """Terms and the chunks that have them, as `index.lexicon.Lexicon` tells them."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection
        self._frequency = lru_cache(_KEPT_TERMS)(self._read_frequency)
        self._counts = lru_cache(_KEPT_TERMS)(self._read_counts)
        self._bm25 = lru_cache(_KEPT_TERMS)(self._read_bm25)

    def weights(self, terms: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each term that the library knows, as FTS5's bm25 weighs it."""
        rest = {term: self._total - found for term, found in self.frequencies(terms).items()}
        return {term: max(math.log((rest[term] + 0.5) / (self._total - rest[term] + 0.5)), 1e-6) for term in rest}

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """How many chunks have each term that the library knows."""
        return {term: found for term in dict.fromkeys(terms) if (found := self._frequency(term))}

    def _read_frequency(self, term: str) -> int:
        return sum(found for (found,) in self._query("SELECT doc FROM vocabulary WHERE term = ?", term))

    def best(self, terms: Sequence[str], k: int, keep: Ranges | None = None) -> list[tuple[int, float]]:
        """The k chunks that match the terms best, as (chunk id, BM25), best first; `keep` limits the choice."""
        found = Tally(self.span).sum([self._bm25(term) for term in terms])
        if keep is not None:
            kept = keep.contains(found.chunks)
            found = Postings(found.chunks[kept], found.values[kept])
        return highest(found, k)

    @cached_property
    def span(self) -> int:
        """One more than the highest id: here a chunk's place is its id."""
        ((last,),) = self._query("SELECT coalesce(max(id), 0) FROM chunk")
        return int(last) + 1

    def mask(self, keep: Ranges) -> NDArray[np.bool_]:
        """Whether the chunk at each place is one to keep."""
        return keep.contains(np.arange(self.span))

    def by_id(self, postings: Postings) -> Postings:
        """The same, of chunks by their ids."""
        return postings

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of chunks; -1 where there is no such chunk, as damaged files may have it."""
        return np.where(ids < self.span, ids, -1)

    @cached_property
    def _total(self) -> int:
        ((total,),) = self._query("SELECT count(*) FROM chunk")
        return int(total)

    def _read_bm25(self, term: str) -> Postings:
        """What the term adds to each chunk's BM25, which is a sum over terms."""
        quoted = '"' + term.replace('"', '""') + '"'
        return self._postings("SELECT rowid, -rank FROM lexicon WHERE lexicon MATCH ?", quoted)

    def counts(self, terms: Iterable[str]) -> dict[str, Postings]:
        """How often each chunk, by its place, has each term."""
        return {term: self._counts(term) for term in terms}

    def read_ahead(self, terms: Iterable[str]) -> None:
        """Nothing: it wouldn't be quicker here."""

    def _read_counts(self, term: str) -> Postings:
        return self._postings("SELECT doc, count(*) FROM posting WHERE term = ? GROUP BY doc", term)

    def _postings(self, sql: str, term: str) -> Postings:
        rows = sorted(self._query(sql, term), key=itemgetter(0))
        table = np.fromiter(chain.from_iterable(rows), np.float64, 2 * len(rows)).reshape(-1, 2)
        return Postings(table[:, 0].astype(np.int64), table[:, 1].astype(np.float32))

    def _query(self, sql: str, *values: object) -> list[Any]:
        with explained(self._folder):
            return self._connection.execute(sql, values).fetchall()
