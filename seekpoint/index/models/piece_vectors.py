"""Quantising the vectors of pieces, each the mean of its token vectors.

The bundled model has a known mean for each language (centring.py). The component of a piece in its direction is
stored as one number, and the rest in 64 levels a dimension, which changes a cosine by 0.0005; 16 levels cost moment@1
.01 on dev and fastai. Of other models no mean is known, and all of a piece is stored in levels: with
all-MiniLM-L6-v2 fastai has the same figures as with a signed byte a dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from seekpoint.index.models.centring import background
from seekpoint.index.types import ModelCard, Pieces, PieceVector, Vectors

Codes = NDArray[np.uint8]
Records = NDArray[np.void]

NO_DIRECTION = 255
"""The `direction` of a piece without a component of its own."""

LEVELS = 64
"""The number of values of a 6-bit code."""

_MIDDLE = (LEVELS - 1) / 2
# Values are clipped at this multiple of the root mean square, so that the steps of the others are finer.
_CLIP = 4.0


def quantised(total: Vectors, tokens: int, model: str = "") -> PieceVector:
    """Quantise the mean of `tokens` token vectors of a model, whose sum is `total`."""
    mean = (total / max(tokens, 1)).astype(np.float32)
    directions = directions_of(model)
    nearest, length, rest = NO_DIRECTION, np.float16(0), mean
    if len(directions):
        lengths = directions @ mean
        nearest = int(lengths.argmax())
        length = np.float16(lengths[nearest])
        rest = mean - np.float32(length) * directions[nearest]
    largest = min(float(np.abs(rest).max()), _CLIP * float(np.sqrt((rest**2).mean())))
    scale = largest / _MIDDLE
    codes = np.clip(np.floor(rest / (scale or 1.0) + LEVELS / 2), 0, LEVELS - 1).astype(np.uint8)
    return PieceVector(tokens, scale, codes.tobytes(), nearest, float(length))


@cache
def directions_of(model: str) -> Vectors:
    """The directions of the languages' means, as unit vectors in alphabetical order; none if a model's aren't known."""
    means = [mean for _, mean in sorted(background(model).items())]
    return np.stack([mean / np.linalg.norm(mean) for mean in means]) if means else np.empty((0, 0), np.float32)


def add_up(records: Records, codes: Codes, card: ModelCard, sums: Vectors) -> None:
    """Write the sum of each piece's token vectors into a row of `sums`; records have the fields of `PieceVector`."""
    np.subtract(codes, np.float32(_MIDDLE), out=sums, dtype=np.float32)
    sums *= _column(records["scale"]) * _column(records["tokens"])
    directions, has = directions_of(card.name), records["direction"] < NO_DIRECTION
    if has.any():
        if records["direction"][has].max() >= len(directions):
            raise ValueError("a piece has a direction that isn't known")
        common = directions[records["direction"][has]]
        common *= _column(records["length"][has]) * _column(records["tokens"][has])
        sums[has] += common


def dequantised(starts: Sequence[float], vectors: Sequence[PieceVector], card: ModelCard) -> Pieces:
    """The pieces of a transcript that begin at `starts`, from their quantised vectors; raises ValueError."""
    fields = [(vector.tokens, vector.scale, vector.direction, vector.length) for vector in vectors]
    records = np.array(fields, [("tokens", "<f4"), ("scale", "<f4"), ("direction", "u1"), ("length", "<f4")])
    codes = np.frombuffer(b"".join(vector.codes for vector in vectors), np.uint8).reshape(len(vectors), card.dimension)
    sums = np.empty(codes.shape, np.float32)
    add_up(records, codes, card, sums)
    return Pieces(np.array(starts, np.float64), sums, records["tokens"])


def _column(numbers: Records) -> Vectors:
    column: Vectors = numbers.astype(np.float32)[:, None]
    return column
