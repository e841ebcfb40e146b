"""Sets of chunk ids as ranges.

The chunks that a library has, or that a filter keeps, are a few runs of consecutive ids, however many ids these have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Ids = NDArray[np.int64]

_LEAST, _MOST = -(1 << 62), 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Half-open ranges of ids in ascending order; none is empty, and no two touch."""

    starts: Ids
    stops: Ids

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Self:
        """The union of half-open ranges (first, stop), which may overlap and come in any order."""
        table = np.array(sorted((first, stop) for first, stop in pairs if first < stop), np.int64).reshape(-1, 2)
        highest_stops = np.maximum.accumulate(table[:, 1]) if len(table) else table[:, 1]
        is_first = np.ones(len(table), bool)
        is_first[1:] = table[1:, 0] > highest_stops[:-1]
        last = np.flatnonzero(is_first)[1:] - 1
        return cls(table[is_first, 0], np.concatenate([highest_stops[last], highest_stops[-1:]]))

    def __len__(self) -> int:
        """The number of ids."""
        return int((self.stops - self.starts).sum())

    def contains(self, ids: ArrayLike) -> NDArray[np.bool_]:
        """Whether each of the ids is in the set."""
        array = np.asarray(ids, np.int64)
        position = np.searchsorted(self.starts, array, "right") - 1
        inside: NDArray[np.bool_] = position >= 0
        inside[inside] = array[inside] < self.stops[position[inside]]
        return inside

    def within(self, first: int, stop: int) -> Self:
        """The ids in [first, stop)."""
        low = int(np.searchsorted(self.stops, first, "right"))
        high = max(int(np.searchsorted(self.starts, stop, "left")), low) if first < stop else low
        return type(self)(np.maximum(self.starts[low:high], first), np.minimum(self.stops[low:high], stop))

    def intersection(self, other: Ranges) -> Ranges:
        """The ids that are in both sets."""
        few, many = sorted((self, other), key=lambda ranges: len(ranges.starts))
        parts = [many.within(int(a), int(b)) for a, b in zip(few.starts, few.stops, strict=True)]
        if not parts:
            return few
        return Ranges(np.concatenate([part.starts for part in parts]), np.concatenate([part.stops for part in parts]))

    def without(self, other: Ranges) -> Ranges:
        """The ids that aren't in the other set."""
        if not len(other.starts):
            return self
        edges = zip([_LEAST, *other.stops.tolist()], [*other.starts.tolist(), _MOST], strict=True)
        return self.intersection(Ranges.of(edges))

    def ids(self) -> Ids:
        """All ids in ascending order."""
        sizes = self.stops - self.starts
        before = np.cumsum(sizes) - sizes
        return np.repeat(self.starts - before, sizes) + np.arange(int(sizes.sum()), dtype=np.int64)

    def bitmap(self, first: int, stop: int) -> NDArray[np.uint8]:
        """A bit for each id in [first, stop), least significant bit first, as FAISS takes it."""
        steps = np.zeros(stop - first + 1, np.int8)
        covered = self.within(first, stop)
        steps[covered.starts - first] += 1
        steps[covered.stops - first] -= 1
        return np.packbits(np.cumsum(steps[:-1], dtype=np.int8).astype(bool), bitorder="little")


class RangeScope:
    """The chunks that a search is limited to; `ranges` is `None` for all chunks."""

    __slots__ = ("chunks", "ranges")

    def __init__(self, ranges: Ranges | None, chunks: int) -> None:
        self.ranges = ranges
        self.chunks = chunks

    def __len__(self) -> int:
        return self.chunks
