"""The sums of each language's vectors, from which its means come.

The sums are exact (see int8.py), so they don't depend on the order in which vectors are added and removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from seekpoint.index.models.centring import WINDOWS_A_CHUNK, Sums, background, tempered, windows
from seekpoint.index.types import ModelCard, Pieces, Vectors

# Stored vectors are rounded, so that their lengths aren't quite 1.
_LONGEST_VECTOR = 2


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


def check_sums(rows: Iterable[tuple[int, bytes, int, bytes]]) -> None:
    """Check the totals of languages, a row each; raises ValueError for numbers that no sum of unit vectors has."""
    for chunks, total, own_windows, window_total in rows:
        for count, data in ((chunks, total), (own_windows, window_total)):
            if not (np.abs(numbers(data)) <= _LONGEST_VECTOR * count).all():  # not a number is no less than any
                raise ValueError("a language has sums that make no sense")


def numbers(data: bytes) -> Sums:
    """A sum of vectors from its bytes, as float64."""
    return np.frombuffer(data, "<f8")


def as_bytes(numbers: Sums) -> bytes:
    """A sum of vectors as bytes."""
    return np.asarray(numbers, "<f8").tobytes()


def _sum(rows: Vectors | np.ndarray[tuple[int, int], np.dtype[np.float16]]) -> Sums:
    total: Sums = rows.sum(axis=0, dtype=np.float64)
    return total
