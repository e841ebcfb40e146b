"""The terms of a chunk as bytes: its length, and how often it has each term, by the term's number.

The terms of many chunks are encoded and decoded together with NumPy. A chunk is laid out as:

    2 bytes  how many different terms it has
    2 bytes  its length: how many terms it has with repetitions
    counts   of each term, 4 bits each, minus 1; MOST_COUNT stands for that many or more
    gaps     between ascending term numbers, 7 bits a byte, the lowest first; the last byte of a gap is below 128

A frequent term is met early and gets a low number, so most gaps take one byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_COUNT = 16
"""The highest count; more occurrences are stored as this one. BM25 saturates: 16 are worth 93 % of any number."""

MOST_LENGTH = (1 << 16) - 1
"""Longer lengths are stored as this one."""

_HEAD = np.dtype([("terms", "<u2"), ("length", "<u2")])
_GROUP_BITS, _MORE = 7, 128
_MOST_GROUPS = 5
_BROKEN = "the terms of a chunk don't fit their sizes"


class TermCounts(NamedTuple):
    """The terms of several chunks, concatenated: the number of terms and the length of each chunk, all numbers, counts.

    The numbers of a chunk's terms ascend.
    """

    sizes: NDArray[np.int64]
    lengths: NDArray[np.int64]
    numbers: NDArray[np.uint32]
    counts: NDArray[np.uint8]


def encode(terms: TermCounts) -> list[bytes]:
    """Each chunk as bytes."""
    sizes = terms.sizes
    starts = np.cumsum(sizes) - sizes
    gaps = terms.numbers.astype(np.int64)
    gaps[1:] -= gaps[:-1].copy()
    gaps[starts[sizes > 0]] = terms.numbers[starts[sizes > 0]]
    groups = _group_counts(gaps)
    gap_bytes = _packed_gaps(gaps, groups).tobytes()
    gap_ends = np.append(0, np.cumsum(groups))[np.append(0, np.cumsum(sizes))]
    heads = np.empty(len(sizes), _HEAD)
    heads["terms"], heads["length"] = sizes, np.minimum(terms.lengths, MOST_LENGTH)
    head_bytes, counts = heads.tobytes(), terms.counts - 1
    return [
        head_bytes[_HEAD.itemsize * k : _HEAD.itemsize * (k + 1)]
        + _nibbles(counts[start : start + size])
        + gap_bytes[gap_ends[k] : gap_ends[k + 1]]
        for k, (start, size) in enumerate(zip(starts.tolist(), sizes.tolist(), strict=True))
    ]


def decode(chunks: Sequence[bytes]) -> TermCounts:
    """The terms of some chunks; raises ValueError for bytes that `encode` can't have written."""
    data, lengths = np.frombuffer(b"".join(chunks), np.uint8), np.array([*map(len, chunks)], np.int64)
    if (lengths < _HEAD.itemsize).any():
        raise ValueError(_BROKEN)
    heads = np.frombuffer(b"".join([chunk[: _HEAD.itemsize] for chunk in chunks]), _HEAD)
    sizes = heads["terms"].astype(np.int64)
    head_bytes, count_bytes = np.full(len(chunks), _HEAD.itemsize), (sizes + 1) // 2
    parts = np.stack([head_bytes, count_bytes, lengths - head_bytes - count_bytes])
    if (parts < 0).any():
        raise ValueError(_BROKEN)
    part = np.repeat(np.tile(np.arange(3, dtype=np.uint8), len(chunks)), parts.T.ravel())
    numbers = _unpacked_gaps(data[part == 2], parts[2], sizes)
    return TermCounts(sizes, heads["length"].astype(np.int64), numbers, _unpacked_counts(data[part == 1], sizes))


def _group_counts(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many groups of 7 bits each value takes."""
    groups = np.ones(len(values), np.int64)
    for k in range(1, _MOST_GROUPS):
        groups += values >= 1 << (_GROUP_BITS * k)
    return groups


def _packed_gaps(gaps: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.uint8]:
    starts = np.cumsum(groups) - groups
    packed = np.empty(int(groups.sum()), np.uint8)
    for k in range(_MOST_GROUPS):
        has = groups > k
        packed[starts[has] + k] = (gaps[has] >> (_GROUP_BITS * k)) % _MORE + _MORE * (groups[has] > k + 1)
    return packed


def _nibbles(counts: NDArray[np.uint8]) -> bytes:
    padded = np.append(counts, np.zeros(len(counts) % 2, np.uint8))
    return (padded[::2] | padded[1::2] << 4).tobytes()


def _unpacked_gaps(
    packed: NDArray[np.uint8], lengths: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """The term numbers of all chunks from their gaps, which take `lengths` bytes of each chunk."""
    ends = np.flatnonzero(packed < _MORE)
    ends_before = np.searchsorted(ends, np.append(0, np.cumsum(lengths)))
    groups = np.diff(ends, prepend=-1)
    if (np.diff(ends_before) != sizes).any() or (packed[-1:] >= _MORE).any() or (groups > _MOST_GROUPS).any():
        raise ValueError(_BROKEN)
    totals = np.zeros(len(ends) + 1, np.uint32)
    gaps = totals[1:]
    gaps[:] = packed[ends]
    longer, before = np.flatnonzero(groups > 1), 1
    while len(longer):  # the last group has the highest bits
        gaps[longer] = gaps[longer] << _GROUP_BITS | packed[ends[longer] - before] & (_MORE - 1)
        before += 1
        longer = longer[groups[longer] > before]
    np.cumsum(gaps, out=gaps)  # modulo 2**32, like the differences below
    numbers: NDArray[np.uint32] = gaps - np.repeat(totals[ends_before[:-1]], sizes)
    return numbers


def _unpacked_counts(packed: NDArray[np.uint8], sizes: NDArray[np.int64]) -> NDArray[np.uint8]:
    counts = np.empty(2 * len(packed), np.uint8)
    counts[::2], counts[1::2] = packed & 15, packed >> 4
    is_filler = np.zeros(len(counts), bool)
    is_filler[np.cumsum(sizes + sizes % 2)[sizes % 2 > 0] - 1] = True
    found: NDArray[np.uint8] = counts[~is_filler] + np.uint8(1)
    return found
