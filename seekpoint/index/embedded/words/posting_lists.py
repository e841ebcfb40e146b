"""Encoding posting lists as bytes: the ids of the chunks that have a term, as gaps, and how often each has it.

Many lists are encoded and decoded together with NumPy, without a Python loop over the numbers. A list is laid out as:

    1 byte   kind: index into _GAPS + _COUNTED * how the counts are stored (_NO_BITS, _NIBBLES or _BYTES)
    gaps     between ascending ids, the first one counted from the segment's first id; numbers of a type in _GAPS,
             whose largest value means that the next number is added to it
    counts   nothing if all are 1; 4 bits each, minus 1, if none is above 16; else a byte each
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Gap = np.dtype[np.unsignedinteger]

_GAPS: list[Gap] = [np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4")]
_COUNTED = 4
_NO_BITS, _NIBBLES, _BYTES = range(3)
_MOST_IN_NIBBLE = 16
_KINDS = 3 * _COUNTED
MOST_COUNT = 255


class Lists(NamedTuple):
    """Several posting lists, concatenated: the size of each, all ids, and the count of the term in each chunk."""

    sizes: NDArray[np.int64]
    ids: NDArray[np.int64]
    counts: NDArray[np.uint8]

    @property
    def starts(self) -> NDArray[np.int64]:
        """The index at which each list begins."""
        return starts_of(self.sizes)


def encode(lists: Lists, first: int) -> list[bytes]:
    """Each list as bytes, for a segment whose first id is `first`. No list may be empty, and ids have to ascend."""
    sizes, starts = lists.sizes, lists.starts
    gaps = np.diff(lists.ids, prepend=0)
    gaps[starts] = lists.ids[starts] - first
    entries = np.stack([sizes + np.add.reduceat(gaps // largest(kind), starts) for kind in _GAPS])
    kinds = np.argmin(entries * [[kind.itemsize] for kind in _GAPS], axis=0)
    highest = np.maximum.reduceat(lists.counts, starts)
    counted = np.where(highest == 1, _NO_BITS, np.where(highest <= _MOST_IN_NIBBLE, _NIBBLES, _BYTES))
    packed = [b""] * len(sizes)
    for kind, dtype in enumerate(_GAPS):
        chosen = np.flatnonzero(kinds == kind)
        stream = _packed_gaps(gaps[np.repeat(kinds == kind, sizes)], dtype)
        for k, part in zip(chosen.tolist(), _split(stream, entries[kind, chosen] * dtype.itemsize), strict=True):
            packed[k] = part
    heads = (kinds + _COUNTED * counted).astype(np.uint8).tobytes()
    counts = _packed_counts(lists, counted)
    return [heads[k : k + 1] + packed[k] + counts[k] for k in range(len(sizes))]


def decode(
    blobs: Sequence[bytes], sizes: NDArray[np.int64], firsts: NDArray[np.int64], stops: NDArray[np.int64]
) -> Lists:
    """Decode lists of the given sizes, whose segments span the ids [firsts, stops).

    Raises ValueError for bytes that `encode` can't have written.
    """
    heads = np.frombuffer(b"".join([blob[:1] for blob in blobs]), np.uint8)
    require(len(heads) == len(blobs) and bool((heads < _KINDS).all()) and bool((heads % _COUNTED < len(_GAPS)).all()))
    require(bool((sizes > 0).all()))
    kinds, counted = heads % _COUNTED, heads // _COUNTED
    count_bytes = np.choose(counted, [np.zeros_like(sizes), (sizes + 1) // 2, sizes])
    gap_bytes = np.fromiter(map(len, blobs), np.int64, len(blobs)) - 1 - count_bytes
    # Each id takes at least one gap: without this check a few forged bytes could claim gigabytes of ids.
    require(bool(((sizes <= gap_bytes >> kinds) & (gap_bytes % (1 << kinds) == 0)).all()))
    ids = _decoded_gaps(blobs, kinds, gap_bytes, sizes, firsts)
    require(bool((ids[starts_of(sizes) + sizes - 1] < stops).all()))
    is_ascending = ids[1:] > ids[:-1]
    is_ascending[np.cumsum(sizes)[:-1] - 1] = True
    require(bool(is_ascending.all()))
    counts = _decoded_counts(blobs, counted, sizes)
    require(bool(counts.all()))
    return Lists(sizes, ids, counts)


def require(holds: bool) -> None:
    """Raise ValueError unless a condition holds that holds for every list of `encode`."""
    if not holds:
        raise ValueError("a posting list isn't what was written")


def largest(kind: Gap) -> int:
    """The largest number of an integer type."""
    return int(np.iinfo(kind).max)


def starts_of(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The index at which each list begins, if lists of these sizes are concatenated."""
    starts: NDArray[np.int64] = np.cumsum(sizes) - sizes
    return starts


# Gaps


def _packed_gaps(gaps: NDArray[np.int64], dtype: Gap) -> bytes:
    most = largest(dtype)
    stops = np.cumsum(gaps // most + 1)
    packed = np.full(int(stops[-1]) if len(stops) else 0, most, dtype)
    packed[stops - 1] = gaps % most
    return packed.tobytes()


def _decoded_gaps(
    blobs: Sequence[bytes],
    kinds: NDArray[np.uint8],
    gap_bytes: NDArray[np.int64],
    sizes: NDArray[np.int64],
    firsts: NDArray[np.int64],
) -> NDArray[np.int64]:
    ids = np.empty(0, np.int64)
    for kind, dtype in enumerate(_GAPS):
        chosen = np.flatnonzero(kinds == kind)
        if len(chosen):
            ends = (gap_bytes[chosen] + 1).tolist()
            parts = [blobs[k][1:end] for k, end in zip(chosen.tolist(), ends, strict=True)]
            stream = np.frombuffer(b"".join(parts), dtype)
            decoded = _ids_from_gaps(stream, gap_bytes[chosen] >> kind, sizes[chosen], firsts[chosen])
            if len(chosen) == len(blobs):
                return decoded
            ids = ids if len(ids) else np.empty(int(sizes.sum()), np.int64)
            ids[np.repeat(kinds == kind, sizes)] = decoded
    return ids


def _ids_from_gaps(
    stream: NDArray[np.unsignedinteger],
    entries: NDArray[np.int64],
    sizes: NDArray[np.int64],
    firsts: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The ids of lists with `entries` numbers in the stream and `sizes` ids each."""
    starts = starts_of(entries)
    ids: NDArray[np.int64] = np.cumsum(stream, dtype=np.int64)
    befores = ids[starts] - stream[starts]
    is_last = stream != largest(stream.dtype)
    if not is_last.all() or len(ids) != int(sizes.sum()):
        require(bool((np.add.reduceat(is_last, starts, dtype=np.int64) == sizes).all()))
        ids = ids[is_last]
    ids += np.repeat(firsts - befores, sizes)
    return ids


# Counts


def _packed_counts(lists: Lists, counted: NDArray[np.int64]) -> list[bytes]:
    """The encoded counts of each list."""
    packed = [b""] * len(counted)
    chosen = np.flatnonzero(counted == _BYTES)
    parts = _split(lists.counts[np.repeat(counted == _BYTES, lists.sizes)].tobytes(), lists.sizes[chosen])
    for k, part in zip(chosen.tolist(), parts, strict=True):
        packed[k] = part
    chosen = np.flatnonzero(counted == _NIBBLES)
    sizes = lists.sizes[chosen]
    nibbles = np.zeros(int((sizes + sizes % 2).sum()), np.uint8)
    nibbles[_is_nibble_used(sizes)] = lists.counts[np.repeat(counted == _NIBBLES, lists.sizes)] - 1
    for k, part in zip(
        chosen.tolist(), _split((nibbles[::2] | nibbles[1::2] << 4).tobytes(), (sizes + 1) // 2), strict=True
    ):
        packed[k] = part
    return packed


def _decoded_counts(blobs: Sequence[bytes], counted: NDArray[np.uint8], sizes: NDArray[np.int64]) -> NDArray[np.uint8]:
    counts = np.ones(int(sizes.sum()), np.uint8)
    if (counted == _BYTES).any():
        chosen = np.flatnonzero(counted == _BYTES)
        tails = [blobs[k][-size:] for k, size in zip(chosen.tolist(), sizes[chosen].tolist(), strict=True)]
        counts[np.repeat(counted == _BYTES, sizes)] = np.frombuffer(b"".join(tails), np.uint8)
    if (counted == _NIBBLES).any():
        chosen = np.flatnonzero(counted == _NIBBLES)
        lengths = ((sizes[chosen] + 1) // 2).tolist()
        tails = [blobs[k][-length:] for k, length in zip(chosen.tolist(), lengths, strict=True)]
        data = np.frombuffer(b"".join(tails), np.uint8)
        nibbles = np.stack([data & 15, data >> 4], axis=1).ravel()
        counts[np.repeat(counted == _NIBBLES, sizes)] = nibbles[_is_nibble_used(sizes[chosen])] + 1
    return counts


def _is_nibble_used(sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which nibbles hold a count: a list of odd size leaves the last nibble of its last byte unused."""
    is_used = np.ones(int((sizes + sizes % 2).sum()), bool)
    is_used[np.cumsum(sizes + sizes % 2)[sizes % 2 == 1] - 1] = False
    return is_used


def _split(data: bytes, sizes: NDArray[np.int64]) -> list[bytes]:
    return [data[start:stop] for start, stop in pairwise([0, *np.cumsum(sizes).tolist()])]
