"""A vector file: centred vectors of a range of chunks, searched by their nearness; memory-mapped, and never changed.

Each is an IVF index of FAISS. A flat one has a signed byte a number, in lists by their order, all of which are visited.
A large one has four bits a number, in lists of what's near each other, of which a search visits some. What they find
are candidates: how near those are, the database tells. Ids in a file count from the first that it covers.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import faiss
import numpy as np

from index.database import BUILD_MENDS, damaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.manifest import SegmentRecord
    from index.ranges import Ranges
    from index.types import Vectors

    Ids: TypeAlias = NDArray[np.int64]

CORES: int = faiss.omp_get_max_threads()
faiss.omp_set_num_threads(1)  # a single question is slower on more

_METRIC = faiss.METRIC_INNER_PRODUCT
# What a filter keeps may all be far from the question (another language's, say), so that all lists are visited. Who
# keeps more than this share leaves out what was removed, which makes the lists emptier here and there.
_FILTERED_BELOW = 0.75
_SPARE_FOR_REMOVED = 2

# How FAISS lays out an index: its kind, dimension, vectors, two fillers, whether it's trained, the metric; and then
_INDEX = "<4siqqq?i"
_LISTS = "qq"  # the lists, and how many are probed by default
_NUMBERS = "q"  # how many follow
_CODE = "<bqiifqqq"  # no direct map, nothing in it; kind, range and its argument, dimension, bytes; numbers that follow
_CODED_LISTS = "<q?4sqq"  # bytes of a code, whether it's of a difference; kind of lists, how many, bytes of a code
_FILLERS = (1 << 20, 1 << 20)
_LENGTH_BYTES = _ID_BYTES = 8
_LARGEST = 127

# SWIG's constructors take more than faiss's type hints know.
_search_parameters: Any = faiss.SearchParametersIVF
_bitmap_selector: Any = faiss.IDSelectorBitmap


def file_name(number: int) -> str:
    """The vector file of a number."""
    return f"vectors-{number}.faiss"


def blank(dimension: int, lists: int, *, is_flat: bool) -> faiss.IndexIVFScalarQuantizer:
    """An index without vectors. Unless it's flat it has to be trained, and codes how vectors differ from their list."""
    code = _code(is_flat=is_flat)
    index = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(dimension), dimension, lists, code, _METRIC, not is_flat)
    if is_flat:
        index.quantizer.add(np.zeros((lists, dimension), np.float32))
        index.is_trained = True
    return index


def _code(*, is_flat: bool) -> int:
    return int(faiss.ScalarQuantizer.QT_8bit_direct_signed if is_flat else faiss.ScalarQuantizer.QT_4bit)


def in_steps(vectors: Vectors) -> Vectors:
    """Unit vectors as a flat file has them, and a question to it: in whole steps that fit a signed byte."""
    steps: Vectors = np.clip(np.rint(vectors * _steps(vectors.shape[-1])), -_LARGEST, _LARGEST)
    return steps


def _steps(dimension: int) -> np.float32:
    """So many steps are 1; the more dimensions, the smaller the largest number of a unit vector is likely to be."""
    return np.float32(_LARGEST / min(1.0, 6 / dimension**0.5))


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
        self._lists = int(index.nlist)
        self._probes = record.probes or self._lists
        self._is_flat = not record.probes

    def search(self, query: Vectors, k: int, keep: Ranges | None = None) -> tuple[Ids, Vectors]:
        """The ids of about the k nearest chunks, among `keep` if it is given, best first, and about their cosines."""
        if keep is None:
            return self._searched(query, k, self._probes, None)
        kept = keep.within(self.first, self.stop)
        if not len(kept):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        ids, cosines = self._searched(query, k, self._probes_among(len(kept)), self._selector(kept))
        is_kept = kept.contains(ids)  # the ids of a file from elsewhere may not ascend
        return ids[is_kept], cosines[is_kept]

    def _searched(self, query: Vectors, k: int, probes: int, selector: faiss.IDSelector | None) -> tuple[Ids, Vectors]:
        parameters = _search_parameters(nprobe=min(probes, self._lists), sel=selector)
        asked = in_steps(query) if self._is_flat else query
        scores, places = self._index.search(asked[None, :], min(k, self.count), params=parameters)
        if self._is_flat:
            scores /= _steps(len(query)) ** 2
        is_found = (places[0] >= 0) & (places[0] < self.stop - self.first)
        return places[0][is_found] + self.first, scores[0][is_found]

    def _probes_among(self, kept: int) -> int:
        if kept < _FILTERED_BELOW * self.count:
            return self._lists
        return _SPARE_FOR_REMOVED * self._probes

    def _selector(self, kept: Ranges) -> faiss.IDSelector:
        if len(kept.starts) == 1:
            low, high = int(kept.starts[0]) - self.first, int(kept.stops[0]) - self.first
            return faiss.IDSelectorRange(low, high, True)  # looked up, as ids ascend
        selector: faiss.IDSelector = _bitmap_selector(kept.bitmap(self.first, self.stop))
        return selector


def check_layout(path: Path, record: SegmentRecord, dimension: int) -> None:
    """Raise ValueError unless a file is laid out as those that are written; reads no vectors.

    FAISS trusts the types and lengths in what it reads, so that a file that was damaged, or comes from elsewhere,
    mustn't get to it unseen.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(struct.calcsize(_INDEX))
        lists = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if not 0 < 4 * lists * dimension < size:
            raise ValueError(f"{path.name} has no likely number of lists")
        file.seek(0)
        for part, numbers in _frame(record, lists, dimension):
            if file.read(len(part)) != part:
                raise ValueError(f"{path.name} isn't laid out as {record.count} vectors of {dimension} numbers")
            file.seek(4 * numbers, os.SEEK_CUR)
        if sum(_list_sizes(file, lists)) != record.count:
            raise ValueError(f"the lists in {path.name} aren't of {record.count} vectors")
        if size != file.tell() + record.count * (_code_bytes(record, dimension) + _ID_BYTES):
            raise ValueError(f"{path.name} has another size than its vectors")


def _frame(record: SegmentRecord, lists: int, dimension: int) -> Iterator[tuple[bytes, int]]:
    """What stands before the lists' sizes: some bytes, and how many float32 follow each time."""
    is_flat, code_bytes = not record.probes, _code_bytes(record, dimension)
    centroids, spans = lists * dimension, 0 if is_flat else 2 * dimension
    shared = (*_FILLERS, True, _METRIC)
    index = struct.pack(_INDEX + _LISTS, b"IwSq", dimension, record.count, *shared, lists, 1)
    yield index + struct.pack(_INDEX + _NUMBERS, b"IxFI", dimension, lists, *shared, centroids), centroids
    yield struct.pack(_CODE, 0, 0, _code(is_flat=is_flat), 0, 0.0, dimension, code_bytes, spans), spans
    yield struct.pack(_CODED_LISTS, code_bytes, not is_flat, b"ilar", lists, code_bytes), 0


def _code_bytes(record: SegmentRecord, dimension: int) -> int:
    return (dimension + 1) // 2 if record.probes else dimension


def _list_sizes(file: BinaryIO, lists: int) -> list[int]:
    """How many vectors each list has; where most are empty, only the others are told, after their places."""
    kind = file.read(4)
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    if (kind, length) != (b"full", lists) and (kind != b"sprs" or length % 2 or length > 2 * lists):
        raise ValueError("the lists have no sizes")
    numbers: list[int] = np.frombuffer(file.read(_LENGTH_BYTES * length), "<u8").tolist()
    if kind == b"full":
        return numbers
    if numbers[::2] != sorted(set(numbers[::2])):
        raise ValueError("the lists' sizes are told twice")
    return numbers[1::2]
