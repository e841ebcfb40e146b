"""Bringing the vector files up to date: chunks that no segment covers get one, and small segments are merged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np
from numpy.typing import NDArray

from seekpoint.files import replacing
from seekpoint.index.embedded.chunk_ranges import Holdings, Ranges
from seekpoint.index.embedded.manifest import FileRecord, Manifest, SegmentRecord
from seekpoint.index.embedded.vectors import Ids, empty_index, padded, preserved_share
from seekpoint.index.models.centring import centre_rows
from seekpoint.index.sql.int8 import unpack_int8
from seekpoint.index.types import Vectors

_BLOCK_ROWS = 8192
_LAST = 1 << 62
# A segment is merged with the next one unless it is as many times as large: adding a lecture to any library writes some
# 700 chunks on average, and a million chunks lie in 6 files.
_LARGER = 2
# The share of a segment's chunks that may be removed before the segment is rewritten by itself.
_MOST_GONE = 0.25


def seal(
    folder: Path,
    connection: sqlite3.Connection,
    manifest: Manifest,
    holdings: Holdings,
    means: Mapping[str, Vectors],
    progress: Callable[[int], None] = lambda chunks: None,
) -> Manifest:
    """Write the vector files that are due, and return the manifest with their records; old files aren't deleted."""
    existing = {(record.first, record.stop): record for record in manifest.segments}
    number, records = manifest.numbered, []
    for segment in _planned(manifest.segments, holdings.alive):
        record = existing.get((segment.first, segment.stop))
        if record is None or record.count != segment.chunks:
            number += 1
            blocks = _blocks(connection, holdings, means, manifest.model.dimension, segment, progress)
            record = write_segment(folder, number, manifest.model.dimension, blocks, segment)
        records.append(record)
    return replace(manifest, segments=tuple(records), numbered=number)


class Segment(NamedTuple):
    """The ids in [first, stop), of which `chunks` have a vector in the file."""

    first: int
    stop: int
    chunks: int


def _planned(records: Sequence[SegmentRecord], alive: Ranges) -> list[Segment]:
    """The segments that there should be, by ascending ids: existing ones, missing ones, and merged ones."""
    segments = [Segment(record.first, record.stop, record.count) for record in records]
    covered = Ranges.of((record.first, record.stop) for record in records)
    for after, before in zip([0, *covered.stops.tolist()], [*covered.starts.tolist(), _LAST], strict=True):
        missing = alive.within(after, before)
        if len(missing):
            segments.append(Segment(int(missing.starts[0]), int(missing.stops[-1]), len(missing)))

    def left(segment: Segment) -> int:
        return len(alive.within(segment.first, segment.stop))

    planned: list[Segment] = []
    for segment in sorted(segments):
        if segment.chunks - left(segment) > _MOST_GONE * segment.chunks:
            segment = segment._replace(chunks=left(segment))
        while planned and left(planned[-1]) < _LARGER * left(segment):
            segment = Segment(planned.pop().first, segment.stop, 0)
            segment = segment._replace(chunks=left(segment))
        if left(segment):
            planned.append(segment)
    return planned


def _blocks(
    connection: sqlite3.Connection,
    holdings: Holdings,
    means: Mapping[str, Vectors],
    dimension: int,
    segment: Segment,
    progress: Callable[[int], None],
) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
    """The ids and centred vectors of a segment's chunks, in blocks of up to _BLOCK_ROWS."""
    after = segment.first - 1
    while rows := connection.execute(
        "SELECT chunk_id, data FROM vector WHERE chunk_id > ? AND chunk_id < ? ORDER BY chunk_id LIMIT ?",
        (after, segment.stop, _BLOCK_ROWS),
    ).fetchall():
        ids = np.array([chunk_id for chunk_id, _ in rows], np.int64)
        vectors = unpack_int8([data for _, data in rows], dimension)
        yield ids, centre_rows(holdings.languages_of(ids), vectors, means)
        progress(len(ids))
        after = int(ids[-1])


# The weight of the prior, in vectors that spread evenly over all dimensions: few vectors say little about a dimension.
_EVEN = 64

_callback_writer: Any = faiss.PyCallbackIOWriter  # type: ignore[attr-defined]


def write_segment(
    folder: Path, number: int, dimension: int, blocks: Iterable[tuple[Ids, Vectors]], segment: Segment
) -> SegmentRecord:
    """Write the vector file with a number, from blocks of (chunk ids, centred vectors) by ascending ids."""
    rest = iter(blocks)
    first = next(rest, (np.empty(0, np.int64), np.empty((0, dimension), np.float32)))
    sample = first[1]
    squares: Vectors = (np.einsum("ij,ij->j", sample, sample) + np.float32(_EVEN / dimension)) / (len(sample) + _EVEN)
    index = empty_index(np.sqrt(squares))  # the root mean square in each dimension, smoothed by the prior
    share = preserved_share(index, padded(sample))
    for ids, vectors in chain([first], rest):
        index.add_with_ids(padded(vectors), ids - segment.first)
    centroids = np.float32(1 / share) * faiss.vector_to_array(index.pq.centroids)  # so that scores are about cosines
    faiss.copy_array_to_vector(centroids, index.pq.centroids)
    path = folder / f"vectors-{number}.faiss"
    with replacing(path) as file:
        faiss.write_index(index, _callback_writer(file.write))  # so that a full disk raises OSError
    return SegmentRecord(FileRecord.of(path), segment.first, segment.stop, int(index.ntotal))
