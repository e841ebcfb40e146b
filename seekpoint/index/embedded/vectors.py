"""Search by meaning: vector files find the nearest chunks approximately, and the database gives exact cosines.

Answers depend on the database alone. A segment is a vector file over a range of ids; its vectors were centred with the
language means at the time it was written. Chunks that no segment covers (a build is running, or was killed) are
compared one by one.

A vector file is an immutable IndexIVFPQFastScan with one inverted list and two bits a dimension. The fast scan compares
32 vectors at a time and takes half a millisecond for 100,000, so every search is exhaustive, with or without a filter.
Ids in the file are relative to the first id of the range.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np

from seekpoint.files import replacing
from seekpoint.index.embedded.chunk_ranges import Holdings, Ids, Ranges
from seekpoint.index.embedded.database import damaged, library_errors
from seekpoint.index.embedded.manifest import FileRecord, Manifest, SegmentRecord
from seekpoint.index.models.centring import centre_rows, cosines
from seekpoint.index.sql.stored_vectors import unpack_int8
from seekpoint.index.types import Vectors

# Chunks. Reading the vectors of 256 from the database takes about as long as searching vector files of a million.
_FEW = 256
_BLOCK_ROWS = 8192
# Product quantisation: a subquantiser of 4 bits for each 2 dimensions. The fast scan stores codes in blocks of 32.
_TOGETHER, _POINT_BITS, _BLOCK = 2, 4, 32
# The quantiser of a normal distribution with four levels (J. Max, Quantizing for Minimum Distortion, 1960, table I).
# The components of centred text vectors are roughly normally distributed.
_LEVELS = np.array([-1.510, -0.4528, 0.4528, 1.510], np.float32)
# The weight of the prior, in vectors that spread evenly over all dimensions: few vectors say little about a dimension.
_EVEN = 64
# Two neighbouring segments become one unless the first is as many times as large as the other: adding a lecture of 10
# to 400 chunks writes 1,700 chunks on average, and a million chunks lie in 10 files at most.
_LARGER = 2
# The most chunks that a merge writes. In larger libraries the number of files grows instead, so that adding a lecture
# never writes everything anew.
_MOST = 500_000
# The share of a segment's chunks that may be removed before the segment is rewritten by itself.
_MOST_GONE = 0.25
_LAST = 1 << 62

faiss.omp_set_num_threads(1)  # a single question is slower on more

# Some of FAISS takes more than its type hints know.
_search_parameters: Any = faiss.SearchParametersIVF
_bitmap_selector: Any = faiss.IDSelectorBitmap
_callback_writer: Any = faiss.PyCallbackIOWriter  # type: ignore[attr-defined]


class Nearest(NamedTuple):
    """Chunks by id, best first, and their approximate cosines."""

    chunks: Ids
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
            kept = self._holdings.alive if keep is None else keep
            results = []
            for segment in self._segments:
                inside = kept.within(segment.first, segment.stop)
                is_whole = len(inside) == segment.count
                results.append(segment.search(question, k, None if is_whole else inside))
            unsealed = kept.without(Ranges.of((segment.first, segment.stop) for segment in self._segments))
            results += self._exact_nearest(unsealed, question, k)
        ids = np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in results)])
        nearness = np.concatenate([np.empty(0, np.float32), *(nearness for _, nearness in results)])
        best = np.argsort(-nearness, kind="stable")[:k]
        return Nearest(ids[best], nearness[best])

    def _exact_nearest(self, keep: Ranges, question: Vectors, k: int) -> Iterator[tuple[Ids, Vectors]]:
        """The k nearest chunks of each block of _BLOCK_ROWS, by exact cosines."""
        ids = keep.ids()
        for start in range(0, len(ids), _BLOCK_ROWS):
            block_ids, nearness = self._compared(question, ids[start : start + _BLOCK_ROWS])
            best = np.argsort(-nearness, kind="stable")[:k]
            yield block_ids[best], nearness[best]

    def _compared(self, question: Vectors, ids: Ids) -> tuple[Ids, Vectors]:
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
        if (index.ntotal, index.d) != (record.count, dimension + dimension % _TOGETHER):
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


def padded(vectors: Vectors) -> Vectors:
    """The vectors with a zero appended if their dimension is odd, which the file's never is."""
    return np.pad(vectors, [(0, 0)] * (vectors.ndim - 1) + [(0, vectors.shape[-1] % _TOGETHER)])


def seal(
    folder: Path,
    connection: sqlite3.Connection,
    manifest: Manifest,
    holdings: Holdings,
    means: Mapping[str, Vectors],
    progress: Callable[[int], None] = lambda chunks: None,
) -> Manifest:
    """Write the vector files that are due, and return the manifest with their records; old files aren't deleted."""

    def blocks(segment: Segment) -> Iterator[tuple[Ids, Vectors]]:
        """The ids and centred vectors of a segment's chunks."""
        after = segment.first - 1
        while rows := connection.execute(
            "SELECT chunk_id, data FROM vector WHERE chunk_id > ? AND chunk_id < ? ORDER BY chunk_id LIMIT ?",
            (after, segment.stop, _BLOCK_ROWS),
        ).fetchall():
            ids = np.array([chunk_id for chunk_id, _ in rows], np.int64)
            vectors = unpack_int8([data for _, data in rows], manifest.model.dimension)
            yield ids, padded(centre_rows(holdings.languages_of(ids), vectors, means))
            progress(len(ids))
            after = int(ids[-1])

    existing = {(record.first, record.stop): record for record in manifest.segments}
    number, records = manifest.numbered, []
    for segment in planned_segments(manifest.segments, holdings.alive):
        record = existing.get((segment.first, segment.stop))
        if record is None or record.count != segment.chunks:
            number += 1
            record = _written(folder / f"vectors-{number}.faiss", segment, blocks(segment))
        records.append(record)
    return replace(manifest, segments=tuple(records), numbered=number)


class Segment(NamedTuple):
    """The ids in [first, stop), of which `chunks` have a vector in the file."""

    first: int
    stop: int
    chunks: int


def planned_segments(records: Sequence[SegmentRecord], alive: Ranges) -> list[Segment]:
    """The segments that there should be, by ascending ids: existing ones, missing ones, and merged ones."""
    segments = [Segment(record.first, record.stop, record.count) for record in records]
    covered = Ranges.of((record.first, record.stop) for record in records)
    for after, before in zip([0, *covered.stops.tolist()], [*covered.starts.tolist(), _LAST], strict=True):
        if len(missing := alive.within(after, before)):
            segments.append(Segment(int(missing.starts[0]), int(missing.stops[-1]), len(missing)))

    def left(segment: Segment) -> int:
        return len(alive.within(segment.first, segment.stop))

    planned: list[Segment] = []
    for segment in sorted(segments):
        if segment.chunks - left(segment) > _MOST_GONE * segment.chunks:
            segment = segment._replace(chunks=left(segment))
        if left(segment):
            planned.append(segment)
        while len(planned) > 1:
            larger, last = map(left, planned[-2:])
            if larger >= _LARGER * last or larger + last > _MOST:
                break
            planned[-2:] = [Segment(planned[-2].first, planned[-1].stop, larger + last)]
    return planned


def _written(path: Path, segment: Segment, blocks: Iterator[tuple[Ids, Vectors]]) -> SegmentRecord:
    """Write a vector file from blocks of chunk ids and centred vectors; raises ValueError if there are none."""
    if (first := next(blocks, None)) is None:
        raise ValueError("chunks have no vectors")
    sample, width = first[1], first[1].shape[1]
    squares: Vectors = (np.einsum("ij,ij->j", sample, sample) + np.float32(_EVEN / width)) / (len(sample) + _EVEN)
    spread = np.sqrt(squares)  # the root mean square in each dimension, smoothed by the prior
    quantizer = faiss.IndexFlatIP(width)
    quantizer.add(np.zeros((1, width), np.float32))
    points = width // _TOGETHER
    index = faiss.IndexIVFPQFastScan(quantizer, width, 1, points, _POINT_BITS, faiss.METRIC_INNER_PRODUCT, _BLOCK)
    index.by_residual = False
    grid = np.stack([levels.ravel() for levels in np.meshgrid(_LEVELS, _LEVELS)], axis=1)
    centroids = (grid * spread.reshape(points, 1, _TOGETHER)).ravel()
    faiss.copy_array_to_vector(centroids, index.pq.centroids)
    index.is_trained = True
    product: Any = index.pq  # its types lack what SWIG adds
    levels: Vectors = product.decode(product.compute_codes(sample))
    # The factor by which quantisation scales inner products, since levels are nearer to 0 than what they stand for.
    share = float(np.sum(sample * levels) / np.sum(sample * sample)) if sample.any() else 1.0
    for ids, vectors in chain([first], blocks):
        index.add_with_ids(vectors, ids - segment.first)
    # So that scores are about cosines.
    faiss.copy_array_to_vector(np.float32(1 / share) * centroids, index.pq.centroids)
    with replacing(path) as file:
        faiss.write_index(index, _callback_writer(file.write))  # so that a full disk raises OSError
    return SegmentRecord(FileRecord.of(path), segment.first, segment.stop, int(index.ntotal))
