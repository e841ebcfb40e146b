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


def length_norms(lengths: NDArray[np.int64], average: float) -> Vectors:
    """The saturation constants of passages, K1 scaled by their lengths in terms; `average` is over all passages."""
    return (K1 * (1 - B + B * lengths / max(average, 1.0))).astype(np.float32)


def saturated(counts: Vectors, norms: Vectors | float = K1) -> Vectors:
    """The contribution of a term to the score of passages that have it `counts` times, as a multiple of its idf.

    Without `norms`, passages count as of average length.
    """
    return counts * np.float32(K1 + 1) / (counts + np.asarray(norms, np.float32))
