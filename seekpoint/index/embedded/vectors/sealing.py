"""Bringing the vector files up to date: chunks that no segment covers get one, and small segments are merged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.embedded import merge_policy
from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.holdings import Holdings
from seekpoint.index.embedded.manifest import Manifest, SegmentRecord
from seekpoint.index.embedded.merge_policy import Segment
from seekpoint.index.embedded.vectors import segment_writer
from seekpoint.index.models.centring import centre_rows
from seekpoint.index.records.piece_blocks import unpack_int8

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

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
    """Write the vector files that are due, and return the manifest with their records; old files aren't deleted.

    `progress` is told how many chunks were written since it was called last.
    """
    existing = {(record.first, record.stop): record for record in manifest.segments}
    number, records = manifest.numbered, []
    for segment in _planned(manifest.segments, holdings.alive):
        record = existing.get((segment.first, segment.stop))
        if record is None or record.count != segment.chunks:
            number += 1
            blocks = _blocks(connection, holdings, means, manifest.model.dimension, segment, progress)
            record = segment_writer.write(folder, number, manifest.model.dimension, blocks, segment)
        records.append(record)
    return replace(manifest, segments=tuple(records), numbered=number)


def _planned(records: Sequence[SegmentRecord], alive: Ranges) -> list[Segment]:
    """The segments that there should be: existing and missing ones, merged by the merge policy."""
    planned = [_counted(record.first, record.stop, record.count, alive) for record in records]
    covered = Ranges.of((record.first, record.stop) for record in records)
    edges = [0, *covered.stops.tolist()], [*covered.starts.tolist(), _LAST]
    for after, before in zip(*edges, strict=True):
        missing = alive.within(after, before)
        if len(missing):
            planned.append(Segment(int(missing.starts[0]), int(missing.stops[-1]), len(missing), len(missing)))
    planned.sort()
    while run := merge_policy.next_merge(planned):
        merged = planned[run]
        first, stop = merged[0].first, merged[-1].stop
        count = len(alive.within(first, stop))
        planned[run] = [Segment(first, stop, count, count)] if count else []
    return planned


def _counted(first: int, stop: int, chunks: int, alive: Ranges) -> Segment:
    return Segment(first, stop, chunks, len(alive.within(first, stop)))


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
