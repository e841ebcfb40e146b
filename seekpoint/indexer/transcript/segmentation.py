"""Divides a recording where its subject changes. Pure.

The division of lowest cost is found among all, by dynamic programming. The cost of a segment is how far its units
scatter around their mean (as in kernel change-point detection), and each segment adds a penalty. Units are compared by
their words (tf-idf) and by their vectors, each smoothed over its neighbours. benchmarks/RESULTS.md has the figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.types import Pieces

Matrix = NDArray[np.float32]
Costs = NDArray[np.float64]

LEAST = 60.0
"""Seconds of the shortest segment."""

# The weight of words in the similarity of units; vectors have the rest.
_WORDS_SHARE = 2 / 3
# Seconds: the standard deviations of the smoothing of words and of vectors.
_WORDS_SPREAD, _VECTORS_SPREAD = 12.0, 20.0
# Standard deviations. All that is farther counts as little: the middle of a long piece may be far from all units.
_FARTHEST = 6.0
# The penalty of a segment, times the square root of the duration in seconds: a list of chapters grows more slowly than
# its recording, so that it can be read.
_PENALTY = 0.75
# The most words that units are compared by: those that the most of them have.
_MOST_WORDS = 4000


class Unit(NamedTuple):
    """Some sentences that aren't divided: their offset in the text, start in seconds, and content words."""

    offset: int
    start: float
    words: Sequence[str]


def boundaries(units: Sequence[Unit], end: float, pieces: Pieces | None = None) -> list[int]:
    """The indices of the units that begin a segment, the first unit excluded; `end` is that of the last unit.

    Without `pieces` the units are compared by their words alone.
    """
    edges = np.append(np.array([unit.start for unit in units], np.float64), end)
    seconds = np.maximum(np.diff(edges), 0.01)
    centres = edges[:-1] + seconds / 2
    common = _common(_smoothed(_word_vectors(units), centres, centres, _WORDS_SPREAD), seconds)
    if pieces is not None:
        lengths = np.diff(np.append(pieces.starts, max(end, pieces.starts[-1])))
        vectors = _smoothed(pieces.sums, centres, pieces.starts + lengths / 2, _VECTORS_SPREAD)
        meaning = _common(vectors, seconds)
        common = _WORDS_SHARE * common + (1 - _WORDS_SHARE) * meaning
    costs = np.where(edges[None] - edges[:, None] >= LEAST, _scatter(common, seconds), np.inf)
    return _divided(costs, _PENALTY * float(np.sqrt(max(end - edges[0], 0.0))))


def _word_vectors(units: Sequence[Unit]) -> Matrix:
    """The tf-idf vector of each unit's words that others have too: a row each."""
    counts = [Counter(unit.words) for unit in units]
    having = Counter(word for count in counts for word in count)
    column = {word: k for k, (word, units_) in enumerate(having.most_common(_MOST_WORDS)) if units_ > 1}
    vectors = np.zeros((len(units), max(len(column), 1)), np.float32)
    for row, count in zip(vectors, counts, strict=True):
        for word, times in count.items():
            if word in column:
                row[column[word]] = (1 + np.log(times)) * np.log(len(units) / having[word])
    return vectors


def _common(vectors: Matrix, seconds: Costs) -> Costs:
    """The similarity of units: the products of their vectors around the mean, of unit length, times their seconds."""
    weights = seconds.astype(np.float32)[:, None]
    rest = _normalised(vectors)
    rest = _normalised(rest - (weights * rest).sum(axis=0) / weights.sum())
    weighted = rest * weights
    product: Costs = (weighted @ weighted.T).astype(np.float64)
    return product


def _smoothed(vectors: Matrix, centres: Costs, at: Costs, spread: float) -> Matrix:
    """For each of `centres` the sum of the vectors, which lie `at` these seconds, the near ones weighing more."""
    distances = (centres[:, None] - at[None]) / spread
    near = np.exp(-0.5 * np.minimum(distances**2, _FARTHEST**2)).astype(np.float32)
    smoothed: Matrix = near @ vectors
    return smoothed


def _normalised(vectors: Matrix) -> Matrix:
    normalised: Matrix = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-9))
    return normalised


def _scatter(common: Costs, seconds: Costs) -> Costs:
    """The scatter of the units [first, stop) around their mean, in seconds; shape (units + 1, units + 1)."""
    sums = np.pad(common, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    inside = np.diag(sums)
    lengths = np.append(0.0, seconds.cumsum())
    squares = np.append(0.0, (np.diag(common) / seconds).cumsum())
    between = inside[None] + inside[:, None] - sums - sums.T
    spans = lengths[None] - lengths[:, None]
    scatter: Costs = squares[None] - squares[:, None] - between / np.where(spans > 0, spans, 1.0)
    return scatter


def _divided(costs: Costs, penalty: float) -> list[int]:
    """The boundaries of the division with the lowest sum of costs and penalties; none if no division is allowed."""
    last = len(costs) - 1
    best, before = np.full(last + 1, np.inf), np.zeros(last + 1, np.intp)
    best[0] = 0.0
    for stop in range(1, last + 1):
        sums = best[:stop] + costs[:stop, stop]
        before[stop] = sums.argmin()
        best[stop] = sums[before[stop]] + penalty
    boundaries = []
    while last and np.isfinite(best[last]):
        last = int(before[last])
        boundaries.append(last)
    return sorted(boundaries)[1:]
