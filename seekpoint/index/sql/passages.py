"""Chunks, pieces and cues: what a question is scored by and answered with, read alike in both backends."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import Any

from seekpoint.index.sql import read_stretches
from seekpoint.index.sql.cue_blocks import joined
from seekpoint.index.sql.port import Database, decoding
from seekpoint.index.sql.stored_rows import decode_chapters
from seekpoint.index.text.languages import primary
from seekpoint.index.types import (
    Cue,
    CueSpan,
    Evidence,
    Language,
    ModelCard,
    Origin,
    Pieces,
    StoredChunk,
    Transcript,
    Vectors,
)

_EVIDENCE = """
    SELECT chunk.id, transcript_id, resource_id, transcript.language, first, stop, start, "end", is_reference, {bodies}
    JOIN transcript ON transcript.id = transcript_id WHERE chunk.id IN ?* ORDER BY chunk.id"""
# The blocks with cues in [first, stop) of each span, beginning with the one that contains cue `first`.
_CUES = """
    WITH span (number, transcript_id, first, stop) AS (VALUES {spans})
    SELECT span.number, block.first, block.data
    FROM span JOIN cue_block AS block ON block.transcript_id = span.transcript_id
      AND block.first < span.stop AND block.first >= coalesce(
        (SELECT max(first) FROM cue_block WHERE transcript_id = span.transcript_id AND first <= span.first), span.first)
    ORDER BY span.number, block.first"""
# The blocks with pieces in each span of seconds.
_PIECES = """
    WITH span (transcript_id, start, stop) AS (VALUES {spans})
    SELECT transcript_id, start, data FROM piece_block WHERE (transcript_id, start) IN (
      SELECT block.transcript_id, block.start
      FROM span JOIN piece_block AS block ON block.transcript_id = span.transcript_id
        AND block.start < span.stop AND block.start >= coalesce(
          (SELECT max(start) FROM piece_block WHERE transcript_id = span.transcript_id AND start <= span.start),
          span.start))"""
# SQLite takes 32,766 values in a query, PostgreSQL 65,535; a span has up to four.
_SPANS_AT_ONCE = 500


class Passages:
    """Reads the rows of chunks and what lies between them; `store.Reader` documents the methods."""

    db: Database

    @property
    @abstractmethod
    def card(self) -> ModelCard: ...
    @abstractmethod
    def languages(self) -> Mapping[str, Language]: ...
    @abstractmethod
    def _numbers(self, terms: Collection[str]) -> Mapping[str, int]:
        """The number of each term that has one."""

    @decoding
    def evidence(self, ids: Sequence[int], vector: Vectors, terms: Collection[str] = ()) -> Evidence:
        from seekpoint.index.models.centring import cosines
        from seekpoint.index.sql.stored_vectors import unpack_int8
        from seekpoint.index.sql.term_counts import term_matrix

        rows = self.db.rows(_EVIDENCE.format(bodies=self.db.bodies), list(ids))
        chunks = [StoredChunk(*row[:-3]) for row in rows]
        if not isfinite(sum(chunk.start + chunk.end for chunk in chunks)):
            raise ValueError("a chunk has no time")
        words = term_matrix(self._numbers(terms), [row[-1] for row in rows])
        if not chunks:
            return Evidence([], [], words)
        means = {name: language.mean for name, language in self.languages().items()}
        vectors = unpack_int8([row[-2] for row in rows], self.card.dimension)
        near = cosines([primary(chunk.language) for chunk in chunks], vectors, means, vector)
        return Evidence(chunks, near.tolist(), words)

    @decoding
    def pieces(self, chunks: Sequence[StoredChunk], margin: float) -> dict[int, Pieces]:
        from seekpoint.index.sql.piece_blocks import pieces_around

        spans = [(chunk.transcript_id, chunk.start - margin, chunk.end + margin) for chunk in chunks]
        return pieces_around(self._of_spans(_PIECES, spans), chunks, margin, self.card)

    @decoding
    def transcripts(
        self, resource_id: str, language: str | None = None, first: int = 0, stop: int = sys.maxsize
    ) -> list[Transcript]:
        query = "SELECT id, language, origin, chapters FROM transcript WHERE resource_id = ? ORDER BY id"
        rows = [row for row in self.db.rows(query, resource_id) if language in (None, row[1])]
        cues = self.cues([CueSpan(row[0], max(first, 0), stop) for row in rows])
        noted = self.db.rows("SELECT id, language, titles FROM stretch WHERE resource_id = ?", resource_id)
        texts, (told_in, told) = read_stretches.apart((key, tag, text) for key, tag, text in noted)
        titles = {number: decode_chapters(text) for number, text in texts.items()}
        is_whole = first <= 0 and stop == sys.maxsize
        read = read_stretches.all_of(self.db, [resource_id]) if is_whole and titles else []
        questions = tuple(question for stretch in read for question in stretch.questions)
        transcripts = []
        for (_, spoken, origin, text), said in zip(rows, cues, strict=True):
            chapters = decode_chapters(text)
            own = read_stretches.titled(chapters, titles)
            summary = told if spoken == told_in else ""
            transcripts.append(Transcript(spoken, Origin(origin), tuple(said), chapters, own, questions, summary))
        return transcripts

    @decoding
    def cues(self, spans: Sequence[CueSpan]) -> list[list[Cue]]:
        blocks: list[list[tuple[int, bytes]]] = [[] for _ in spans]
        for number, first, data in self._of_spans(_CUES, [*((k, *span) for k, span in enumerate(spans))]):
            blocks[number].append((first, data))
        cues = [joined(rows, span.first, span.stop) for rows, span in zip(blocks, spans, strict=True)]
        if not all(cues):
            raise ValueError("a chunk has no cues")
        return cues

    def _of_spans(self, query: str, spans: Sequence[Sequence[object]]) -> Sequence[Sequence[Any]]:
        """The rows of a query over some spans, each once: two parts of the spans may have the same block."""
        rows: dict[tuple[Any, ...], Sequence[Any]] = {}
        for start in range(0, len(spans), _SPANS_AT_ONCE):
            part = spans[start : start + _SPANS_AT_ONCE]
            marks = f"({', '.join('?' * len(part[0]))})"
            found = self.db.rows(query.format(spans=", ".join([marks] * len(part))), *chain.from_iterable(part))
            rows |= {(row[0], row[1]): row for row in found}
        return [*rows.values()]
