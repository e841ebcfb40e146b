"""Which chunks belong to which transcript: the ranges that searching, filtering and centring go by."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.text.language_tags import primary

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TranscriptSpan(NamedTuple):
    """A transcript's chunks: ids `first` up to, not including, `stop`; `language` is a primary subtag."""

    first: int
    stop: int
    language: str
    resource_id: str
    kind: str


@dataclass(frozen=True, eq=False)
class Holdings:
    """All transcripts that have chunks, by ascending ids."""

    transcripts: Sequence[TranscriptSpan]

    @classmethod
    def stored(cls, connection: sqlite3.Connection) -> Holdings:
        """The transcripts of a database; raises sqlite3.Error."""
        return cls.of(
            connection.execute(
                """SELECT first_chunk, chunks, language, resource_id, kind
                   FROM transcript JOIN resource ON resource.id = resource_id"""
            )
        )

    @classmethod
    def of(cls, rows: Iterable[Sequence[object]]) -> Holdings:
        """From rows of (first chunk, chunks, language tag, resource id, kind)."""
        found = [
            TranscriptSpan(int(first), int(first) + int(chunks), primary(str(language)), str(resource_id), str(kind))  # type: ignore[call-overload]
            for first, chunks, language, resource_id, kind in rows
            if chunks
        ]
        return cls(sorted(found))

    def where(self, is_kept: Callable[[TranscriptSpan], bool]) -> Ranges:
        """The chunks of some transcripts."""
        return Ranges.of((one.first, one.stop) for one in self.transcripts if is_kept(one))

    def of_resources(self, resource_ids: Collection[str]) -> Ranges:
        """The chunks of those resources."""
        return Ranges.of(span for resource_id in resource_ids for span in self._spans.get(resource_id, ()))

    @cached_property
    def alive(self) -> Ranges:
        """All chunks."""
        return self.where(lambda one: True)

    @cached_property
    def spoken(self) -> dict[str, Ranges]:
        """The chunks of each language, by primary subtag."""
        languages = sorted({one.language for one in self.transcripts})
        return {language: self.where(lambda one, spoken=language: one.language == spoken) for language in languages}  # type: ignore[misc]

    def of_chunks(self, ids: NDArray[np.int64]) -> list[TranscriptSpan]:
        """The transcript of each of some chunks that are alive."""
        places = np.searchsorted(self._starts, ids, "right") - 1
        return [self.transcripts[place] for place in places.tolist()]

    def languages_of(self, ids: NDArray[np.int64]) -> list[str]:
        """The primary subtag of each of some chunks that are alive."""
        return [holding.language for holding in self.of_chunks(ids)]

    @cached_property
    def _spans(self) -> dict[str, list[tuple[int, int]]]:
        """The ids of each resource's chunks, from one up to, not including, another, for each of its transcripts."""
        spans: dict[str, list[tuple[int, int]]] = {}
        for one in self.transcripts:
            spans.setdefault(one.resource_id, []).append((one.first, one.stop))
        return spans

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.array([one.first for one in self.transcripts], np.int64)
