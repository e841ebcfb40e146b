"""Numbers of six bits, four in three bytes, laid out so that those of many rows are unpacked at once.

A row is in quarters: three bytes have a number of each of the first three, and two bits each of one of the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.models.piece_vectors import LEVELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

_LOW, _BITS = LEVELS - 1, 6


def fits(count: int) -> bool:
    """Whether a row of so many numbers can be packed."""
    return count % 4 == 0


def size(count: int) -> int:
    """The bytes that a row of so many numbers takes."""
    return count // 4 * 3


def packed(rows: Bytes) -> Bytes:
    """Rows of numbers as rows of bytes."""
    first, second, third, last = np.split(rows, 4, axis=1)
    return np.hstack([first | (last & 3) << _BITS, second | (last >> 2 & 3) << _BITS, third | last >> 4 << _BITS])


def unpacked(rows: Bytes) -> Bytes:
    """Rows of bytes as rows of numbers."""
    quarter = rows.shape[1] // 3
    numbers = np.empty((len(rows), 4 * quarter), np.uint8)
    np.bitwise_and(rows, _LOW, out=numbers[:, : 3 * quarter])
    tops, last = rows >> _BITS, numbers[:, 3 * quarter :]
    last[:] = tops[:, 2 * quarter :]
    for place in (1, 0):
        last <<= 2
        last |= tops[:, place * quarter : (place + 1) * quarter]
    return numbers
