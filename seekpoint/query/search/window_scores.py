"""Windows of a transcript around a place, made of its pieces: how near their meaning is to the question's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.text.language_tags import primary
from seekpoint.query.search.settings import AHEAD, AROUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Pieces, StoredChunk, Vectors

# Of more chunks at once the sums take new memory each time, which takes longer than what is done with them.
_AT_ONCE = 20
_LEAST = np.float32(1e-24)


class Windows(NamedTuple):
    """The cosines of the windows at each piece that begins in a chunk, or covers its beginning."""

    starts: Sequence[float]
    ahead: Sequence[float]
    around: Sequence[float]

    @property
    def meaning(self) -> float:
        """How near the chunk is, by its best windows."""
        return (max(self.ahead) + max(self.around)) / 2

    def ahead_at(self, seconds: float) -> float:
        """The cosine of the window from the piece on that a second lies in."""
        return self.ahead[max(bisect_right(self.starts, seconds) - 1, 0)]


def windows(
    chunks: Sequence[StoredChunk], pieces: Mapping[int, Pieces], means: Mapping[str, Vectors], question: Vectors
) -> dict[int, Windows]:
    """The windows of chunks, by chunk id, of those that have pieces.

    `pieces` are those of each chunk and of AROUND / 2 seconds before and after it, by its id, `means` are those of the
    languages, and `question` is centred.
    """
    found: dict[int, Windows] = {}
    for first in range(0, len(chunks), _AT_ONCE):
        found |= _of_some(chunks[first : first + _AT_ONCE], pieces, means, question)
    return found


def _of_some(
    chunks: Sequence[StoredChunk], pieces: Mapping[int, Pieces], means: Mapping[str, Vectors], question: Vectors
) -> dict[int, Windows]:
    starts, totals = _padded([pieces[chunk.id] for chunk in chunks])
    inside = _inside(starts, chunks)
    row, _ = inside.nonzero()
    spoken = [primary(chunk.language) for chunk in chunks]
    languages = sorted(set(spoken))
    language = np.array([languages.index(one) for one in spoken])[row]
    common = np.stack([means[one] for one in languages])
    seconds, beside = starts[inside], starts[row]

    def cosines(before: float, after: float) -> list[float]:
        sums = totals[_earlier(beside, seconds + after), row]
        sums -= totals[_earlier(beside, seconds - before), row]
        return _cosines(sums, common, language, question)

    columns = seconds.tolist(), cosines(0, AHEAD), cosines(AROUND / 2, AROUND / 2)
    bounds = pairwise([0, *np.cumsum(inside.sum(axis=1)).tolist()])
    return {
        chunk.id: Windows(*(column[first:stop] for column in columns))
        for chunk, (first, stop) in zip(chunks, bounds, strict=True)
        if first < stop
    }


def _cosines(sums: Vectors, means: Vectors, language: NDArray[np.intp], question: Vectors) -> list[float]:
    """The cosines of sums, at unit length without the means of their languages, with a centred question.

    `language` says which mean is each row's. Its cosine is the same whatever the other rows are, which a product of
    matrices doesn't promise.
    """
    squares = np.vecdot(sums, sums)
    lengths = np.sqrt(np.maximum(squares, _LEAST))
    along = np.vecdot(sums, question) / lengths - np.vecdot(means, question)[language]
    onto = np.vecdot(sums[:, None], means)[np.arange(len(sums)), language] / lengths
    rest = squares / lengths**2 - 2 * onto + np.vecdot(means, means)[language]
    cosines: list[float] = (along / np.sqrt(np.maximum(rest, _LEAST))).tolist()
    return cosines


def _padded(pieces: Sequence[Pieces]) -> tuple[NDArray[np.float64], Vectors]:
    """Where each chunk's pieces start, a row a chunk, and the sums of the pieces before each and of them all.

    The sums are a row a piece, so that those of all chunks are added at once.
    """
    most = max(len(one.starts) for one in pieces)
    starts = np.full((len(pieces), most), np.inf)
    totals = np.zeros((most + 1, len(pieces), pieces[0].sums.shape[1]), np.float32)
    for row, one in enumerate(pieces):
        starts[row, : len(one.starts)] = one.starts
        totals[1 : len(one.starts) + 1, row] = one.sums
    for before, total in pairwise(totals):
        total += before
    return starts, totals


def _inside(starts: NDArray[np.float64], chunks: Sequence[StoredChunk]) -> NDArray[np.bool_]:
    """The pieces that begin in their chunk, or cover its beginning."""
    start, end = (np.array([[chunk.start] for chunk in chunks]), np.array([[chunk.end] for chunk in chunks]))
    covering = np.maximum(np.count_nonzero(starts <= start, axis=1, keepdims=True) - 1, 0)
    return (starts < end) & (np.arange(starts.shape[1]) >= covering)


def _earlier(starts: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.intp]:
    """How many of its row's pieces begin before each of these seconds, one a row."""
    count: NDArray[np.intp] = np.count_nonzero(starts < seconds[:, None], axis=1)
    return count
