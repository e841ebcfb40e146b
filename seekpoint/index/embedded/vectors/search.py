"""The vectors of a library: segments that find what is near, and the database, which tells how near it is.

The answer depends on the database alone. Segments are vector files over ranges of ids, and hold vectors without the
means of their day; what no segment covers (a build is at work, or was killed) is compared one by one.
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
from seekpoint.index.embedded.vectors.int8 import unpack
from seekpoint.index.embedded.vectors.segment_file import VectorSegment
from seekpoint.index.embedded.words.accumulators import Postings
from seekpoint.index.models.centring import cosines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.types import Vectors

_BLOCK_ROWS = 8192
# So many vectors are read from the database about as soon as found by the vector files of a million.
_FEW = 256


class _Parts(NamedTuple):
    """Where some chunks are: the segments, with which of theirs where it isn't all, and what is in none of them."""

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

    def nearest(self, question: Vectors, k: int, keep: Ranges | None = None) -> Postings:
        """About the k chunks nearest to a centred question with approximate cosines, best first; `keep` limits them."""
        if keep is not None and len(keep) <= _FEW:
            found = list(self._nearest_of(keep, question, k))
        else:
            parts = self._all if keep is None else self._parts(keep)
            found = [segment.search(question, k, here) for segment, here in parts.sealed]
            found += self._nearest_of(parts.unsealed, question, k)
        ids = np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in found)])
        nearness = np.concatenate([np.empty(0, np.float32), *(nearness for _, nearness in found)])
        best = np.argsort(-nearness, kind="stable")[:k]
        return Postings(ids[best], nearness[best])

    def scores(self, question: Vectors, ids: Sequence[int]) -> dict[int, float]:
        """The cosines of those chunks that are here with a centred question."""
        here = np.asarray(ids, np.int64)
        found, nearness = self._compared(question, here[self._holdings.alive.contains(here)])
        return dict(zip(found.tolist(), nearness.tolist(), strict=True))

    @cached_property
    def _all(self) -> _Parts:
        return self._parts(self._holdings.alive)

    def _parts(self, wanted: Ranges) -> _Parts:
        here = [(segment, wanted.within(segment.first, segment.stop)) for segment in self._segments]
        sealed = [(segment, None if len(ids) == segment.count else ids) for segment, ids in here]
        return _Parts(sealed, wanted.without(self._covered))

    def _nearest_of(self, wanted: Ranges, question: Vectors, k: int) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        """The same without an index, a block at a time."""
        ids = wanted.ids()
        for start in range(0, len(ids), _BLOCK_ROWS):
            found, nearness = self._compared(question, ids[start : start + _BLOCK_ROWS])
            best = np.argsort(-nearness, kind="stable")[:k]
            yield found[best], nearness[best]

    def _compared(self, question: Vectors, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], Vectors]:
        """Chunks, by ascending id, and their cosines."""
        with library_errors(self._folder):
            rows = self._connection.execute(
                """SELECT chunk_id, data FROM vector WHERE chunk_id IN (SELECT value FROM json_each(?))
                   ORDER BY chunk_id""",
                (json.dumps(ids.tolist()),),
            ).fetchall()
        found = np.array([chunk_id for chunk_id, _ in rows], np.int64)
        vectors = unpack([data for _, data in rows], self._manifest.model.dimension)
        return found, cosines(self._holdings.languages_of(found), vectors, self._means, question)

    @cached_property
    def _segments(self) -> list[VectorSegment]:
        return list(self._opened())

    def _opened(self) -> Iterator[VectorSegment]:
        for record in self._manifest.segments:
            if len(self._holdings.alive.within(record.first, record.stop)):
                try:
                    yield VectorSegment(self._folder, record, self._manifest.model.dimension)
                except FileNotFoundError:  # a build has merged it with others since; the snapshot has its vectors
                    continue

    @cached_property
    def _covered(self) -> Ranges:
        return Ranges.of((segment.first, segment.stop) for segment in self._segments)
