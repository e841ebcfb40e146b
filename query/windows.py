"""Windows of a transcript around a place, made of its pieces: how near their meaning is to the question's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from index.centring import centred

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.types import Pieces, Vectors

# Seconds. What is said in the half minute from a place on, and in the minute and a half around it, tell together
# better than a chunk of 45 s alone: moment@1 .57 -> .61 on dev-natural, .38 -> .41 on fast.ai's headings.
AHEAD = 30.0
AROUND = 90.0


@dataclass(frozen=True, slots=True)
class Windows:
    """The cosines of the windows at each piece that begins in a chunk, or covers its beginning."""

    starts: NDArray[np.float64]
    ahead: Vectors
    around: Vectors

    @property
    def meaning(self) -> float:
        """How near the chunk is, by its best windows."""
        return float(self.ahead.max() + self.around.max()) / 2

    def ahead_at(self, seconds: float) -> float:
        """The cosine of the window from the piece on that a second lies in."""
        return float(self.ahead[max(int(np.searchsorted(self.starts, seconds, "right")) - 1, 0)])


def windows(pieces: Pieces, mean: Vectors, question: Vectors, start: float, end: float) -> Windows | None:
    """The windows of a chunk; `None` where it has no pieces.

    `pieces` are those of the chunk and of AROUND / 2 seconds before and after it, `mean` is that of its language, and
    `question` is centred.
    """
    inside = np.flatnonzero(pieces.starts < end)
    inside = inside[max(int(np.searchsorted(pieces.starts[inside], start, "right")) - 1, 0) :]
    if not len(inside):
        return None
    starts = pieces.starts[inside]
    totals = np.concatenate([np.zeros((1, pieces.sums.shape[1]), np.float32), np.cumsum(pieces.sums, axis=0)])

    def cosines(before: float, after: float) -> Vectors:
        first = np.searchsorted(pieces.starts, starts - before)
        stop = np.searchsorted(pieces.starts, starts + after)
        sums = totals[stop] - totals[first]
        units = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-12))
        found: Vectors = centred(units, mean) @ question
        return found

    return Windows(starts, cosines(0.0, AHEAD), cosines(AROUND / 2, AROUND / 2))
