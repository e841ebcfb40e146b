"""When segments are merged: `fan` neighbours of about one size become one, as in Lucene's log merge policy.

So a chunk is rewritten about once each time that the library grows by a factor of `fan`, and there are never more than
some `fan` segments for each of these factors. Only neighbours are merged, so that segments stay in the order of their
ids. At the end of a build the segments that it added last are merged further, since a question looks into each segment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

# The share of a segment's chunks that may be removed before the segment is rewritten by itself.
_MOST_GONE = 0.25
# Segments are of about one size if the largest is at most fan ** _SPREAD times as large as the smallest.
_SPREAD = 0.75
# Chunks. The cost of merging smaller segments doesn't depend on their size.
_SMALLEST = 64
# The most chunks that a merge may write. In larger libraries the number of segments grows instead, so that adding a few
# chunks never rewrites everything.
_MOST = 500_000


class Segment(NamedTuple):
    """A segment over the ids in [first, stop): how many chunks it holds, and how many of them aren't removed."""

    first: int
    stop: int
    chunks: int
    alive: int

    @property
    def size(self) -> int:
        """The size by which segments are compared."""
        return max(self.alive, _SMALLEST)


def next_merge(segments: Sequence[Segment], fan: int = 8) -> slice | None:
    """The neighbours to merge next, or the one segment to rewrite; `None` when nothing is due.

    `segments` are all segments by ascending ids.
    """
    for index, segment in enumerate(segments):
        if not segment.alive:
            return slice(index, index + 1)
    for start, stop in _tiers(segments, fan):
        if stop - start >= fan:
            cost, offset = _cheapest(segments[start:stop], fan)
            if cost <= _MOST:
                return slice(start + offset, start + offset + fan)
    for index, segment in enumerate(segments):
        if segment.chunks - segment.alive > _MOST_GONE * segment.chunks:
            return slice(index, index + 1)
    return None


def recently_added(segments: Sequence[Segment], added: int) -> slice:
    """The last segments that together hold at most half of the `added` chunks: those that a build added last."""
    totals = [*accumulate(segment.alive for segment in reversed(segments))]
    return slice(len(segments) - bisect_right(totals, min(added // 2, _MOST)), len(segments))


def _tiers(segments: Sequence[Segment], fan: int) -> Iterator[tuple[int, int]]:
    """Runs of segments of about one size, as (start, stop).

    Each run ends with the last segment that is about as large as the largest one from `start` on; smaller segments in
    between belong to it.
    """
    start = 0
    while start < len(segments):
        least = max(segment.size for segment in segments[start:]) / fan**_SPREAD
        stop = max(index for index in range(start, len(segments)) if segments[index].size >= least) + 1
        yield start, stop
        start = stop


def _cheapest(segments: Sequence[Segment], fan: int) -> tuple[int, int]:
    """The `fan` neighbours with the fewest chunks: that number, and the index of the first of them."""
    before = [0, *accumulate(segment.alive for segment in segments)]
    return min((before[index + fan] - before[index], index) for index in range(len(segments) - fan + 1))
