"""Quantising the vectors of pieces, each the mean of its token vectors.

The bundled model has a known mean for each language (background_mean.py). The component of a piece in its direction is
stored as one number, and the rest in 64 levels a dimension, which changes a cosine by 0.0005; 16 levels cost moment@1
.01 on dev and fastai. The pieces of other models have a signed byte a dimension.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from seekpoint.index.chunks import PieceVector
from seekpoint.index.models.background_mean import background
from seekpoint.index.types import ModelCard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

    Codes = NDArray[np.uint8]
    Records = NDArray[np.void]

IN_BYTES = 255
"""The `direction` of a piece whose codes are signed bytes instead of LEVELS levels."""

LEVELS = 64
"""The number of values of a 6-bit code."""

_LARGEST = 127
_MIDDLE = (LEVELS - 1) / 2
# Values are clipped at this multiple of the root mean square, so that the steps of the others are finer.
_CLIP = 4.0


def quantised(total: Vectors, tokens: int, model: str = "") -> PieceVector:
    """Quantise the mean of `tokens` token vectors of a model, whose sum is `total`."""
    mean = (total / max(tokens, 1)).astype(np.float32)
    directions = directions_of(model)
    if len(directions):
        return _in_levels(mean, tokens, directions)
    scale = float(np.abs(mean).max()) / _LARGEST or 1.0
    return PieceVector(tokens, scale, np.rint(mean / scale).astype(np.int8).tobytes())


@cache
def directions_of(model: str) -> Vectors:
    """The directions of the languages' means, as unit vectors in alphabetical order; none if a model's aren't known."""
    means = [mean for _, mean in sorted(background(model).items())]
    return np.stack([mean / np.linalg.norm(mean) for mean in means]) if means else np.empty((0, 0), np.float32)


def _in_levels(mean: Vectors, tokens: int, directions: Vectors) -> PieceVector:
    lengths = directions @ mean
    nearest = int(lengths.argmax())
    length = np.float16(lengths[nearest])
    rest = mean - np.float32(length) * directions[nearest]
    largest = min(float(np.abs(rest).max()), _CLIP * float(np.sqrt((rest**2).mean())))
    scale = largest / _MIDDLE
    codes = np.clip(np.floor(rest / (scale or 1.0) + LEVELS / 2), 0, LEVELS - 1).astype(np.uint8)
    return PieceVector(tokens, scale, codes.tobytes(), nearest, float(length))


def add_up(records: Records, codes: Codes, card: ModelCard, sums: Vectors) -> None:
    """Dequantise pieces: write the sum of each one's token vectors into a row of `sums`; raises ValueError.

    `records` have the fields tokens, scale, direction and length of `PieceVector`.
    """
    in_bytes = records["direction"] == IN_BYTES
    if not in_bytes.any():
        _scale(codes, _MIDDLE, records, sums)
        directions = directions_of(card.name)
        if records["direction"].max() >= len(directions):
            raise ValueError("a piece has a direction that isn't known")
        common = directions[records["direction"]]
        common *= _column(records["length"]) * _column(records["tokens"])
        sums += common
    elif in_bytes.all():
        _scale(codes.view(np.int8), 0.0, records, sums)
    else:
        for chosen in (in_bytes, ~in_bytes):
            part = np.empty((np.count_nonzero(chosen), card.dimension), np.float32)
            add_up(records[chosen], codes[chosen], card, part)
            sums[chosen] = part


def _scale(codes: NDArray[Any], middle: float, records: Records, sums: Vectors) -> None:
    np.subtract(codes, np.float32(middle), out=sums, dtype=np.float32)
    sums *= _column(records["scale"]) * _column(records["tokens"])


def _column(numbers: Records) -> Vectors:
    column: Vectors = numbers.astype(np.float32)[:, None]
    return column
