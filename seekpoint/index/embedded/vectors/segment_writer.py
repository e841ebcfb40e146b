"""Writing a vector file. Its quantiser is fitted to the first block of vectors."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from seekpoint.files import replacing
from seekpoint.index.embedded.manifest import FileRecord, SegmentRecord
from seekpoint.index.embedded.vectors.segment_file import (
    empty_index,
    file_name,
    padded,
    preserved_share,
    scale_centroids,
)

if TYPE_CHECKING:
    from seekpoint.index.embedded.merge_policy import Segment
    from seekpoint.index.embedded.vectors.segment_file import Ids
    from seekpoint.index.types import Vectors

# The weight of the prior, in vectors that spread evenly over all dimensions: few vectors say little about a dimension.
_EVEN = 64

_callback_writer: Any = faiss.PyCallbackIOWriter  # type: ignore[attr-defined]


def write(
    folder: Path, number: int, dimension: int, blocks: Iterable[tuple[Ids, Vectors]], segment: Segment
) -> SegmentRecord:
    """Write the vector file with a number, from blocks of (chunk ids, centred vectors) by ascending ids.

    Only one block and the codes are in memory.
    """
    rest = iter(blocks)
    first = next(rest, (np.empty(0, np.int64), np.empty((0, dimension), np.float32)))
    index = empty_index(_spread(first[1]))
    share = preserved_share(index, padded(first[1]))
    for ids, vectors in chain([first], rest):
        index.add_with_ids(padded(vectors), ids - segment.first)
    scale_centroids(index, 1 / share)  # so that scores are about cosines
    path = folder / file_name(number)
    with replacing(path) as file:
        faiss.write_index(index, _callback_writer(file.write))  # so that a full disk raises OSError
    return SegmentRecord(FileRecord.of(path), segment.first, segment.stop, int(index.ntotal))


def _spread(vectors: Vectors) -> Vectors:
    """The root mean square of unit vectors in each dimension, smoothed by the prior."""
    count, dimension = vectors.shape
    squares: Vectors = (np.einsum("ij,ij->j", vectors, vectors) + np.float32(_EVEN / dimension)) / (count + _EVEN)
    return np.sqrt(squares)
