"""The cosines of windows of a transcript with the question; the vector of a window is summed up from its pieces."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import WINDOW_SECONDS
from seekpoint.query.search.settings import AHEAD, AROUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Pieces, StoredChunk, Vectors


# Chunks. Larger batches need newly allocated memory each time, which takes longer than the arithmetic.
_AT_ONCE = 20
_LEAST = np.float32(1e-24)
# Seconds. Of windows that were embedded by themselves, those add up that end within the seconds asked for, and always
# the one that begins at the piece.
_ITSELF = 1e-6


class Windows(NamedTuple):
    """The cosines of the windows at each piece that begins in a chunk or covers its beginning.

    `ahead` is the cosine of the AHEAD seconds from the piece's start on, `around` that of the AROUND seconds around it.
    """

    starts: Sequence[float]
    ahead: Sequence[float]
    around: Sequence[float]

    @property
    def meaning(self) -> float:
        """The chunk's cosine: the mean of its best window ahead and its best window around."""
        return (max(self.ahead) + max(self.around)) / 2

    def ahead_at(self, seconds: float) -> float:
        """The cosine of the window ahead of the piece that contains a second."""
        return self.ahead[max(bisect_right(self.starts, seconds) - 1, 0)]


def windows(
    chunks: Sequence[StoredChunk],
    pieces: Mapping[int, Pieces],
    means: Mapping[str, Vectors],
    question: Vectors,
    scale: float = 1.0,
) -> dict[int, Windows]:
    """The windows of chunks, by chunk id, their cosines multiplied by `scale`; chunks without pieces are left out.

    `pieces` are those of each chunk and of AROUND / 2 seconds before and after it, by chunk id. `means` are the window
    means of the languages, and `question` is centred.
    """
    by_chunk: dict[int, Windows] = {}
    for first in range(0, len(chunks), _AT_ONCE):
        by_chunk |= _batch(chunks[first : first + _AT_ONCE], pieces, means, np.float32(scale) * question)
    return by_chunk


def _batch(
    chunks: Sequence[StoredChunk], pieces: Mapping[int, Pieces], means: Mapping[str, Vectors], question: Vectors
) -> dict[int, Windows]:
    starts, totals = _padded([pieces[chunk.id] for chunk in chunks])
    inside = _inside(starts, chunks)
    row, _ = inside.nonzero()
    spoken = [primary(chunk.language) for chunk in chunks]
    languages = sorted(set(spoken))
    language = np.array([languages.index(tag) for tag in spoken])[row]
    language_means = np.stack([means[tag] for tag in languages])
    seconds, chunk_starts = starts[inside], starts[row]
    covered = np.array([WINDOW_SECONDS if pieces[chunk.id].are_windows else 0.0 for chunk in chunks])[row]

    def cosines(before: float, after: float) -> list[float]:
        sums = totals[_count_before(chunk_starts, seconds + np.maximum(after - covered, _ITSELF)), row]
        sums -= totals[_count_before(chunk_starts, seconds - before), row]
        return _cosines(sums, language_means, language, question)

    columns = seconds.tolist(), cosines(0, AHEAD), cosines(AROUND / 2, AROUND / 2)
    bounds = pairwise([0, *np.cumsum(inside.sum(axis=1)).tolist()])
    return {
        chunk.id: Windows(*(column[first:stop] for column in columns))
        for chunk, (first, stop) in zip(chunks, bounds, strict=True)
        if first < stop
    }


def _cosines(sums: Vectors, means: Vectors, language: NDArray[np.intp], question: Vectors) -> list[float]:
    """The cosine of each row of `sums`, normalised and centred by its language's mean, with a centred question.

    `language` is the index of each row's mean. The result for a row doesn't depend on the other rows, which a matrix
    product can't guarantee.
    """
    squares = np.vecdot(sums, sums)
    lengths = np.sqrt(np.maximum(squares, _LEAST))
    along = np.vecdot(sums, question) / lengths - np.vecdot(means, question)[language]
    onto = np.vecdot(sums[:, None], means)[np.arange(len(sums)), language] / lengths
    rest = squares / lengths**2 - 2 * onto + np.vecdot(means, means)[language]
    cosines: list[float] = (along / np.sqrt(np.maximum(rest, _LEAST))).tolist()
    return cosines


def _padded(pieces: Sequence[Pieces]) -> tuple[NDArray[np.float64], Vectors]:
    """The starts of each chunk's pieces, padded with infinity, and the cumulative sums of their vectors.

    Shapes: starts (chunks, pieces), sums (pieces + 1, chunks, dimension). The pieces are the first axis of the sums, so
    that those of all chunks are added at once.
    """
    most = max(len(chunk_pieces.starts) for chunk_pieces in pieces)
    starts = np.full((len(pieces), most), np.inf)
    totals = np.zeros((most + 1, len(pieces), pieces[0].sums.shape[1]), np.float32)
    for row, chunk_pieces in enumerate(pieces):
        starts[row, : len(chunk_pieces.starts)] = chunk_pieces.starts
        totals[1 : len(chunk_pieces.starts) + 1, row] = chunk_pieces.sums
    for previous, total in pairwise(totals):
        total += previous
    return starts, totals


def _inside(starts: NDArray[np.float64], chunks: Sequence[StoredChunk]) -> NDArray[np.bool_]:
    """Whether each piece begins in its chunk or covers its beginning; shape (chunks, pieces)."""
    start, end = (np.array([[chunk.start] for chunk in chunks]), np.array([[chunk.end] for chunk in chunks]))
    covering = np.maximum(np.count_nonzero(starts <= start, axis=1, keepdims=True) - 1, 0)
    return (starts < end) & (np.arange(starts.shape[1]) >= covering)


def _count_before(starts: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.intp]:
    """The number of pieces in each row of `starts` that begin before the row's second."""
    count: NDArray[np.intp] = np.count_nonzero(starts < seconds[:, None], axis=1)
    return count
