"""A vector file: an immutable FAISS index over the centred vectors of a range of chunks.

It is an IndexIVFPQFastScan with one inverted list and two bits a dimension. The fast scan compares 32 vectors at a time
and takes half a millisecond for 100,000, so every search is exhaustive, with or without a filter. It gives candidates,
whose exact cosines come from the database. Ids in the file are relative to the first id of the range.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import faiss
import numpy as np

from seekpoint.index.embedded.database import damaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.chunk_ranges import Ranges
    from seekpoint.index.embedded.manifest import SegmentRecord
    from seekpoint.index.types import Vectors

    Ids: TypeAlias = NDArray[np.int64]

faiss.omp_set_num_threads(1)  # a single question is slower on more

_METRIC = faiss.METRIC_INNER_PRODUCT
# The quantiser of a normal distribution with four levels (J. Max, Quantizing for Minimum Distortion, 1960, table I).
# The components of centred text vectors are roughly normally distributed.
_LEVELS = np.array([-1.510, -0.4528, 0.4528, 1.510], np.float32)

# Product quantisation: a subquantiser of 4 bits for each 2 dimensions. The fast scan stores codes in blocks of 32.
_TOGETHER, _POINT_BITS, _BLOCK = 2, 4, 32

_search_parameters: Any = faiss.SearchParametersIVF  # takes more than faiss's type hints know
_bitmap_selector: Any = faiss.IDSelectorBitmap


def file_name(number: int) -> str:
    """The name of the vector file with a number."""
    return f"vectors-{number}.faiss"


def empty_index(spread: Vectors) -> faiss.IndexIVFPQFastScan:
    """An index without vectors; `spread` is the root mean square of the vectors in each dimension."""
    width = _even(len(spread))
    quantizer = faiss.IndexFlatIP(width)
    quantizer.add(np.zeros((1, width), np.float32))
    points = width // _TOGETHER
    index = faiss.IndexIVFPQFastScan(quantizer, width, 1, points, _POINT_BITS, _METRIC, _BLOCK)
    index.by_residual = False
    first, second = np.meshgrid(_LEVELS, _LEVELS)
    grid = np.stack([first.ravel(), second.ravel()], axis=1)
    faiss.copy_array_to_vector((grid * padded(spread).reshape(points, 1, _TOGETHER)).ravel(), index.pq.centroids)
    index.is_trained = True
    return index


def preserved_share(index: faiss.IndexIVFPQFastScan, vectors: Vectors) -> float:
    """The factor by which the index's quantisation scales inner products with `vectors`; its levels are nearer to 0."""
    points: Any = index.pq  # its types lack what SWIG adds
    levels: Vectors = points.decode(points.compute_codes(vectors))
    return float(np.sum(vectors * levels) / np.sum(vectors * vectors)) if vectors.any() else 1.0


def scale_centroids(index: faiss.IndexIVFPQFastScan, factor: float) -> None:
    """Multiply the centroids of an index, and with them the scores of its searches, by a factor."""
    faiss.copy_array_to_vector(np.float32(factor) * faiss.vector_to_array(index.pq.centroids), index.pq.centroids)


def padded(vectors: Vectors) -> Vectors:
    """The vectors with a zero appended if their dimension is odd, which the file's never is."""
    missing = _even(vectors.shape[-1]) - vectors.shape[-1]
    if not missing:
        return vectors
    return np.concatenate([vectors, np.zeros((*vectors.shape[:-1], missing), np.float32)], axis=-1)


def _even(dimension: int) -> int:
    return -(-dimension // _TOGETHER) * _TOGETHER


class VectorSegment:
    """A vector file, open for searching; raises DamagedLibrary, or FileNotFoundError if a build has deleted it."""

    def __init__(self, folder: Path, record: SegmentRecord, dimension: int) -> None:
        path = folder / record.file.name
        try:
            index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)  # its types lack what SWIG adds
        except RuntimeError as error:
            if not path.exists():
                raise FileNotFoundError(path) from error
            raise damaged(folder, f"{path.name} isn't as it was written") from error
        if (index.ntotal, index.d) != (record.count, _even(dimension)):
            raise damaged(folder, f"{path.name} holds other vectors than it should")
        self.first, self.stop, self.count = record.first, record.stop, record.count
        self._index = index

    def search(self, query: Vectors, k: int, keep: Ranges | None = None) -> tuple[Ids, Vectors]:
        """The ids of about the k nearest chunks, best first, and their approximate cosines; `keep` is a filter."""
        if keep is None:
            return self._searched(query, k, None)
        kept = keep.within(self.first, self.stop)
        if not len(kept):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        ids, cosines = self._searched(query, k, self._selector(kept))
        is_kept = kept.contains(ids)
        return ids[is_kept], cosines[is_kept]

    def _searched(self, query: Vectors, k: int, selector: faiss.IDSelector | None) -> tuple[Ids, Vectors]:
        parameters = None if selector is None else _search_parameters(nprobe=1, sel=selector)
        scores, labels = self._index.search(padded(query)[None, :], min(k, self.count), params=parameters)
        is_valid = (labels[0] >= 0) & (labels[0] < self.stop - self.first)
        return labels[0][is_valid] + self.first, scores[0][is_valid]

    def _selector(self, kept: Ranges) -> faiss.IDSelector:
        if len(kept.starts) == 1:
            return faiss.IDSelectorRange(int(kept.starts[0]) - self.first, int(kept.stops[0]) - self.first)
        selector: faiss.IDSelector = _bitmap_selector(kept.bitmap(self.first, self.stop))
        return selector
