"""BM25: the weight of a rare term, and the contribution of a term that a passage has several times."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

K1 = 1.2
"""Saturation: however often a term repeats, it contributes less than K1 + 1 times its idf."""

B = 0.75
"""The strength of length normalisation, from 0 to 1."""

_LEAST = 1e-6


def idf(documents: int, total: int) -> float:
    """The inverse document frequency of a term that `documents` of `total` passages have; always positive."""
    return max(math.log((total - documents + 0.5) / (documents + 0.5)), _LEAST)


def saturated(counts: Vectors, lengths: NDArray[np.int64] | None = None, average: float = 0.0) -> Vectors:
    """The contribution of a term to the scores of passages that have it `counts` times, as a multiple of its idf.

    Counts are float32. Passages with many terms count less: `lengths` are their numbers of terms, `average` is the mean
    over all passages. Without lengths, all count as of average length.
    """
    norms: Vectors | float = K1
    if lengths is not None:
        norms = (K1 * (1 - B + B * lengths / max(average, 1.0))).astype(np.float32)
    contribution: Vectors = counts * (K1 + 1) / (counts + norms)
    return contribution
