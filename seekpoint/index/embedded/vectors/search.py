"""Search by meaning: vector files find the nearest chunks approximately, and the database gives exact cosines.

Answers depend on the database alone. A segment is a vector file over a range of ids; its vectors were centred with the
language means at the time it was written. Chunks that no segment covers (a build is running, or was killed) are
compared one by one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.holdings import Holdings
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.vectors.segment_file import VectorSegment
from seekpoint.index.models.centring import cosines
from seekpoint.index.records.piece_blocks import unpack_int8

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

_BLOCK_ROWS = 8192
# Chunks. Reading the vectors of 256 from the database takes about as long as searching vector files of a million.
_FEW = 256


class Nearest(NamedTuple):
    """Chunks by id, best first, and their approximate cosines."""

    chunks: NDArray[np.int64]
    cosines: Vectors


class _Parts(NamedTuple):
    """A set of chunks by segment (`None` if it includes all chunks of a segment), and those in no segment."""

    sealed: Sequence[tuple[VectorSegment, Ranges | None]]
    unsealed: Ranges


class VectorStore:
    """Search by meaning over one snapshot of the database."""

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        manifest: Manifest,
        holdings: Holdings,
        means: Mapping[str, Vectors],
    ) -> None:
        self._folder = folder
        self._connection = connection
        self._manifest = manifest
        self._holdings = holdings
        self._means = means

    def nearest(self, question: Vectors, k: int, keep: Ranges | None = None) -> Nearest:
        """About the k chunks nearest to a centred question, best first, with approximate cosines.

        `keep` is a filter. If it keeps at most _FEW chunks, they are compared exactly.
        """
        if keep is not None and len(keep) <= _FEW:
            results = list(self._exact_nearest(keep, question, k))
        else:
            parts = self._all if keep is None else self._parts(keep)
            results = [segment.search(question, k, ranges) for segment, ranges in parts.sealed]
            results += self._exact_nearest(parts.unsealed, question, k)
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
    def _all(self) -> _Parts:
        return self._parts(self._holdings.alive)

    def _parts(self, keep: Ranges) -> _Parts:
        by_segment = [(segment, keep.within(segment.first, segment.stop)) for segment in self._segments]
        sealed = [(segment, None if len(ids) == segment.count else ids) for segment, ids in by_segment]
        return _Parts(sealed, keep.without(self._covered))

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
        return list(self._opened())

    def _opened(self) -> Iterator[VectorSegment]:
        for record in self._manifest.segments:
            if len(self._holdings.alive.within(record.first, record.stop)):
                try:
                    yield VectorSegment(self._folder, record, self._manifest.model.dimension)
                except FileNotFoundError:  # a build has merged and deleted it; the database still has its vectors
                    continue

    @cached_property
    def _covered(self) -> Ranges:
        return Ranges.of((segment.first, segment.stop) for segment in self._segments)
