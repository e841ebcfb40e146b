"""Combining posting lists in arrays with an element for each chunk, which is faster than sorting the lists together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

# A binary search in a list takes as long as scattering 16 values into the array.
_LOOKED_UP = 16
# Sorting takes as long for one chunk as scanning 12 elements of the array.
_SORTED = 12


class Postings(NamedTuple):
    """Distinct chunks in ascending order, each with a positive value; chunks are ids, or places (posting_reader.py)."""

    chunks: NDArray[np.int64]
    values: Vectors

    @classmethod
    def none(cls) -> Postings:
        """The empty list, of a term that no chunk has."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32))


def highest(postings: Postings, k: int) -> Postings:
    """The k chunks with the highest values, best first; ties go to the lower chunk."""
    chunks, values = postings
    if len(values) > k > 0:
        top = np.flatnonzero(values >= np.partition(values, -k)[-k])
        chunks, values = chunks[top], values[top]
    order = np.argsort(-values, kind="stable")[:k]
    return Postings(chunks[order], values[order])


class PostingsCombiner:
    """Sums and intersections of posting lists over chunks in [0, span).

    It reuses one array of `span` elements, so threads mustn't share it.
    """

    def __init__(self, span: int) -> None:
        self._values = np.zeros(span, np.float32)

    def sum(self, postings: Sequence[Postings]) -> Postings:
        """The union of the lists, each chunk with the sum of its values, added in the given order."""
        non_empty = [postings_list for postings_list in postings if len(postings_list.chunks)]
        if len(non_empty) < 2:
            return non_empty[0] if non_empty else Postings.none()
        for chunks, values in non_empty:
            np.add.at(self._values, chunks, values)
        union = self._union([postings_list.chunks for postings_list in non_empty])
        totals = self._values[union]
        self._values[union] = 0
        return Postings(union, totals)

    def _union(self, lists: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """The chunks of several lists that have been added to the array, each once."""
        if _SORTED * sum(map(len, lists)) > len(self._values):
            return np.flatnonzero(self._values > 0)
        chunks = np.sort(np.concatenate(lists))
        return chunks[np.flatnonzero(np.diff(chunks, prepend=-1))]

    def intersection(self, postings: Sequence[Postings]) -> Postings:
        """The chunks that all lists have, each with the lowest of its values."""
        common, *others = sorted(postings, key=lambda postings_list: len(postings_list.chunks))
        for other in others:
            values = self._values_of(other, common.chunks)
            are_both = values > 0
            common = Postings(common.chunks[are_both], np.minimum(common.values[are_both], values[are_both]))
        return common

    def _values_of(self, postings: Postings, chunks: NDArray[np.int64]) -> Vectors:
        """The same as `values_of`, by whichever way is faster."""
        if len(chunks) * _LOOKED_UP < len(postings.chunks):
            return values_of(postings, chunks)
        self._values[postings.chunks] = postings.values
        values: Vectors = self._values[chunks]
        self._values[postings.chunks] = 0
        return values


class ScoreAccumulator:
    """The scores of chunks in [0, span), to which posting lists are added one by one."""

    def __init__(self, span: int) -> None:
        self._values = np.zeros(span, np.float32)
        self._added: list[NDArray[np.int64]] = []

    def add(self, postings: Postings) -> None:
        """Add the values of a posting list to the scores of its chunks."""
        np.add.at(self._values, postings.chunks, postings.values)
        self._added.append(postings.chunks)

    def limit(self, is_kept: NDArray[np.bool_]) -> None:
        """Set the scores of the chunks that a filter leaves out to 0."""
        self._values *= is_kept

    def at(self, chunks: NDArray[np.int64]) -> Vectors:
        """The score of each chunk; 0 for a negative place."""
        scores, are_known = np.zeros(len(chunks), np.float32), chunks >= 0
        scores[are_known] = self._values[chunks[are_known]]
        return scores

    def best(self, k: int) -> Postings:
        """Chunks with positive scores, in ascending order; the k best are among them."""
        # The k-th best score within one list is a lower bound of the k-th best of all.
        sample = next((chunks for chunks in self._added if len(chunks) >= k > 0), None)
        least = 0.0 if sample is None else np.partition(self._values[sample], -k)[-k]
        best = np.flatnonzero(self._values >= least if least > 0 else self._values > 0)
        return Postings(best, self._values[best])


def values_of(postings: Postings, chunks: NDArray[np.int64]) -> Vectors:
    """The value of each chunk, 0 if the list doesn't have it."""
    if not len(postings.chunks):
        return np.zeros(len(chunks), np.float32)
    indices = np.minimum(np.searchsorted(postings.chunks, chunks), len(postings.chunks) - 1)
    values: Vectors = np.where(postings.chunks[indices] == chunks, postings.values[indices], np.float32(0))
    return values
