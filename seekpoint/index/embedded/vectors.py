"""Search by meaning: vector files find the nearest chunks approximately, and the database gives exact cosines.

Answers depend on the database alone. A segment is a vector file over a range of ids; its vectors were centred with the
language means at the time it was written. Chunks that no segment covers (a build is running, or was killed) are
compared one by one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import faiss
import numpy as np
from numpy.typing import NDArray

from seekpoint.index.embedded.chunk_ranges import Holdings, Ranges
from seekpoint.index.embedded.database import damaged, library_errors
from seekpoint.index.embedded.manifest import Manifest, SegmentRecord
from seekpoint.index.models.centring import cosines
from seekpoint.index.sql.int8 import unpack_int8
from seekpoint.index.types import Vectors

Ids: TypeAlias = NDArray[np.int64]


_BLOCK_ROWS = 8192
# Chunks. Reading the vectors of 256 from the database takes about as long as searching vector files of a million.
_FEW = 256


class Nearest(NamedTuple):
    """Chunks by id, best first, and their approximate cosines."""

    chunks: NDArray[np.int64]
    cosines: Vectors


@dataclass(eq=False)
class VectorStore:
    """Search by meaning over one snapshot of the database."""

    _folder: Path
    _connection: sqlite3.Connection
    _manifest: Manifest
    _holdings: Holdings
    _means: Mapping[str, Vectors]

    def nearest(self, question: Vectors, k: int, keep: Ranges | None = None) -> Nearest:
        """About the k chunks nearest to a centred question, best first, with approximate cosines.

        `keep` is a filter. If it keeps at most _FEW chunks, they are compared exactly.
        """
        if keep is not None and len(keep) <= _FEW:
            results = list(self._exact_nearest(keep, question, k))
        else:
            sealed, unsealed = self._all if keep is None else self._parts(keep)
            results = [segment.search(question, k, ranges) for segment, ranges in sealed]
            results += self._exact_nearest(unsealed, question, k)
        ids = np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in results)])
        nearness = np.concatenate([np.empty(0, np.float32), *(nearness for _, nearness in results)])
        best = np.argsort(-nearness, kind="stable")[:k]
        return Nearest(ids[best], nearness[best])

    def scores(self, question: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """The exact cosine of each chunk with a centred question, by id; unknown ids are left out."""
        requested = np.asarray(ids, np.int64)
        existing, nearness = self._compared(question, requested[self._holdings.alive.contains(requested)])
        return dict(zip(existing.tolist(), nearness.tolist(), strict=True))

    @cached_property
    def _all(self) -> tuple[list[tuple[VectorSegment, Ranges | None]], Ranges]:
        return self._parts(self._holdings.alive)

    def _parts(self, keep: Ranges) -> tuple[list[tuple[VectorSegment, Ranges | None]], Ranges]:
        """A set of chunks by segment (`None` if it includes all chunks of a segment), and those in no segment."""
        by_segment = [(segment, keep.within(segment.first, segment.stop)) for segment in self._segments]
        sealed = [(segment, None if len(ids) == segment.count else ids) for segment, ids in by_segment]
        return sealed, keep.without(Ranges.of((segment.first, segment.stop) for segment in self._segments))

    def _exact_nearest(self, keep: Ranges, question: Vectors, k: int) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """The k nearest chunks of each block of _BLOCK_ROWS, by exact cosines."""
        ids = keep.ids()
        for start in range(0, len(ids), _BLOCK_ROWS):
            block_ids, nearness = self._compared(question, ids[start : start + _BLOCK_ROWS])
            best = np.argsort(-nearness, kind="stable")[:k]
            yield block_ids[best], nearness[best]

    def _compared(self, question: Vectors, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], Vectors]:
        """The chunks by ascending id, and their cosines with the question."""
        with library_errors(self._folder):
            rows = self._connection.execute(
                """SELECT chunk_id, data FROM vector WHERE chunk_id IN (SELECT value FROM json_each(?))
                   ORDER BY chunk_id""",
                (json.dumps(ids.tolist()),),
            ).fetchall()
        ascending = np.array([chunk_id for chunk_id, _ in rows], np.int64)
        vectors = unpack_int8([data for _, data in rows], self._manifest.model.dimension)
        return ascending, cosines(self._holdings.languages_of(ascending), vectors, self._means, question)

    @cached_property
    def _segments(self) -> list[VectorSegment]:
        segments = []
        for record in self._manifest.segments:
            if len(self._holdings.alive.within(record.first, record.stop)):
                with suppress(FileNotFoundError):  # a build has merged and deleted it; the database has its vectors
                    segments.append(VectorSegment(self._folder, record, self._manifest.model.dimension))
        return segments


# A vector file: an immutable FAISS index over the centred vectors of a range of chunks.
#
# It is an IndexIVFPQFastScan with one inverted list and two bits a dimension. The fast scan compares 32 vectors at a
# time and takes half a millisecond for 100,000, so every search is exhaustive, with or without a filter. It gives
# candidates, whose exact cosines come from the database. Ids in the file are relative to the first id of the range.

faiss.omp_set_num_threads(1)  # a single question is slower on more

_METRIC = faiss.METRIC_INNER_PRODUCT
# The quantiser of a normal distribution with four levels (J. Max, Quantizing for Minimum Distortion, 1960, table I).
# The components of centred text vectors are roughly normally distributed.
_LEVELS = np.array([-1.510, -0.4528, 0.4528, 1.510], np.float32)

# Product quantisation: a subquantiser of 4 bits for each 2 dimensions. The fast scan stores codes in blocks of 32.
_TOGETHER, _POINT_BITS, _BLOCK = 2, 4, 32

_search_parameters: Any = faiss.SearchParametersIVF  # takes more than faiss's type hints know
_bitmap_selector: Any = faiss.IDSelectorBitmap


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
        parameters = None
        if keep is not None:
            keep = keep.within(self.first, self.stop)
            if not len(keep):
                return np.empty(0, np.int64), np.empty(0, np.float32)
            if len(keep.starts) == 1:
                selector = faiss.IDSelectorRange(int(keep.starts[0]) - self.first, int(keep.stops[0]) - self.first)
            else:
                selector = _bitmap_selector(keep.bitmap(self.first, self.stop))
            parameters = _search_parameters(nprobe=1, sel=selector)
        scores, labels = self._index.search(padded(query)[None, :], min(k, self.count), params=parameters)
        is_valid = (labels[0] >= 0) & (labels[0] < self.stop - self.first)
        ids, cosines = labels[0][is_valid] + self.first, scores[0][is_valid]
        if keep is None:
            return ids, cosines
        is_kept = keep.contains(ids)
        return ids[is_kept], cosines[is_kept]
