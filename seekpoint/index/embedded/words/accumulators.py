"""Adding up what posting lists say of chunks, a place for each chunk: quicker than sorting what several lists name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

# Looking one up in a sorted list takes as long as putting so many into their places.
_LOOKED_UP = 16
# Sorting a chunk takes as long as looking at so many places.
_SORTED = 12


class Postings(NamedTuple):
    """Chunks by ascending number, each once, and a value above 0 for each."""

    chunks: NDArray[np.int64]
    values: Vectors

    @classmethod
    def none(cls) -> Postings:
        """Those of a term that nobody says."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32))


def highest(postings: Postings, k: int) -> Postings:
    """The k chunks with the highest values, best first; of equal ones the lower number."""
    chunks, values = postings
    if len(values) > k > 0:
        near = np.flatnonzero(values >= np.partition(values, -k)[-k])
        chunks, values = chunks[near], values[near]
    order = np.argsort(-values, kind="stable")[:k]
    return Postings(chunks[order], values[order])


class PostingsCombiner:
    """Room for a value of each chunk, of numbers up to, not including, `span`; not to be shared by threads."""

    def __init__(self, span: int) -> None:
        self._values = np.zeros(span, np.float32)

    def sum(self, postings: Sequence[Postings]) -> Postings:
        """The sum for each chunk, added in the order given."""
        told = [one for one in postings if len(one.chunks)]
        if len(told) < 2:
            return told[0] if told else Postings.none()
        for chunks, values in told:
            np.add.at(self._values, chunks, values)
        found = self._union([one.chunks for one in told])
        totals = self._values[found]
        self._values[found] = 0
        return Postings(found, totals)

    def _union(self, lists: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """The chunks of several lists, each once."""
        if _SORTED * sum(map(len, lists)) > len(self._values):
            return np.flatnonzero(self._values > 0)
        chunks = np.sort(np.concatenate(lists))
        return chunks[np.flatnonzero(np.diff(chunks, prepend=-1))]

    def intersection(self, postings: Sequence[Postings]) -> Postings:
        """The chunks that all have, each with its least value."""
        found, *others = sorted(postings, key=lambda one: len(one.chunks))
        for other in others:
            values = self._of(other, found.chunks)
            are_both = values > 0
            found = Postings(found.chunks[are_both], np.minimum(found.values[are_both], values[are_both]))
        return found

    def _of(self, postings: Postings, chunks: NDArray[np.int64]) -> Vectors:
        """The values of some chunks, 0 for those that aren't there."""
        if len(chunks) * _LOOKED_UP < len(postings.chunks):
            return values_of(postings, chunks)
        self._values[postings.chunks] = postings.values
        found: Vectors = self._values[chunks]
        self._values[postings.chunks] = 0
        return found


class ScoreAccumulator:
    """What is added up for each chunk, of numbers up to, not including, `span`."""

    def __init__(self, span: int) -> None:
        self._values = np.zeros(span, np.float32)
        self._added: list[NDArray[np.int64]] = []

    def add(self, found: Postings) -> None:
        """Add the values to what the chunks have."""
        np.add.at(self._values, found.chunks, found.values)
        self._added.append(found.chunks)

    def limit(self, is_open: NDArray[np.bool_]) -> None:
        """Leave nothing of the chunks that aren't open."""
        self._values *= is_open

    def at(self, chunks: NDArray[np.int64]) -> Vectors:
        """What some chunks have; nothing where a number is below 0."""
        found, are_here = np.zeros(len(chunks), np.float32), chunks >= 0
        found[are_here] = self._values[chunks[are_here]]
        return found

    def best(self, k: int) -> Postings:
        """Chunks that have anything, among them the k with the most."""
        # What is below the k-th best of one list's chunks needn't be looked at.
        several = next((chunks for chunks in self._added if len(chunks) >= k > 0), None)
        least = 0.0 if several is None else np.partition(self._values[several], -k)[-k]
        found = np.flatnonzero(self._values >= least if least > 0 else self._values > 0)
        return Postings(found, self._values[found])


def values_of(postings: Postings, chunks: NDArray[np.int64]) -> Vectors:
    """The values of some chunks, 0 for those that aren't there."""
    if not len(postings.chunks):
        return np.zeros(len(chunks), np.float32)
    places = np.minimum(np.searchsorted(postings.chunks, chunks), len(postings.chunks) - 1)
    found: Vectors = np.where(postings.chunks[places] == chunks, postings.values[places], np.float32(0))
    return found
