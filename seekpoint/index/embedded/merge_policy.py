"""When neighbouring segments are merged, as in Lucene's log merge policy: those of about one size, once there are many.

Each chunk is then rewritten about as often as the library has grown by `fan` times, and of segments there are never
more than some `fan` for each of these times. What is merged is only ever neighbours, so that segments stay in the
order of their ids. At the end of a build what it added last is merged further, since a question looks into each of
them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

# How much of a segment may be gone before it's rewritten alone.
_MOST_GONE = 0.25
# Segments are of about one size if none is larger than another by fan to this power.
_SPREAD = 0.75
# Merging smaller ones costs the same whatever their size.
_SMALLEST = 64
# No merge comes to more chunks; from there on segments become more in number instead, so that no small addition is ever
# paid for by all.
_MOST = 500_000


class Segment(NamedTuple):
    """A segment over the ids from `first` up to, not including, `stop`: how many chunks it holds, and how many live."""

    first: int
    stop: int
    chunks: int
    alive: int

    @property
    def size(self) -> int:
        """What it counts as beside others."""
        return max(self.alive, _SMALLEST)


def next_merge(segments: Sequence[Segment], fan: int = 8) -> slice | None:
    """The neighbours to be merged next, or the one segment to be written anew; None when all is well.

    `segments` are all there are, by ascending ids.
    """
    for place, segment in enumerate(segments):
        if not segment.alive:
            return slice(place, place + 1)
    for start, stop in _tiers(segments, fan):
        if stop - start >= fan:
            cost, place = _cheapest(segments[start:stop], fan)
            if cost <= _MOST:
                return slice(start + place, start + place + fan)
    for place, segment in enumerate(segments):
        if segment.chunks - segment.alive > _MOST_GONE * segment.chunks:
            return slice(place, place + 1)
    return None


def recently_added(segments: Sequence[Segment], added: int) -> slice:
    """The last segments, which hold what was added last, as many as come to half of the chunks that a build added."""
    reached = [*accumulate(segment.alive for segment in reversed(segments))]
    return slice(len(segments) - bisect_right(reached, min(added // 2, _MOST)), len(segments))


def _tiers(segments: Sequence[Segment], fan: int) -> Iterator[tuple[int, int]]:
    """Runs that each end with the last segment about as large as the largest left; smaller ones between count in."""
    start = 0
    while start < len(segments):
        least = max(segment.size for segment in segments[start:]) / fan**_SPREAD
        stop = max(place for place in range(start, len(segments)) if segments[place].size >= least) + 1
        yield start, stop
        start = stop


def _cheapest(segments: Sequence[Segment], fan: int) -> tuple[int, int]:
    """The fewest chunks in so many neighbours, and where these begin."""
    before = [0, *accumulate(segment.alive for segment in segments)]
    return min((before[place + fan] - before[place], place) for place in range(len(segments) - fan + 1))
