"""Vectors in the database: a scale in 16 bits, then a signed byte for each dimension.

The scale is a multiple of 2 ** -18, so that sums of vectors are exact in float64: they don't depend on the order of
addition, and a vector can be subtracted again. The quantisation changes a cosine by 0.0001 and takes half the space
of float16.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seekpoint.index.types import Vectors

_LARGEST = 127
_UNIT = 2.0**-18
_STEP = np.dtype("<u2")


def pack_int8(vector: Vectors) -> bytes:
    """Quantise a vector whose components lie between -1 and 1."""
    steps = max(int(np.ceil(float(np.abs(vector).max()) / (_LARGEST * _UNIT))), 1)
    data: bytes = np.rint(vector / (steps * _UNIT)).astype(np.int8).tobytes()
    return np.array(steps, _STEP).tobytes() + data


def unpack_int8(data: Sequence[bytes], dimension: int) -> Vectors:
    """Packed vectors as float32, one row each."""
    table = np.frombuffer(b"".join(data), dtype=np.int8).reshape(len(data), dimension + _STEP.itemsize)
    steps = np.ascontiguousarray(table[:, : _STEP.itemsize]).view(_STEP).astype(np.float32)
    rows: Vectors = table[:, _STEP.itemsize :] * (steps * np.float32(_UNIT))
    return rows
