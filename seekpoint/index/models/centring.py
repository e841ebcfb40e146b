"""Subtracting a language's mean from its vectors: raw embeddings cluster by language before they cluster by meaning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.models.encoder import BUNDLED, STAND_IN
from seekpoint.index.settings import LEAST_SCALE, MOST_SCALE
from seekpoint.index.types import Vectors

Sums = NDArray[np.float64]


# The mean of few chunks says more about their topic than about the language, so it is smoothed by a prior: the
# language's background mean with the weight of 50 chunks, or zero with the weight of 10 chunks if the model has no
# background means. With a weight of 1,000 moment@1 falls by .01 to .02 on dev and tutorialvqa.
_PRIOR_CHUNKS, _UNBIASED_CHUNKS = 50.0, 10.0
WINDOWS_A_CHUNK = 3.0
"""Windows for each chunk: a window begins about every 10 seconds, a chunk about every 30."""

WINDOW_SECONDS = 30.0
"""The size of the windows whose mean is subtracted from all windows."""


def tempered(
    totals: Mapping[str, tuple[int, Sums]], background: Mapping[str, Vectors], rows_a_chunk: float = 1.0
) -> dict[str, Vectors]:
    """The mean of each language, from the number and the sum of its vectors, smoothed by `background`.

    A language that `background` doesn't have gets the mean of all that it has. `rows_a_chunk` is the number of vectors
    for each chunk, which scales the weight of the prior.
    """
    prior = rows_a_chunk * (_PRIOR_CHUNKS if background else _UNBIASED_CHUNKS)
    common = np.mean(list(background.values()) or [np.zeros(1, np.float32)], axis=0)
    return {
        language: ((total + prior * background.get(language, common)) / (count + prior)).astype(np.float32)
        for language, (count, total) in totals.items()
    }


def windows(starts: NDArray[np.float64], sums: Vectors) -> Vectors:
    """The unit vector of the window at each piece: the pieces that begin less than WINDOW_SECONDS after it begins."""
    totals = np.concatenate([np.zeros((1, sums.shape[1])), np.cumsum(sums, axis=0, dtype=np.float64)])
    stops = np.searchsorted(starts, starts + WINDOW_SECONDS)
    return centred((totals[stops] - totals[:-1]).astype(np.float32), np.zeros(sums.shape[1], np.float32))


def centre_rows(languages: Sequence[str], vectors: Vectors, means: Mapping[str, Vectors]) -> Vectors:
    """Subtract from each row its language's mean, and normalise it."""
    return centred(vectors, np.stack([means[language] for language in languages])) if languages else vectors


def cosines(languages: Sequence[str], vectors: Vectors, means: Mapping[str, Vectors], question: Vectors) -> Vectors:
    """The cosine of each row, centred by its language's mean, with a centred question; doesn't copy the rows."""
    result = np.empty(len(vectors), np.float32)
    labels = np.asarray(languages)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    for language in dict.fromkeys(languages):
        rows, mean = labels == language, means[language]
        products = vectors[rows] @ np.stack([question, mean], axis=1)
        lengths = np.sqrt(np.maximum(squares[rows] - 2 * products[:, 1] + mean @ mean, np.float32(1e-24)))
        result[rows] = (products[:, 0] - mean @ question) / lengths
    return result


def centred(vectors: Vectors, mean: Vectors) -> Vectors:
    """Subtract a mean from vectors, and normalise them."""
    moved = vectors - mean
    result: Vectors = moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), np.float32(1e-12))
    return result


def nearest_language(vector: Vectors, means: Mapping[str, Vectors]) -> str | None:
    """The language whose mean is nearest to an uncentred vector; `None` if there are no means."""

    def cosine(language: str) -> float:
        mean = means[language]
        return float(mean @ vector) / max(float(np.linalg.norm(mean) * np.linalg.norm(vector)), 1e-12)

    return max(means, key=cosine, default=None)


BACKGROUND_FILE = Path(__file__).with_name("background.json")
"""The mean vector of each language in the bundled model, by primary subtag, rounded to 4 places.

It is the mean of four libraries' means, each counted the same: lectures on deep learning (70 videos), courses on it
(180 videos), screencasts (76) and a podcast (320 episodes).

Libraries store pieces relative to these means (piece_vectors.py), so changing the file needs another format of pieces.
"""


@cache
def background(model: str) -> dict[str, Vectors]:
    """The known mean vectors of a model, by language; none for any model but the bundled one."""
    if model not in (BUNDLED, STAND_IN):
        return {}
    means = json.loads(BACKGROUND_FILE.read_text("utf-8"))
    return {language: np.array(mean, np.float32) for language, mean in means.items()}


# The cosine that one in a hundred pairs of unrelated passages exceeds: higher ones depend on a few pairs.
_QUANTILE = 0.99


def cosine_scale(own: Vectors, reference: Vectors, languages: Sequence[str]) -> float:
    """How many times as spread the bundled model's cosines are, between passages of one language.

    `own` and `reference` are the vectors of the same passages by a model and by the bundled one, a row each.
    """
    spread, reference_spread = (_spread(vectors, languages) for vectors in (own, reference))
    return float(np.clip(reference_spread / max(spread, 1e-6), LEAST_SCALE, MOST_SCALE))


def _spread(vectors: Vectors, languages: Sequence[str]) -> float:
    labels = np.asarray(languages)
    cosines = []
    for language in dict.fromkeys(languages):
        rows = vectors[labels == language]
        rows = centred(rows, rows.mean(axis=0))
        cosines.append((rows @ rows.T)[np.triu_indices(len(rows), 1)])
    return float(np.quantile(np.concatenate(cosines), _QUANTILE))
