"""The rows of transcripts, the same in both backends: made of embedded ones, or copied from another library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from math import inf
from typing import NamedTuple

import numpy as np

from seekpoint.index.sql import cue_blocks, piece_blocks
from seekpoint.index.sql.piece_blocks import StoredPiece
from seekpoint.index.sql.port import COLUMNS, Database
from seekpoint.index.sql.stored_rows import check_chapters, encode_chapters
from seekpoint.index.sql.stored_vectors import Totals, pack_int8, totals_of, unpack_int8
from seekpoint.index.sql.term_counts import check_counts, counts_of_chunks
from seekpoint.index.text.clean import text_digest
from seekpoint.index.text.terms import terms
from seekpoint.index.text.transcript_text import title_terms
from seekpoint.index.types import Chapter, EmbeddedTranscript, Known, ModelCard

_CHUNKS = 'SELECT first, stop, start, "end", is_reference,'
_CHECKED_AT_ONCE = 64


class ChunkRow(NamedTuple):
    """A chunk: cues [first, stop), its seconds, the digest of the embedded text, its vector and its terms as bytes."""

    first: int
    stop: int
    start: float
    end: float
    is_reference: bool
    digest: bytes
    vector: bytes
    terms: bytes


class TranscriptRows(NamedTuple):
    """A transcript: where its last chunk ends, how many terms its chunks have, and its blocks, each with its start."""

    resource_id: str
    language: str
    origin: str
    seconds: float
    terms: int
    chapters: str
    cues: Sequence[tuple[int, bytes]]
    pieces: Sequence[tuple[float, bytes]]
    chunks: Sequence[ChunkRow]

    def totals(self, card: ModelCard) -> Totals:
        """What the transcript adds to the sums of its language."""
        vectors = unpack_int8([chunk.vector for chunk in self.chunks], card.dimension)
        return totals_of(vectors, piece_blocks.all_pieces([(0, *block) for block in self.pieces], card))


def rows_of(
    db: Database, resource_id: str, transcripts: Sequence[EmbeddedTranscript], chapters: Sequence[Chapter]
) -> Iterator[TranscriptRows]:
    """The rows of a resource's transcripts; new terms get numbers, within the caller's transaction."""
    said = [
        [Counter((*terms(c.text), *title_terms(chapters, c.start, c.end))) for c in embedded.chunks]
        for embedded in transcripts
    ]
    numbers = numbered(db, set(chain.from_iterable(chain.from_iterable(said))))
    for embedded, counts in zip(transcripts, said, strict=True):
        transcript, chunks = embedded.transcript, embedded.chunks
        pieces = (StoredPiece(piece.start, text_digest(piece.text), vector) for piece, vector in embedded.pieces)
        encoded = zip(chunks, embedded.vectors, counts_of_chunks(numbers, counts), strict=True)
        yield TranscriptRows(
            resource_id,
            transcript.language,
            transcript.origin.value,
            max((c.end for c in chunks), default=0.0),
            sum(counter.total() for counter in counts),
            encode_chapters(transcript.chapters),
            [*cue_blocks.blocks(transcript.cues)],
            [*piece_blocks.blocks(pieces)],
            [
                ChunkRow(
                    *(c.first, c.stop, c.start, c.end, transcript.cues[c.first].is_reference),
                    *(text_digest(c.text), pack_int8(vector), data),
                )
                for c, vector, data in encoded
            ],
        )


def numbered(db: Database, terms: Collection[str]) -> dict[str, int]:
    """The number of each term; new ones get one, in order, so that builders never wait in a circle."""
    numbers = term_numbers(db, terms)
    if missing := sorted(set(terms) - numbers.keys()):
        db.run_many("INSERT INTO term (text) VALUES (?) ON CONFLICT DO NOTHING", [(term,) for term in missing])
        numbers |= term_numbers(db, missing)
    return numbers


def term_numbers(db: Database, terms: Collection[str]) -> dict[str, int]:
    """The number of each term that has one."""
    return {text: number for text, number in db.rows("SELECT text, number FROM term WHERE text IN ?*", list(terms))}


def insert(db: Database, rows: TranscriptRows, **own: object) -> int:
    """Store a transcript but for its chunks, with columns of the backend's `own`; returns its id."""
    columns = {
        **{"resource_id": rows.resource_id, "language": rows.language, "origin": rows.origin, "terms": rows.terms},
        **{"chunks": len(rows.chunks), "seconds": rows.seconds, "chapters": rows.chapters},
        **own,
    }
    marks = ", ".join("?" * len(columns))
    query = f"INSERT INTO transcript ({', '.join(columns)}) VALUES ({marks}) RETURNING id"
    [(transcript_id,)] = db.rows(query, *columns.values())
    for table, blocks in (("cue_block", rows.cues), ("piece_block", rows.pieces)):
        db.add(f"{table} ({COLUMNS[table]})", [(transcript_id, *block) for block in blocks])
    return int(transcript_id)


def stored(db: Database, resource_id: str | None = None) -> Iterator[TranscriptRows]:
    """The rows of all transcripts, or of a resource's, in the order in which they were stored."""
    query = "SELECT resource_id, language, origin, seconds, terms, chapters, id FROM transcript"
    values = () if resource_id is None else (resource_id,)
    for *row, transcript_id in db.rows(f"{query}{' WHERE resource_id = ?' * len(values)} ORDER BY id", *values):
        of_it = "WHERE transcript_id = ? ORDER BY"
        cues = db.rows(f"SELECT first, data FROM cue_block {of_it} first", transcript_id)
        pieces = db.rows(f"SELECT start, data FROM piece_block {of_it} start", transcript_id)
        chunks = db.rows(f"{_CHUNKS} {db.bodies} {of_it} id", transcript_id)
        blocks = [*map(tuple, cues)], [*map(tuple, pieces)]
        yield TranscriptRows._make((*row, *blocks, [ChunkRow._make(chunk) for chunk in chunks]))


def known(db: Database, resource_id: str, card: ModelCard, *, vectors: bool = True, pieces: bool = True) -> Known:
    """The stored vectors of a resource's chunks and pieces, by the digest of the embedded text; not both if damaged."""
    rows = [*stored(db, resource_id)]
    chunks = [chunk for each in rows for chunk in each.chunks] if vectors else []
    unpacked = unpack_int8([chunk.vector for chunk in chunks], card.dimension)
    blocks = [(k, *block) for k, each in enumerate(rows) for block in each.pieces] if pieces else []
    return Known(
        {chunk.digest: vector for chunk, vector in zip(chunks, unpacked, strict=True)},
        piece_blocks.pieces_by_digest(blocks, card),
    )


def check(db: Database, card: ModelCard, longest: float = inf) -> None:
    """Decode all transcripts; raises ValueError if a value is damaged, or a time is beyond `longest` seconds."""
    known_terms = np.array([number for (number,) in db.rows("SELECT number FROM term")], np.int64)
    of_it = "WHERE transcript_id = ?"
    for (each,) in db.rows("SELECT id FROM transcript"):
        stop = cue_blocks.check(db.each(f"SELECT first, data FROM cue_block {of_it} ORDER BY first", each), longest)
        piece_blocks.check(db.each(f"SELECT start, data FROM piece_block {of_it} ORDER BY start", each), card)
        chunks = map(ChunkRow._make, db.each(f"{_CHUNKS} {db.bodies} {of_it}", each))
        while batch := [*islice(chunks, _CHECKED_AT_ONCE)]:
            edges = [edge for chunk in batch for edge in (chunk.first, chunk.stop)]
            if min(edges) < 0 or max(edges) > stop:
                raise ValueError(cue_blocks.DAMAGED)
            unpack_int8([chunk.vector for chunk in batch], card.dimension)
            check_counts([chunk.terms for chunk in batch], known_terms)
        check_chapters((text for (text,) in db.rows("SELECT chapters FROM transcript WHERE id = ?", each)), longest)
