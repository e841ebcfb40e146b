"""Sets of chunk ids as ranges: chunks that a library has, or a filter keeps, are a few runs of consecutive ids."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from seekpoint.index.text.languages import primary

Ids = NDArray[np.int64]

_LEAST, _MOST = -(1 << 62), 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Half-open ranges of ids in ascending order; none is empty, and no two touch."""

    starts: Ids
    stops: Ids

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Self:
        """The union of half-open ranges (first, stop), which may overlap and come in any order."""
        table = np.array(sorted((first, stop) for first, stop in pairs if first < stop), np.int64).reshape(-1, 2)
        highest_stops = np.maximum.accumulate(table[:, 1]) if len(table) else table[:, 1]
        is_first = np.ones(len(table), bool)
        is_first[1:] = table[1:, 0] > highest_stops[:-1]
        last = np.flatnonzero(is_first)[1:] - 1
        return cls(table[is_first, 0], np.concatenate([highest_stops[last], highest_stops[-1:]]))

    def __len__(self) -> int:
        """The number of ids."""
        return int((self.stops - self.starts).sum())

    def contains(self, ids: ArrayLike) -> NDArray[np.bool_]:
        """Whether each of the ids is in the set."""
        array = np.asarray(ids, np.int64)
        position = np.searchsorted(self.starts, array, "right") - 1
        inside: NDArray[np.bool_] = position >= 0
        inside[inside] = array[inside] < self.stops[position[inside]]
        return inside

    def within(self, first: int, stop: int) -> Self:
        """The ids in [first, stop)."""
        low = int(np.searchsorted(self.stops, first, "right"))
        high = max(int(np.searchsorted(self.starts, stop, "left")), low) if first < stop else low
        return type(self)(np.maximum(self.starts[low:high], first), np.minimum(self.stops[low:high], stop))

    def intersection(self, other: Ranges) -> Ranges:
        """The ids that are in both sets."""
        few, many = sorted((self, other), key=lambda ranges: len(ranges.starts))
        parts = [many.within(int(a), int(b)) for a, b in zip(few.starts, few.stops, strict=True)]
        if not parts:
            return few
        return Ranges(np.concatenate([part.starts for part in parts]), np.concatenate([part.stops for part in parts]))

    def without(self, other: Ranges) -> Ranges:
        """The ids that aren't in the other set."""
        if not len(other.starts):
            return self
        edges = zip([_LEAST, *other.stops.tolist()], [*other.starts.tolist(), _MOST], strict=True)
        return self.intersection(Ranges.of(edges))

    def ids(self) -> Ids:
        """All ids in ascending order."""
        sizes = self.stops - self.starts
        before = np.cumsum(sizes) - sizes
        return np.repeat(self.starts - before, sizes) + np.arange(int(sizes.sum()), dtype=np.int64)

    def bitmap(self, first: int, stop: int) -> NDArray[np.uint8]:
        """A bit for each id in [first, stop), least significant bit first, as FAISS takes it."""
        steps = np.zeros(stop - first + 1, np.int8)
        covered = self.within(first, stop)
        steps[covered.starts - first] += 1
        steps[covered.stops - first] -= 1
        return np.packbits(np.cumsum(steps[:-1], dtype=np.int8).astype(bool), bitorder="little")


@dataclass(frozen=True, slots=True, eq=False)
class RangeScope:
    """The chunks that a search is limited to; `ranges` is `None` for all chunks."""

    ranges: Ranges | None
    chunks: int

    def __len__(self) -> int:
        return self.chunks


class TranscriptSpan(NamedTuple):
    """The chunks of a transcript: consecutive ids in [first, stop), with `terms` terms; `language` is primary."""

    first: int
    stop: int
    language: str
    resource_id: str
    kind: str
    terms: int


@dataclass(frozen=True, eq=False)
class Holdings:
    """All transcripts that have chunks, by ascending chunk ids."""

    transcripts: Sequence[TranscriptSpan]

    @classmethod
    def stored(cls, connection: sqlite3.Connection) -> Holdings:
        """The transcripts of a database; raises sqlite3.Error, or ValueError if their chunks don't exist."""
        holdings = cls.of(
            connection.execute(
                """SELECT first_chunk, chunks, language, resource_id, kind, terms
                   FROM transcript JOIN resource ON resource.id = resource_id"""
            )
        )
        (highest,) = connection.execute("SELECT coalesce(max(id), 0) FROM chunk").fetchone()
        edges = [0, *(edge for span in holdings.transcripts for edge in (span.first - 1, span.stop - 1)), highest]
        if edges != sorted(edges):
            raise ValueError("a transcript has chunks that don't exist")
        return holdings

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> Holdings:
        """From rows of (first chunk id, number of chunks, language tag, resource id, kind, number of terms)."""
        spans = [
            TranscriptSpan(first, first + chunks, primary(language), resource_id, kind, terms)
            for first, chunks, language, resource_id, kind, terms in rows
            if chunks
        ]
        return cls(sorted(spans))

    def where(self, is_kept: Callable[[TranscriptSpan], bool]) -> Ranges:
        """The chunks of the transcripts for which `is_kept` is true."""
        return Ranges.of((span.first, span.stop) for span in self.transcripts if is_kept(span))

    @cached_property
    def alive(self) -> Ranges:
        """All chunks that the library has."""
        return self.where(lambda span: True)

    @cached_property
    def spoken(self) -> dict[str, Ranges]:
        """The chunks of each language, by primary subtag."""
        languages = sorted({span.language for span in self.transcripts})
        return {language: self.where(lambda span, spoken=language: span.language == spoken) for language in languages}  # type: ignore[misc]

    def languages_of(self, ids: NDArray[np.int64]) -> list[str]:
        """The language of each chunk, as a primary subtag; the ids have to be in `alive`."""
        positions = np.searchsorted(self.first_chunks, ids, "right") - 1
        return [self.transcripts[position].language for position in positions.tolist()]

    def transcripts_in(self, ranges: Ranges) -> list[int]:
        """The transcripts in some ranges that cut none, by first chunk id."""
        transcripts: list[int] = self.first_chunks[ranges.contains(self.first_chunks)].tolist()
        return transcripts

    @cached_property
    def terms(self) -> Counter[str]:
        """The number of terms in the chunks of each language, by primary subtag."""
        terms: Counter[str] = Counter()
        for span in self.transcripts:
            terms[span.language] += span.terms
        return terms

    @cached_property
    def first_chunks(self) -> NDArray[np.int64]:
        """The id of each transcript's first chunk, which identifies the transcript: ids are never reused."""
        return np.array([span.first for span in self.transcripts], np.int64)
