"""BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009), with the constants of SQLite's FTS5."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

K1 = 1.2
"""Saturation: however often a term repeats, it contributes less than K1 + 1 times its idf."""

B = 0.75
"""The strength of length normalisation, from 0 to 1."""

_LEAST = 1e-6


def idf(documents: int, total: int) -> float:
    """The inverse document frequency of a term that `documents` of `total` passages have; always positive."""
    return max(math.log((total - documents + 0.5) / (documents + 0.5)), _LEAST)


def length_norms(lengths: NDArray[np.uint16], total: int) -> Vectors:
    """The saturation constants of passages, K1 scaled by their lengths in terms.

    `total` is the number of passages that aren't empty.
    """
    average = max(int(lengths.sum(dtype=np.int64)), 1) / max(total, 1)
    norms = K1 * (1 - B + B / average * np.arange(int(lengths.max(initial=0)) + 1, dtype=np.float64))
    return norms.astype(np.float32)[lengths]


def saturated(counts: Vectors, norms: Vectors) -> Vectors:
    """The contribution of a term to the score of passages that have it `counts` times, as a multiple of its idf."""
    return counts * np.float32(K1 + 1) / (counts + norms)


def scores(counts: Vectors, weight: float) -> Vectors:
    """The BM25 of one term in passages of similar length, without length normalisation."""
    return np.float32(weight * (K1 + 1)) * counts / (counts + np.float32(K1))
