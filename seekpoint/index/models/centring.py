"""Taking a language's mean out of vectors: raw embeddings cluster by language before they cluster by meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

    Sums = NDArray[np.float64]

# A language with few chunks has a mean that says more about their topic than about the language. So many imagined
# chunks temper it: such as the language has anywhere, or a few without any bias where that isn't known. With 1,000
# moment@1 falls by .01 to .02 on dev and tutorialvqa.
_PRIOR_CHUNKS, _UNBIASED_CHUNKS = 50.0, 10.0
WINDOWS_A_CHUNK = 3.0
"""A window begins every ten seconds or so, a chunk every thirty."""

WINDOW_SECONDS = 30.0
"""The windows whose mean is taken out of windows of every size."""


def tempered(
    totals: Mapping[str, tuple[int, Sums]], background: Mapping[str, Vectors], rows_a_chunk: float = 1.0
) -> dict[str, Vectors]:
    """A tempered mean a language, of its vectors' number and sum.

    `background` has the means of languages anywhere; what these have in common stands in for another language's.
    """
    prior = rows_a_chunk * (_PRIOR_CHUNKS if background else _UNBIASED_CHUNKS)
    common = np.mean(list(background.values()) or [np.zeros(1, np.float32)], axis=0)
    return {
        language: ((total + prior * background.get(language, common)) / (count + prior)).astype(np.float32)
        for language, (count, total) in totals.items()
    }


def windows(starts: NDArray[np.float64], sums: Vectors) -> Vectors:
    """For each piece the unit vector of the pieces that begin up to WINDOW_SECONDS after it, itself included."""
    totals = np.concatenate([np.zeros((1, sums.shape[1])), np.cumsum(sums, axis=0, dtype=np.float64)])
    stops = np.searchsorted(starts, starts + WINDOW_SECONDS)
    return centred((totals[stops] - totals[:-1]).astype(np.float32), np.zeros(sums.shape[1], np.float32))


def centre_rows(languages: Sequence[str], vectors: Vectors, means: Mapping[str, Vectors]) -> Vectors:
    """Each row without its language's mean, at unit length again."""
    return centred(vectors, np.stack([means[language] for language in languages])) if languages else vectors


def cosines(languages: Sequence[str], vectors: Vectors, means: Mapping[str, Vectors], question: Vectors) -> Vectors:
    """The cosine of each row without its language's mean with a centred question, without a copy of the rows."""
    found = np.empty(len(vectors), np.float32)
    labels = np.asarray(languages)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    for language in dict.fromkeys(languages):
        rows, mean = labels == language, means[language]
        there = vectors[rows] @ np.stack([question, mean], axis=1)
        lengths = np.sqrt(np.maximum(squares[rows] - 2 * there[:, 1] + mean @ mean, np.float32(1e-24)))
        found[rows] = (there[:, 0] - mean @ question) / lengths
    return found


def centred(vectors: Vectors, mean: Vectors) -> Vectors:
    """Vectors without a mean, at unit length again."""
    moved = vectors - mean
    result: Vectors = moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), np.float32(1e-12))
    return result


def nearest_language(vector: Vectors, means: Mapping[str, Vectors]) -> str | None:
    """The language whose mean is nearest to a vector, which clusters by language; `None` where there are no means."""
    return max(means, key=lambda language: _cosine(means[language], vector), default=None)


def _cosine(one: Vectors, other: Vectors) -> float:
    return float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12)
