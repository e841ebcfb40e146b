"""Vectors in the database, and the sums of each language's, from which its means come.

A vector is a scale in 16 bits, then a signed byte for each dimension. The quantisation changes a cosine by 0.0001 and
takes half the space of float16. The scale is a multiple of 2 ** -18, so that sums of vectors are exact in float64: they
don't depend on the order of addition, and a vector can be subtracted again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from seekpoint.index.models.centring import WINDOWS_A_CHUNK, Sums, background, tempered, windows
from seekpoint.index.types import ModelCard, Pieces, Vectors

_LARGEST = 127
_UNIT = 2.0**-18
_STEP = np.dtype("<u2")
SCALE_BYTES = _STEP.itemsize
"""The bytes of a packed vector beside one for each dimension."""

# Stored vectors are rounded, so that their lengths aren't quite 1.
_LONGEST_VECTOR = 2


def pack_int8(vector: Vectors) -> bytes:
    """Quantise a vector whose components lie between -1 and 1."""
    steps = max(int(np.ceil(float(np.abs(vector).max()) / (_LARGEST * _UNIT))), 1)
    data: bytes = np.rint(vector / (steps * _UNIT)).astype(np.int8).tobytes()
    return np.array(steps, _STEP).tobytes() + data


def unpack_int8(data: Sequence[bytes], dimension: int) -> Vectors:
    """Packed vectors, also several of them joined, as float32: one row each."""
    table = np.frombuffer(b"".join(data), dtype=np.int8).reshape(-1, dimension + SCALE_BYTES)
    steps = np.ascontiguousarray(table[:, :SCALE_BYTES]).view(_STEP).astype(np.float32)
    rows: Vectors = table[:, SCALE_BYTES:] * (steps * np.float32(_UNIT))
    return rows


class Means(NamedTuple):
    """The mean vectors of each language's chunks and windows, by primary subtag."""

    chunks: dict[str, Vectors]
    windows: dict[str, Vectors]


class Totals(NamedTuple):
    """The number and the sum of the vectors of chunks, and of their windows."""

    chunks: int
    total: Sums
    windows: int
    window_total: Sums

    @classmethod
    def stored(cls, chunks: int, total: bytes, windows: int, window_total: bytes) -> Self:
        """The totals in a row of the table `language`."""
        return cls(chunks, _numbers(total), windows, _numbers(window_total))

    def columns(self, sign: int = 1) -> tuple[int, bytes, int, bytes]:
        """The columns of the table `language`; for the sign -1 those that subtract the totals."""
        chunks, total, windows, window_total = self
        return sign * chunks, _as_bytes(sign * total), sign * windows, _as_bytes(sign * window_total)

    def plus(self, other: Totals, sign: int = 1) -> Totals:
        """The totals with others added, or subtracted if `sign` is -1."""
        return Totals(
            self.chunks + sign * other.chunks,
            self.total + sign * other.total,
            self.windows + sign * other.windows,
            self.window_total + sign * other.window_total,
        )


def means_of(stored: Mapping[str, Totals], card: ModelCard) -> Means:
    """The means of languages, from their totals; raises ValueError for damaged ones."""
    if any({len(totals.total), len(totals.window_total)} != {card.dimension} for totals in stored.values()):
        raise ValueError("the sums of vectors have other dimensions than the model")
    prior = background(card.name)
    return Means(
        tempered({name: (totals.chunks, totals.total) for name, totals in stored.items()}, prior),
        tempered(
            {name: (totals.windows, totals.window_total) for name, totals in stored.items() if totals.windows},
            prior,
            WINDOWS_A_CHUNK,
        ),
    )


def totals_of(vectors: Vectors, pieces: Pieces) -> Totals:
    """The totals of a transcript, from its chunks' vectors as they are stored, and its pieces."""
    # Rounded to float16, so that the sums of window vectors are exact too.
    window_vectors = windows(pieces.starts, pieces.sums).astype(np.float16)
    return Totals(len(vectors), _sum(vectors), len(window_vectors), _sum(window_vectors))


def check_sums(rows: Iterable[Sequence[Any]]) -> None:
    """Check the totals of languages, a row each; raises ValueError for numbers that no sum of unit vectors has."""
    for chunks, total, own_windows, window_total in rows:
        for count, data in ((chunks, total), (own_windows, window_total)):
            if not (np.abs(_numbers(data)) <= _LONGEST_VECTOR * count).all():  # not a number is no less than any
                raise ValueError("a language has sums that make no sense")


def _numbers(data: bytes) -> Sums:
    return np.frombuffer(data, "<f8")


def _as_bytes(numbers: Sums) -> bytes:
    return np.asarray(numbers, "<f8").tobytes()


def _sum(rows: Vectors | np.ndarray[tuple[int, int], np.dtype[np.float16]]) -> Sums:
    total: Sums = rows.sum(axis=0, dtype=np.float64)
    return total
