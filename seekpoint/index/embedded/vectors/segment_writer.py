"""Writing a vector file: its first vectors tell how far the numbers of all of them spread."""

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

# What a few vectors tell of a dimension is chance: so many that spread evenly over all of them count beside them.
_EVEN = 64

_callback_writer: Any = faiss.PyCallbackIOWriter  # type: ignore[attr-defined]


def write(
    folder: Path, number: int, dimension: int, blocks: Iterable[tuple[Ids, Vectors]], segment: Segment
) -> SegmentRecord:
    """Write the vector file of a number from blocks of (chunk ids, centred vectors), by ascending ids.

    Memory holds one block, and the codes.
    """
    rest = iter(blocks)
    first = next(rest, (np.empty(0, np.int64), np.empty((0, dimension), np.float32)))
    index = empty_index(_spread(first[1]))
    share = preserved_share(index, padded(first[1]))
    for ids, vectors in chain([first], rest):
        index.add_with_ids(padded(vectors), ids - segment.first)
    scale_centroids(index, 1 / share)
    path = folder / file_name(number)
    with replacing(path) as file:
        faiss.write_index(index, _callback_writer(file.write))  # a full disk is then an OSError
    return SegmentRecord(FileRecord.of(path), segment.first, segment.stop, int(index.ntotal))


def _spread(vectors: Vectors) -> Vectors:
    """About how far the numbers of unit vectors are from 0 in each dimension, by the root of the mean square."""
    count, dimension = vectors.shape
    squares: Vectors = (np.einsum("ij,ij->j", vectors, vectors) + np.float32(_EVEN / dimension)) / (count + _EVEN)
    return np.sqrt(squares)
