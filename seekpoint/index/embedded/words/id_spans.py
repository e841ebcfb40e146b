"""The ids that a segment of posting lists spans: how long their chunks are, and which of them are alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.chunk_ranges import Ranges

LENGTH = np.dtype("<u2")
"""How many terms a chunk has."""

_LAST_ID = 1 << 62


def check_span(first: int, stop: int, size: int) -> None:
    """Raise ValueError unless a segment's lengths, in bytes, are as many as its ids."""
    if not 0 <= first < stop <= _LAST_ID or size != (stop - first) * LENGTH.itemsize:
        raise ValueError("a segment of posting lists has more or fewer lengths than ids")


def mask(ranges: Ranges, first: int, stop: int) -> NDArray[np.bool_]:
    """Whether each id from `first` up to, not including, `stop` is in some ranges."""
    return np.unpackbits(ranges.bitmap(first, stop), count=stop - first, bitorder="little").view(bool)
