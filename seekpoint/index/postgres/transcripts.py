"""Storing a transcript: its cues, its pieces, and its chunks with their vectors and terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from string import ascii_lowercase
from typing import NamedTuple

import numpy as np

from seekpoint.index.postgres.meaning import embedding_rows, known_centre
from seekpoint.index.postgres.session import Session, quoted
from seekpoint.index.sql import cue_blocks, piece_blocks, stored_rows, sums
from seekpoint.index.sql.piece_blocks import Blocks, StoredPiece
from seekpoint.index.sql.sums import Totals, as_bytes, numbers, totals_of
from seekpoint.index.text.clean import text_digest
from seekpoint.index.text.language_tags import primary
from seekpoint.index.text.terms import terms
from seekpoint.index.text.transcript_text import title_terms
from seekpoint.index.types import Chapter, EmbeddedTranscript, Known, ModelCard

_OF_RESOURCE = "JOIN transcript ON transcript.id = transcript_id WHERE resource_id = %s"


class _Said(NamedTuple):
    """The terms of a transcript's chunks: how often each chunk has each."""

    embedded: EmbeddedTranscript
    counts: Sequence[Counter[str]]


def known(session: Session, resource_id: str, card: ModelCard) -> Known:
    """The stored vectors of a resource's chunks and pieces, by the digest of the embedded text."""
    rows = session.rows(
        f"SELECT digest, vector FROM body JOIN chunk ON chunk.id = chunk_id {_OF_RESOURCE}", resource_id
    )
    blocks = Blocks(session.rows(f"SELECT transcript_id, start, data FROM piece_block {_OF_RESOURCE}", resource_id))
    vectors = {digest: piece_blocks.unpack_int8([vector], card.dimension)[0] for digest, vector in rows}
    return Known(vectors, piece_blocks.pieces_by_digest(blocks, card))


def insert(
    session: Session,
    resource_id: str,
    transcripts: Sequence[EmbeddedTranscript],
    chapters: Sequence[Chapter],
    card: ModelCard,
) -> None:
    """Store the transcripts of a resource that has none; within the caller's transaction."""
    said = [_said(embedded, chapters) for embedded in transcripts]
    numbers = _numbered(session, set(chain.from_iterable(c for one in said for c in one.counts)))
    [(number,)] = session.rows("SELECT number FROM resource WHERE id = %s", resource_id)
    for one in said:
        _insert(session, resource_id, number, one, numbers, card)


def remove(session: Session, resource_id: str, card: ModelCard) -> None:
    """Delete a resource's transcripts; within the caller's transaction."""
    rows = session.rows("SELECT id, spoken, terms FROM transcript WHERE resource_id = %s", resource_id)
    for transcript_id, spoken, length in rows:
        bodies = session.rows(
            "SELECT vector, body.terms FROM body JOIN chunk ON chunk.id = chunk_id WHERE transcript_id = %s",
            transcript_id,
        )
        vectors = piece_blocks.unpack_int8([vector for vector, _ in bodies], card.dimension)
        blocks = session.rows(
            "SELECT transcript_id, start, data FROM piece_block WHERE transcript_id = %s", transcript_id
        )
        found = totals_of(vectors, piece_blocks.all_pieces(Blocks(blocks), card))
        add_totals(session, spoken, found, length, sign=-1)
        numbers = sums.decode_counts([data for _, data in bodies]).numbers.tolist()
        counted = Counter(TermIn(number, spoken) for number in numbers)
        add_frequencies(session, {term: -count for term, count in counted.items()})
    session.run("DELETE FROM transcript WHERE resource_id = %s", resource_id)


def _said(embedded: EmbeddedTranscript, chapters: Sequence[Chapter]) -> _Said:
    return _Said(embedded, [Counter((*terms(c.text), *title_terms(chapters, c.start, c.end))) for c in embedded.chunks])


def _numbered(session: Session, wanted: set[str]) -> dict[str, int]:
    """The numbers of terms. New ones are stored in order, so that builders never wait in a circle."""
    query = "SELECT text, number FROM term WHERE text = ANY(%s)"
    numbers = dict(session.rows(query, [*wanted]))
    if missing := sorted(wanted - numbers.keys()):
        session.run("INSERT INTO term (text) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", missing)
        numbers |= dict(session.rows(query, missing))
    return numbers


def _insert(
    session: Session, resource_id: str, resource: int, said: _Said, numbers: dict[str, int], card: ModelCard
) -> None:
    transcript, chunks = said.embedded.transcript, said.embedded.chunks
    spoken, length = primary(transcript.language), sum(counts.total() for counts in said.counts)
    [(transcript_id,)] = session.rows(
        """INSERT INTO transcript (resource_id, language, spoken, origin, chunks, seconds, terms, chapters)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id""",
        resource_id,
        transcript.language,
        spoken,
        transcript.origin.value,
        len(chunks),
        max((chunk.end for chunk in chunks), default=0.0),
        length,
        stored_rows.encode_chapters(transcript.chapters),
    )
    blocks = [(transcript_id, *block) for block in cue_blocks.blocks(transcript.cues)]
    session.copy("cue_block (transcript_id, first, data)", blocks)
    stored = (StoredPiece(piece.start, text_digest(piece.text), vector) for piece, vector in said.embedded.pieces)
    piece_rows = [(transcript_id, *block) for block in piece_blocks.blocks(stored)]
    session.copy("piece_block (transcript_id, start, data)", piece_rows)
    packed = [piece_blocks.pack_int8(vector) for vector in said.embedded.vectors]
    _insert_chunks(session, transcript_id, resource, spoken, said, packed, numbers, card)
    found = totals_of(
        piece_blocks.unpack_int8(packed, card.dimension), piece_blocks.all_pieces(Blocks(piece_rows), card)
    )
    add_totals(session, spoken, found, length)
    counted = Counter(TermIn(numbers[term], spoken) for counts in said.counts for term in counts)
    add_frequencies(session, counted)


def _insert_chunks(
    session: Session,
    transcript_id: int,
    resource: int,
    spoken: str,
    said: _Said,
    packed: Sequence[bytes],
    numbers: dict[str, int],
    card: ModelCard,
) -> None:
    cues, chunks = said.embedded.transcript.cues, said.embedded.chunks
    ids = _new_ids(session, len(chunks))
    vectors = (
        embedding_rows(piece_blocks.unpack_int8(packed, card.dimension), known_centre(session, spoken, card))
        if chunks
        else []
    )
    same = (transcript_id, resource, spoken)
    said_in_letters = (text_of(numbers[term] for term in counts.elements()) for counts in said.counts)
    session.copy(
        'chunk (id, first, stop, start, "end", is_reference, length, embedding, terms, '
        "transcript_id, resource, language)",
        (
            (chunk_id, c.first, c.stop, c.start, c.end, cues[c.first].is_reference, *vector, words, *same)
            for chunk_id, c, vector, words in zip(ids, chunks, vectors, said_in_letters, strict=True)
        ),
    )
    encoded = sums.counts_of_chunks(numbers, said.counts)
    digests = (text_digest(chunk.text) for chunk in chunks)
    session.copy("body (chunk_id, digest, vector, terms)", zip(ids, digests, packed, encoded, strict=True))


def _new_ids(session: Session, count: int) -> list[int]:
    """Ids for chunks, ascending; never given before."""
    query = "SELECT nextval(%s::regclass) FROM generate_series(1, %s)"
    return [chunk_id for (chunk_id,) in session.rows(query, f"{quoted(session.sequences)}.chunk_id", count)]


# Sums over a library's chunks: the vectors of each language, and in how many chunks each term is.
#
# A change adds rows; `fold` adds these up with what was summed up before. The sums are exact in either form.

# The key of the advisory lock that keeps two processes from adding up the same changes.
_LOCK = 0x736B7075


class LanguageTotals(NamedTuple):
    """The totals of a language's vectors, and the number of its terms."""

    vectors: Totals
    terms: int

    @property
    def values(self) -> tuple[int, bytes, int, bytes, int]:
        """The columns of `language`, but its name."""
        chunks, total, windows, window_total = self.vectors
        return (chunks, as_bytes(total), windows, as_bytes(window_total), self.terms)


class TermIn(NamedTuple):
    """A term, by its number, in a language."""

    number: int
    language: str


def chunk_languages(session: Session) -> dict[str, LanguageTotals]:
    """The totals of each language that has chunks, in alphabetical order."""
    rows = session.rows("SELECT * FROM language UNION ALL SELECT * FROM language_change")
    summed = _summed(rows)
    return {name: summed[name] for name in sorted(summed) if summed[name].vectors.chunks > 0}


def term_frequencies(session: Session, terms: Iterable[str]) -> dict[str, dict[str, int]]:
    """In how many chunks each term is, by term and language."""
    rows = session.rows(
        """SELECT text, language, sum(chunks)::bigint FROM (
             SELECT * FROM frequency WHERE term IN (SELECT number FROM term WHERE text = ANY(%s))
             UNION ALL
             SELECT * FROM frequency_change WHERE term IN (SELECT number FROM term WHERE text = ANY(%s))
           ) AS counted JOIN term ON number = counted.term GROUP BY text, language HAVING sum(chunks) > 0""",
        *[list(terms)] * 2,
    )
    found: dict[str, dict[str, int]] = {}
    for term, language, chunks in rows:
        found.setdefault(term, {})[language] = chunks
    return found


def add_totals(session: Session, language: str, totals: Totals, terms: int, sign: int = 1) -> None:
    """Add a transcript's totals to those of its language, a primary subtag, or subtract them."""
    session.run(
        "INSERT INTO language_change VALUES (%s, %s, %s, %s, %s, %s)",
        language,
        sign * totals.chunks,
        as_bytes(sign * totals.total),
        sign * totals.windows,
        as_bytes(sign * totals.window_total),
        sign * terms,
    )


def add_frequencies(session: Session, counts: Mapping[TermIn, int]) -> None:
    """Add to the document frequencies of terms."""
    rows = ((number, language, chunks) for (number, language), chunks in counts.items() if chunks)
    session.copy("frequency_change (term, language, chunks)", rows)


def fold_totals(session: Session) -> None:
    """Add up the changes of all commits so far; readers see the same sums before and after."""
    with session.transaction():
        if session.rows("SELECT pg_try_advisory_xact_lock(%s, hashtext(current_schema()))", _LOCK) != [(True,)]:
            return
        session.run(
            """WITH gone AS (DELETE FROM frequency_change RETURNING *)
               INSERT INTO frequency SELECT term, language, sum(chunks)::bigint FROM gone GROUP BY term, language
               HAVING sum(chunks) <> 0
               ON CONFLICT (term, language) DO UPDATE SET chunks = frequency.chunks + excluded.chunks"""
        )
        session.run("DELETE FROM frequency WHERE chunks <= 0")
        changed = session.rows("DELETE FROM language_change RETURNING *")
        if changed:
            stored = session.rows("DELETE FROM language RETURNING *")
            session.run_many(
                "INSERT INTO language VALUES (%s, %s, %s, %s, %s, %s)",
                [(name, *of.values) for name, of in _summed([*stored, *changed]).items() if of.vectors.chunks],
            )


def _summed(rows: Iterable[tuple[str, int, bytes, int, bytes, int]]) -> dict[str, LanguageTotals]:
    totals: dict[str, LanguageTotals] = {}
    for name, chunks, total, windows, window_total, occurrences in rows:
        size = len(numbers(total))
        before, said = totals.get(name, LanguageTotals(Totals(0, np.zeros(size), 0, np.zeros(size)), 0))
        totals[name] = LanguageTotals(
            Totals(
                before.chunks + chunks,
                before.total + numbers(total),
                before.windows + windows,
                before.window_total + numbers(window_total),
            ),
            said + occurrences,
        )
    return totals


def chunk_counts(numbers_of_chunks: Iterable[Iterable[int]], language: str) -> Counter[TermIn]:
    """In how many of some chunks of a language each term is, from the distinct numbers of each chunk's terms."""
    return Counter(TermIn(number, language) for numbers in numbers_of_chunks for number in numbers)


# Terms as words that every text parser of PostgreSQL takes whole: their numbers, written in letters.
#
# The parser would cut some terms apart, and which ones depends on the database's locale.

_CACHED = 1 << 16


@lru_cache(_CACHED)
def letters(number: int) -> str:
    """A number in base 26."""
    written = ""
    while True:
        number, rest = divmod(number, len(ascii_lowercase))
        written = ascii_lowercase[rest] + written
        if not number:
            return written


def text_of(numbers: Iterable[int]) -> str:
    """The text of a chunk, or of a query, with these terms."""
    return " ".join(map(letters, numbers))
