"""Packing 6-bit numbers, four in three bytes, so that NumPy unpacks many rows at once.

A row of 4n numbers takes 3n bytes. The low 6 bits of byte k are number k; the high 2 bits of the bytes k, n + k and
2n + k together are number 3n + k.
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
    """Whether rows of `count` numbers can be packed."""
    return count % 4 == 0


def size(count: int) -> int:
    """The bytes of a packed row of `count` numbers."""
    return count // 4 * 3


def packed(rows: Bytes) -> Bytes:
    """Pack each row."""
    first, second, third, last = np.split(rows, 4, axis=1)
    return np.hstack([first | (last & 3) << _BITS, second | (last >> 2 & 3) << _BITS, third | last >> 4 << _BITS])


def unpacked(rows: Bytes) -> Bytes:
    """Unpack each row."""
    quarter = rows.shape[1] // 3
    numbers = np.empty((len(rows), 4 * quarter), np.uint8)
    np.bitwise_and(rows, _LOW, out=numbers[:, : 3 * quarter])
    tops, last = rows >> _BITS, numbers[:, 3 * quarter :]
    last[:] = tops[:, 2 * quarter :]
    for k in (1, 0):
        last <<= 2
        last |= tops[:, k * quarter : (k + 1) * quarter]
    return numbers
