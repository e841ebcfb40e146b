"""The terms of a chunk as bytes: its length, and how often it has each term, by the term's number.

The terms of many chunks are encoded and decoded together with NumPy. A chunk is laid out in units of 16 bits:

    length   how many terms the chunk has, with repetitions
    entries  of ascending terms, 4 bits of count (1 to MOST_COUNT) under 12 bits of gap to the number before; an entry
             with the count 0 is no term, and adds 4,096 times its gap

A frequent term is met early and gets a low number, so few gaps need a second entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.types import TermMatrix

_COUNT_BITS, _GAP_BITS = 4, 12

MOST_COUNT = (1 << _COUNT_BITS) - 1
"""The highest count; more occurrences are stored as this one. BM25 saturates: 15 are worth 93 % of any number."""

MOST_LENGTH = (1 << 16) - 1
"""Longer lengths are stored as this one."""

_UNIT = np.dtype("<u2")


class TermCounts(NamedTuple):
    """The terms of several chunks, concatenated: the number of terms and the length of each chunk, all numbers, counts.

    The numbers of a chunk's terms ascend.
    """

    sizes: NDArray[np.int64]
    lengths: NDArray[np.int64]
    numbers: NDArray[np.uint32]
    counts: NDArray[np.uint8]


def encode(terms: TermCounts) -> list[bytes]:
    """Each chunk as bytes; raises ValueError for a gap of 2**24 or more between term numbers."""
    stops = np.cumsum(terms.sizes)
    gaps = terms.numbers.astype(np.int64)
    gaps[1:] -= gaps[:-1].copy()
    starts = (stops - terms.sizes)[terms.sizes > 0]
    gaps[starts] = terms.numbers[starts]
    high = gaps >> _GAP_BITS
    if (high >> _GAP_BITS).any():
        raise ValueError("there are too many terms")
    entries = ((gaps << _COUNT_BITS) | terms.counts).astype(_UNIT)
    entries = np.insert(entries, np.flatnonzero(high), (high[high > 0] << _COUNT_BITS).astype(_UNIT))
    parts = np.split(entries, stops + np.append(0, np.cumsum(high > 0))[stops])[:-1]
    lengths = np.minimum(terms.lengths, MOST_LENGTH).astype(_UNIT)
    return [length.tobytes() + part.tobytes() for length, part in zip(lengths, parts, strict=True)]


def decode_counts(chunks: Sequence[bytes]) -> TermCounts:
    """The terms of some chunks; raises ValueError for bytes that `encode` can't have written."""
    bytes_each = np.array([*map(len, chunks)], np.int64)
    if (bytes_each % _UNIT.itemsize).any() or not bytes_each.all():
        raise ValueError("the terms of a chunk are cut off")
    units = np.frombuffer(b"".join(chunks), _UNIT)
    stops = np.cumsum(bytes_each // _UNIT.itemsize)
    starts = np.append(0, stops)[:-1]
    lengths = units[starts].astype(np.int64)
    counts = (units & MOST_COUNT).astype(np.uint8)
    counts[starts] = 0
    gaps = (units >> _COUNT_BITS).astype(np.uint32)
    gaps[counts == 0] <<= _GAP_BITS
    gaps[starts] = 0
    totals = np.cumsum(gaps, dtype=np.uint32)  # modulo 2**32, like the differences below
    is_term = counts > 0
    terms_before = np.append(0, np.cumsum(is_term))
    sizes = terms_before[stops] - terms_before[starts]
    numbers: NDArray[np.uint32] = totals[is_term] - np.repeat(totals[starts], sizes)
    return TermCounts(sizes, lengths, numbers, counts[is_term])


def check_counts(chunks: Sequence[bytes], known: NDArray[np.int64]) -> None:
    """Raise ValueError for chunks that builds can't have written.

    One has a term whose number isn't `known`, or more or fewer terms than its length.
    """
    stored = decode_counts(chunks)
    if not np.isin(stored.numbers, known).all():
        raise ValueError("a chunk has a term without a text")
    rows = np.repeat(np.arange(len(chunks)), stored.sizes)
    totals = np.bincount(rows, stored.counts, len(chunks))
    capped = np.bincount(rows, stored.counts == MOST_COUNT, len(chunks)) > 0
    differ = np.where(capped, totals > stored.lengths, totals != stored.lengths)
    if (differ & (stored.lengths < MOST_LENGTH)).any():
        raise ValueError("a chunk has more or fewer terms than it is long")


def counts_of_chunks(numbers: Mapping[str, int], chunks: Sequence[Counter[str]]) -> list[bytes]:
    """The terms of each chunk as bytes, from how often it has each, and the number of each term."""
    rows = [sorted((numbers[term], count) for term, count in counter.items()) for counter in chunks]
    table = np.fromiter(chain.from_iterable(chain.from_iterable(rows)), np.uint32)
    sizes = np.array(list(map(len, rows)), np.int64)
    lengths = np.array([counter.total() for counter in chunks], np.int64)
    return encode(TermCounts(sizes, lengths, table[::2], np.minimum(table[1::2], MOST_COUNT).astype(np.uint8)))


def term_matrix(numbers: Mapping[str, int], chunks: Sequence[bytes]) -> TermMatrix:
    """How often chunks have terms, given by their numbers; raises ValueError for damaged chunks."""
    stored = decode_counts(chunks)
    highest = min(max(numbers.values(), default=0), int(stored.numbers.max(initial=0)))
    rows = np.full(highest + 2, -1)  # the last one is for higher numbers
    for row_of_term, number in enumerate(numbers.values()):
        if number <= highest:
            rows[number] = row_of_term
    row = rows[np.minimum(stored.numbers, len(rows) - 1)]
    requested = np.flatnonzero(row >= 0)
    counts = np.zeros((len(numbers), len(chunks)), np.float32)
    column = np.searchsorted(np.cumsum(stored.sizes), requested, "right")
    counts[row[requested], column] = stored.counts[requested]
    return TermMatrix(list(numbers), counts, stored.lengths)
