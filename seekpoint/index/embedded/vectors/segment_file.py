"""A vector file: centred vectors of a range of chunks, searched by their nearness; never changed once it's written.

Each is an index of FAISS's with one list, of two bits a number, which its fast scan compares 32 vectors at a time: a
hundred thousand take half a millisecond, so that all of them are looked at, whatever a filter keeps. What is found are
candidates: how near those are, the database tells. Ids in a file count from the first that it covers.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import faiss
import numpy as np

from seekpoint.index.embedded.database import BUILD_MENDS, damaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.chunk_ranges import Ranges
    from seekpoint.index.embedded.manifest import SegmentRecord
    from seekpoint.index.types import Vectors

    Ids: TypeAlias = NDArray[np.int64]

faiss.omp_set_num_threads(1)  # a single question is slower on more

_METRIC = faiss.METRIC_INNER_PRODUCT
# The four levels that tell most of a normal distribution (J. Max, Quantizing for Minimum Distortion, 1960, table I).
# The numbers of centred vectors of texts are about so distributed.
_LEVELS = np.array([-1.510, -0.4528, 0.4528, 1.510], np.float32)

# FAISS codes two numbers together, by 16 points, and lays out codes of 32 vectors at a time.
_TOGETHER, _POINT_BITS, _BLOCK = 2, 4, 32
# How it lays out an index: its kind, dimension, vectors, two fillers, whether it's trained, the metric; and then
_INDEX = "<4siqqq?i"
_LISTS = "qq"  # the lists, and how many are probed by default
_NUMBERS = "q"  # how many follow
_CODE = "<bq?"  # no direct map, nothing in it; whether codes are of differences
_SCAN = "qiqiq"  # bytes of a code, vectors a block, points of a code in a block, two defaults
_POINTS = "qqqq"  # dimension, points of a code, bits of a point; numbers that follow
_CODED_LIST = "<4sqqqqq"  # kind of lists, how many, no bytes of a code, vectors a block, its bytes; ids that follow
_FILLERS = (1 << 20, 1 << 20)
_ID_BYTES, _FLOAT_BYTES = 8, 4

_search_parameters: Any = faiss.SearchParametersIVF  # takes more than faiss's type hints know
_bitmap_selector: Any = faiss.IDSelectorBitmap


def file_name(number: int) -> str:
    """The vector file of a number."""
    return f"vectors-{number}.faiss"


def empty_index(spread: Vectors) -> faiss.IndexIVFPQFastScan:
    """An index without vectors, for those whose numbers spread so far about 0."""
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
    """The share of the vectors' products with others that is left of them in an index: levels are nearer to 0."""
    points: Any = index.pq  # its types lack what SWIG adds
    levels: Vectors = points.decode(points.compute_codes(vectors))
    return float(np.sum(vectors * levels) / np.sum(vectors * vectors)) if vectors.any() else 1.0


def scale_centroids(index: faiss.IndexIVFPQFastScan, factor: float) -> None:
    """Let what an index holds count for so many times as much."""
    faiss.copy_array_to_vector(np.float32(factor) * faiss.vector_to_array(index.pq.centroids), index.pq.centroids)


def padded(vectors: Vectors) -> Vectors:
    """Vectors with as many numbers as a file's have: an even number."""
    missing = _even(vectors.shape[-1]) - vectors.shape[-1]
    if not missing:
        return vectors
    return np.concatenate([vectors, np.zeros((*vectors.shape[:-1], missing), np.float32)], axis=-1)


def _even(dimension: int) -> int:
    return -(-dimension // _TOGETHER) * _TOGETHER


class VectorSegment:
    """A vector file, open for searching; raises DamagedLibrary, or FileNotFoundError once a build cleared it away."""

    def __init__(self, folder: Path, record: SegmentRecord, dimension: int) -> None:
        path = folder / record.file.name
        try:
            check_layout(path, record, dimension)
            index: Any = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)  # its types lack what SWIG adds
        except (RuntimeError, ValueError) as error:
            if not path.exists():
                raise FileNotFoundError(path) from error
            raise damaged(folder, f"{path.name} isn't as it was written", BUILD_MENDS) from error
        self.first, self.stop, self.count = record.first, record.stop, record.count
        self._index = index

    def search(self, query: Vectors, k: int, keep: Ranges | None = None) -> tuple[Ids, Vectors]:
        """The ids of about the k nearest chunks, among `keep` if it is given, best first, and about their cosines."""
        if keep is None:
            return self._searched(query, k, None)
        kept = keep.within(self.first, self.stop)
        if not len(kept):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        ids, cosines = self._searched(query, k, self._selector(kept))
        is_kept = kept.contains(ids)  # the ids of a file from elsewhere may not ascend
        return ids[is_kept], cosines[is_kept]

    def _searched(self, query: Vectors, k: int, selector: faiss.IDSelector | None) -> tuple[Ids, Vectors]:
        parameters = None if selector is None else _search_parameters(nprobe=1, sel=selector)
        scores, places = self._index.search(padded(query)[None, :], min(k, self.count), params=parameters)
        is_found = (places[0] >= 0) & (places[0] < self.stop - self.first)
        return places[0][is_found] + self.first, scores[0][is_found]

    def _selector(self, kept: Ranges) -> faiss.IDSelector:
        if len(kept.starts) == 1:
            return faiss.IDSelectorRange(int(kept.starts[0]) - self.first, int(kept.stops[0]) - self.first)
        selector: faiss.IDSelector = _bitmap_selector(kept.bitmap(self.first, self.stop))
        return selector


def check_layout(path: Path, record: SegmentRecord, dimension: int) -> None:
    """Raise ValueError unless a file is laid out as those that are written; reads no vectors.

    FAISS trusts the types and lengths in what it reads, so that a file that was damaged, or comes from elsewhere,
    mustn't get to it unseen.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if record.count * _ID_BYTES > size:
            raise ValueError(f"{path.name} has no room for {record.count} vectors")
        for part, skipped in _expected_parts(record.count, _even(dimension)):
            if file.read(len(part)) != part:
                raise ValueError(f"{path.name} isn't laid out as {record.count} vectors of {dimension} numbers")
            file.seek(skipped, os.SEEK_CUR)
        if size != file.tell():
            raise ValueError(f"{path.name} has another size than its vectors")


def _expected_parts(count: int, width: int) -> Iterator[tuple[bytes, int]]:
    """What stands between the numbers, ids and codes: some bytes, and how many bytes of those follow each time."""
    points = width // _TOGETHER
    in_block = points + points % 2
    code, block, numbers = -(-points // 2), _BLOCK * in_block // 2, (1 << _POINT_BITS) * width
    shared = (*_FILLERS, True, _METRIC)
    index = struct.pack(_INDEX + _LISTS, b"IwPf", width, count, *shared, 1, 1)
    yield index + struct.pack(_INDEX + _NUMBERS, b"IxFI", width, 1, *shared, width), _FLOAT_BYTES * width
    coding = struct.pack(
        _CODE + _SCAN + _POINTS, 0, 0, False, code, _BLOCK, in_block, 0, 0, width, points, _POINT_BITS, numbers
    )
    yield coding, _FLOAT_BYTES * numbers
    yield struct.pack(_CODED_LIST, b"ilbl", 1, -1, _BLOCK, block, count), _ID_BYTES * count
    codes = -(-count // _BLOCK) * block
    yield struct.pack("<q", codes), codes
