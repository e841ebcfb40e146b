"""BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009), with the constants of SQLite's FTS5."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

K1 = 1.2
"""Saturation: a term that repeats without end counts K1 + 1 times its weight."""

B = 0.75
"""How far the length of a passage counts."""

_LEAST = 1e-6


def idf(documents: int, total: int) -> float:
    """The weight of a term that so many of `total` passages have: its inverse document frequency, never 0 or less."""
    return max(math.log((total - documents + 0.5) / (documents + 0.5)), _LEAST)


def length_norms(lengths: NDArray[np.uint16], total: int) -> Vectors:
    """What a term's count is saturated by, for passages of so many terms each; `total` passages have any."""
    average = max(int(lengths.sum(dtype=np.int64)), 1) / max(total, 1)
    norms = K1 * (1 - B + B / average * np.arange(int(lengths.max(initial=0)) + 1, dtype=np.float64))
    return norms.astype(np.float32)[lengths]


def saturated(counts: Vectors, norms: Vectors) -> Vectors:
    """What a term brings to passages that have it so often, as a share of its weight."""
    return counts * np.float32(K1 + 1) / (counts + norms)


def scores(counts: Vectors, weight: float) -> Vectors:
    """The BM25 of one word in passages of about one length, so without a norm for it."""
    return np.float32(weight * (K1 + 1)) * counts / (counts + np.float32(K1))
