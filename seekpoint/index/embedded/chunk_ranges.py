"""Sets of chunk ids as ranges: what is alive, or what a filter keeps, is a few runs of ids however many ids it is."""

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
    """Half-open ranges of ids, ascending, none empty, none touching another."""

    starts: Ids
    stops: Ids

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Self:
        """The ids in any of some (first, stop), in any order."""
        table = np.array(sorted((first, stop) for first, stop in pairs if first < stop), np.int64).reshape(-1, 2)
        reached = np.maximum.accumulate(table[:, 1]) if len(table) else table[:, 1]
        is_first = np.ones(len(table), bool)
        is_first[1:] = table[1:, 0] > reached[:-1]
        last = np.flatnonzero(is_first)[1:] - 1
        return cls(table[is_first, 0], np.concatenate([reached[last], reached[-1:]]))

    def __len__(self) -> int:
        """How many ids there are."""
        return int((self.stops - self.starts).sum())

    def contains(self, ids: ArrayLike) -> NDArray[np.bool_]:
        """Which of some ids are in it."""
        wanted = np.asarray(ids, np.int64)
        place = np.searchsorted(self.starts, wanted, "right") - 1
        inside: NDArray[np.bool_] = place >= 0
        inside[inside] = wanted[inside] < self.stops[place[inside]]
        return inside

    def within(self, first: int, stop: int) -> Self:
        """Those ids that are in `first` up to, not including, `stop`."""
        low = int(np.searchsorted(self.stops, first, "right"))
        high = max(int(np.searchsorted(self.starts, stop, "left")), low) if first < stop else low
        return type(self)(np.maximum(self.starts[low:high], first), np.minimum(self.stops[low:high], stop))

    def intersection(self, other: Ranges) -> Ranges:
        """The ids that are in both."""
        few, many = sorted((self, other), key=lambda one: len(one.starts))
        parts = [many.within(int(a), int(b)) for a, b in zip(few.starts, few.stops, strict=True)]
        if not parts:
            return few
        return Ranges(np.concatenate([part.starts for part in parts]), np.concatenate([part.stops for part in parts]))

    def without(self, other: Ranges) -> Ranges:
        """The ids that aren't in another."""
        if not len(other.starts):
            return self
        edges = zip([_LEAST, *other.stops.tolist()], [*other.starts.tolist(), _MOST], strict=True)
        return self.intersection(Ranges.of(edges))

    def ids(self) -> Ids:
        """All the ids, ascending."""
        sizes = self.stops - self.starts
        before = np.cumsum(sizes) - sizes
        return np.repeat(self.starts - before, sizes) + np.arange(int(sizes.sum()), dtype=np.int64)

    def bitmap(self, first: int, stop: int) -> NDArray[np.uint8]:
        """A bit for each id from `first` up to, not including, `stop`, the lowest bit of a byte first."""
        marks = np.zeros(stop - first + 1, np.int8)
        here = self.within(first, stop)
        marks[here.starts - first] += 1
        marks[here.stops - first] -= 1
        return np.packbits(np.cumsum(marks[:-1], dtype=np.int8).astype(bool), bitorder="little")


class RangeScope:
    """The chunks that a search is limited to; `ranges` is `None` for all of them."""

    __slots__ = ("chunks", "ranges")

    def __init__(self, ranges: Ranges | None, chunks: int) -> None:
        self.ranges = ranges
        self.chunks = chunks

    def __len__(self) -> int:
        return self.chunks
