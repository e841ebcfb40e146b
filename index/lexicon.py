"""The lexical side of a library: how rare terms are, and which chunks have them.

What a term brings to each chunk is read once and kept, since questions share their commonest terms, and those have the
longest lists.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from index.database import explained

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A term of any question has some hundred chunks, the commonest have all.
_KEPT_TERMS = 2048


class Postings(NamedTuple):
    """The ids of chunks, each once, and a value for each."""

    chunks: NDArray[np.int64]
    values: NDArray[np.float64]


def summed(postings: Sequence[Postings]) -> Postings:
    """The sum for each chunk, added in the order given, by ascending id."""
    if not postings:
        return Postings(np.empty(0, np.int64), np.empty(0))
    chunks = np.concatenate([one.chunks for one in postings])
    totals = np.bincount(chunks, weights=np.concatenate([one.values for one in postings]))
    found = np.flatnonzero(np.bincount(chunks)).astype(np.int64)
    return Postings(found, np.asarray(totals[found], np.float64))


class Lexicon:
    """Terms and the chunks that have them, in one snapshot of the database."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection
        self.counts = lru_cache(_KEPT_TERMS)(self._counts)
        self._bm25 = lru_cache(_KEPT_TERMS)(self._read_bm25)

    def weights(self, terms: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each term that the library knows, as FTS5's bm25 weighs it."""
        weights = {}
        for term in dict.fromkeys(terms):
            for (found,) in self._query("SELECT doc FROM vocabulary WHERE term = ?", term):
                weights[term] = max(math.log((self._total - found + 0.5) / (found + 0.5)), 1e-6)
        return weights

    def best(self, terms: Sequence[str], k: int, keep: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The k chunks that match the terms best, as (chunk id, BM25), best first; `keep` limits the choice."""
        chunks, scores = summed([self._bm25(term) for term in terms])
        if keep is not None:
            kept = np.isin(chunks, np.asarray(keep, np.int64), assume_unique=True)
            chunks, scores = chunks[kept], scores[kept]
        if len(scores) > k:
            near = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
            chunks, scores = chunks[near], scores[near]
        order = np.argsort(-scores, kind="stable")[:k]
        return list(zip(chunks[order].tolist(), scores[order].tolist(), strict=True))

    @cached_property
    def _total(self) -> int:
        ((total,),) = self._query("SELECT count(*) FROM chunk")
        return int(total)

    def _read_bm25(self, term: str) -> Postings:
        """What the term adds to each chunk's BM25, which is a sum over terms."""
        quoted = '"' + term.replace('"', '""') + '"'
        return self._postings("SELECT rowid, -rank FROM lexicon WHERE lexicon MATCH ?", quoted)

    def _counts(self, term: str) -> Postings:
        """How often each chunk has a term."""
        return self._postings("SELECT doc, count(*) FROM posting WHERE term = ? GROUP BY doc", term)

    def _postings(self, sql: str, term: str) -> Postings:
        rows = self._query(sql, term)
        table = np.fromiter(chain.from_iterable(rows), np.float64, 2 * len(rows)).reshape(-1, 2)
        return Postings(table[:, 0].astype(np.int64), table[:, 1].copy())

    def _query(self, sql: str, *values: object) -> list[Any]:
        with explained(self._folder):
            return self._connection.execute(sql, values).fetchall()
