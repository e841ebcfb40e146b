"""Bringing the vector files up to date: chunks that no segment covers get one, and small segments are merged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, chain
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
from seekpoint.index.sql.piece_blocks import unpack_int8
from seekpoint.index.types import Vectors

_BLOCK_ROWS = 8192
_LAST = 1 << 62


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


def _planned(records: Sequence[SegmentRecord], alive: Ranges) -> list[Segment]:
    """The segments that there should be: existing and missing ones, merged by the merge policy."""
    planned = [
        Segment(record.first, record.stop, record.count, len(alive.within(record.first, record.stop)))
        for record in records
    ]
    covered = Ranges.of((record.first, record.stop) for record in records)
    edges = [0, *covered.stops.tolist()], [*covered.starts.tolist(), _LAST]
    for after, before in zip(*edges, strict=True):
        missing = alive.within(after, before)
        if len(missing):
            planned.append(Segment(int(missing.starts[0]), int(missing.stops[-1]), len(missing), len(missing)))
    planned.sort()
    while run := next_merge(planned):
        merged = planned[run]
        first, stop = merged[0].first, merged[-1].stop
        count = len(alive.within(first, stop))
        planned[run] = [Segment(first, stop, count, count)] if count else []
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


# When segments are merged: `fan` neighbours of about one size become one, as in Lucene's log merge policy.
#
# So a chunk is rewritten about once each time that the library grows by a factor of `fan`, and there are never more
# than some `fan` segments for each of these factors. Only neighbours are merged, so that segments stay in the order of
# their ids.

# The share of a segment's chunks that may be removed before the segment is rewritten by itself.
_MOST_GONE = 0.25
# Segments are of about one size if the largest is at most fan ** _SPREAD times as large as the smallest.
_SPREAD = 0.75
# Chunks. The cost of merging smaller segments doesn't depend on their size.
_SMALLEST = 64
# The most chunks that a merge may write. In larger libraries the number of segments grows instead, so that adding a few
# chunks never rewrites everything.
_MOST = 500_000


class Segment(NamedTuple):
    """A segment over the ids in [first, stop): how many chunks it holds, and how many of them aren't removed."""

    first: int
    stop: int
    chunks: int
    alive: int

    @property
    def size(self) -> int:
        """The size by which segments are compared."""
        return max(self.alive, _SMALLEST)


def next_merge(segments: Sequence[Segment], fan: int = 8) -> slice | None:
    """The neighbours to merge next, or the one segment to rewrite, of all by ascending ids; `None` when none is due."""
    for index, segment in enumerate(segments):
        if not segment.alive:
            return slice(index, index + 1)
    before = [0, *accumulate(segment.alive for segment in segments)]
    start = 0
    while start < len(segments):
        # A run of segments of about one size ends with the last segment that is about as large as the largest one from
        # `start` on; smaller segments in between belong to it.
        least = max(segment.size for segment in segments[start:]) / fan**_SPREAD
        stop = max(index for index in range(start, len(segments)) if segments[index].size >= least) + 1
        if stop - start >= fan:
            cost, first = min((before[index + fan] - before[index], index) for index in range(start, stop - fan + 1))
            if cost <= _MOST:
                return slice(first, first + fan)
        start = stop
    for index, segment in enumerate(segments):
        if segment.chunks - segment.alive > _MOST_GONE * segment.chunks:
            return slice(index, index + 1)
    return None
