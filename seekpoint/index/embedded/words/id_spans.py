"""The chunk ids that a segment of posting lists spans: the lengths of their chunks, and which ids are in a set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.chunk_ranges import Ranges

LENGTH = np.dtype("<u2")
"""The type of a chunk's length, in terms."""

_LAST_ID = 1 << 62


def check_span(first: int, stop: int, size: int) -> None:
    """Raise ValueError unless `size`, the bytes of a segment's lengths, fits its ids [first, stop)."""
    if not 0 <= first < stop <= _LAST_ID or size != (stop - first) * LENGTH.itemsize:
        raise ValueError("a segment of posting lists has more or fewer lengths than ids")


def mask(ranges: Ranges, first: int, stop: int) -> NDArray[np.bool_]:
    """Whether each id in [first, stop) is in the ranges."""
    return np.unpackbits(ranges.bitmap(first, stop), count=stop - first, bitorder="little").view(bool)
