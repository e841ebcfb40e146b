"""Posting lists as bytes: the ids of the chunks that have a term, as gaps, and how often each has it.

Many lists are encoded and decoded together, without a step in Python for each number.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Gap = np.dtype[np.unsignedinteger]

# A list: its kind, how many ids it has, the first; the gaps to the others; how often each has the term.
_HEAD = np.dtype([("kind", "u1"), ("number", "<u4"), ("first", "<i8")])
# A gap is a number of one of these types, whose largest value stands for itself and what follows it. The kind is the
# type's place here, and more where counts follow.
_GAPS: list[Gap] = [np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")]
_WITH_COUNTS = 4
MOST_COUNT = 255


class Lists(NamedTuple):
    """Some posting lists one after another: how long each is, all their ids, and how often each chunk has the term."""

    sizes: NDArray[np.int64]
    ids: NDArray[np.int64]
    counts: NDArray[np.uint8]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each list begins."""
        return starts_of(self.sizes)


def encode(lists: Lists) -> list[bytes]:
    """Each list as bytes; none may be empty, nor its ids anything but ascending."""
    sizes, starts = lists.sizes, lists.starts
    gaps = np.diff(lists.ids, prepend=0)
    gaps[starts] = 0
    entries = np.stack([sizes - 1 + np.add.reduceat(gaps // largest(kind), starts) for kind in _GAPS])
    kinds = np.argmin(entries * [[kind.itemsize] for kind in _GAPS], axis=0)
    has_counts = np.maximum.reduceat(lists.counts, starts) > 1
    heads = np.empty(len(sizes), _HEAD)
    heads["kind"], heads["number"], heads["first"] = kinds + _WITH_COUNTS * has_counts, sizes, lists.ids[starts]
    packed = [b""] * len(sizes)
    is_gap = _others(sizes)
    for kind, dtype in enumerate(_GAPS):
        chosen = np.flatnonzero(kinds == kind)
        stream = _packed_gaps(gaps[np.repeat(kinds == kind, sizes) & is_gap], dtype)
        for place, piece in zip(chosen.tolist(), _cut(stream, entries[kind, chosen] * dtype.itemsize), strict=True):
            packed[place] = piece
    counts = _cut(lists.counts[np.repeat(has_counts, sizes)].tobytes(), np.where(has_counts, sizes, 0))
    return [
        b"".join(parts)
        for parts in zip(_cut(heads.tobytes(), np.full(len(sizes), _HEAD.itemsize)), packed, counts, strict=True)
    ]


def decode(blobs: Sequence[bytes], firsts: NDArray[np.int64], stops: NDArray[np.int64]) -> Lists:
    """The lists that were encoded, each of ids from its `firsts` up to, not including, its `stops`.

    Raises ValueError for what `encode` can't have written.
    """
    lengths = np.fromiter(map(len, blobs), np.int64, len(blobs)) - _HEAD.itemsize
    require(bool((lengths >= 0).all()))
    heads = np.frombuffer(b"".join([blob[: _HEAD.itemsize] for blob in blobs]), _HEAD)
    sizes = heads["number"].astype(np.int64)
    kinds, has_counts = heads["kind"] % _WITH_COUNTS, heads["kind"] >= _WITH_COUNTS
    gap_bytes = lengths - np.where(has_counts, sizes, 0)
    require(bool(((heads["kind"] < 2 * _WITH_COUNTS) & (kinds < len(_GAPS))).all()))
    # What is said to follow must fit into what is there, or a few bytes could ask for gigabytes.
    require(bool(((sizes > 0) & (sizes - 1 <= gap_bytes >> kinds) & (gap_bytes % (1 << kinds) == 0)).all()))
    require(bool((heads["first"] >= firsts).all()) and bool((heads["first"] < stops).all()))
    ids = np.repeat(heads["first"].astype(np.int64), sizes)
    is_gap = _others(sizes)
    for kind, dtype in enumerate(_GAPS):
        chosen = np.flatnonzero((kinds == kind) & (gap_bytes > 0))
        if len(chosen):
            ends = (gap_bytes[chosen] + _HEAD.itemsize).tolist()
            pieces = [blobs[place][_HEAD.itemsize : end] for place, end in zip(chosen.tolist(), ends, strict=True)]
            stream = np.frombuffer(b"".join(pieces), dtype)
            offsets = _offsets(stream, gap_bytes[chosen] >> kind, sizes[chosen] - 1)
            ids[np.repeat(kinds == kind, sizes) & is_gap] += offsets
    require(bool(((ids[1:] > ids[:-1]) | ~is_gap[1:]).all()))
    require(bool((ids[starts_of(sizes) + sizes - 1] < stops).all()))
    counts = np.ones(len(ids), np.uint8)
    tails = [blobs[place][-size:] for place, size in enumerate(sizes.tolist()) if has_counts[place]]
    counts[np.repeat(has_counts, sizes)] = np.frombuffer(b"".join(tails), np.uint8)
    require(bool(counts.all()))
    return Lists(sizes, ids, counts)


def shifted(data: bytes, by: int) -> bytes:
    """A list that was encoded, with ids that are so much higher."""
    head = np.frombuffer(data, _HEAD, 1).copy()
    head["first"] += by
    return head.tobytes() + data[_HEAD.itemsize :]


def require(holds: bool) -> None:
    """Raise ValueError where something doesn't hold that holds for all lists."""
    if not holds:
        raise ValueError("a posting list isn't what was written")


def largest(kind: Gap) -> int:
    """The largest number of a type."""
    return int(np.iinfo(kind).max)


def starts_of(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each list begins, of lists of these sizes one after another."""
    starts: NDArray[np.int64] = np.cumsum(sizes) - sizes
    return starts


def _others(sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which places aren't the first of a list."""
    others = np.ones(int(sizes.sum()), bool)
    others[starts_of(sizes)] = False
    return others


def _packed_gaps(gaps: NDArray[np.int64], dtype: Gap) -> bytes:
    most = largest(dtype)
    stops = np.cumsum(gaps // most + 1)
    packed = np.full(int(stops[-1]) if len(stops) else 0, most, dtype)
    packed[stops - 1] = gaps % most
    return packed.tobytes()


def _offsets(
    stream: NDArray[np.unsignedinteger], entries: NDArray[np.int64], numbers: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How far each id is from the first of its list, which isn't itself in the stream."""
    starts = starts_of(entries)
    is_last = stream != largest(stream.dtype)
    require(bool((np.add.reduceat(is_last, starts, dtype=np.int64) == numbers).all()))
    reached = np.cumsum(stream, dtype=np.int64)
    offsets: NDArray[np.int64] = reached[is_last] - np.repeat(reached[starts] - stream[starts], numbers)
    return offsets


def _cut(data: bytes, sizes: NDArray[np.int64]) -> list[bytes]:
    return [data[start:stop] for start, stop in pairwise([0, *np.cumsum(sizes).tolist()])]
