"""The chunk ids of each transcript, as ranges: searching, filtering and centring look chunks up here.

The chunks of a transcript have consecutive ids.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.text.language_tags import primary

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TranscriptSpan(NamedTuple):
    """The chunks of a transcript: ids in [first, stop), which have `terms` terms. `language` is a primary subtag."""

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

    def of_resources(self, resource_ids: Collection[str]) -> Ranges:
        """The chunks of these resources."""
        return Ranges.of(span for resource_id in resource_ids for span in self._spans.get(resource_id, ()))

    @cached_property
    def alive(self) -> Ranges:
        """All chunks that the library has."""
        return self.where(lambda span: True)

    @cached_property
    def spoken(self) -> dict[str, Ranges]:
        """The chunks of each language, by primary subtag."""
        languages = sorted({span.language for span in self.transcripts})
        return {language: self.where(lambda span, spoken=language: span.language == spoken) for language in languages}  # type: ignore[misc]

    def of_chunks(self, ids: NDArray[np.int64]) -> list[TranscriptSpan]:
        """The transcript of each chunk; the ids have to be in `alive`."""
        positions = np.searchsorted(self.first_chunks, ids, "right") - 1
        return [self.transcripts[position] for position in positions.tolist()]

    def languages_of(self, ids: NDArray[np.int64]) -> list[str]:
        """The language of each chunk, as a primary subtag; the ids have to be in `alive`."""
        return [span.language for span in self.of_chunks(ids)]

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
    def _spans(self) -> dict[str, list[tuple[int, int]]]:
        """The (first, stop) of each transcript, by resource id."""
        spans: dict[str, list[tuple[int, int]]] = {}
        for span in self.transcripts:
            spans.setdefault(span.resource_id, []).append((span.first, span.stop))
        return spans

    @cached_property
    def first_chunks(self) -> NDArray[np.int64]:
        """The id of each transcript's first chunk, which identifies the transcript: ids are never reused."""
        return np.array([span.first for span in self.transcripts], np.int64)
