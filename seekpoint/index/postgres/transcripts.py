"""The transcripts of a library on a server, and sums over their chunks: the vectors of each language, and each term's.

A change adds rows to the sums; `fold_totals` adds these up with what was summed up before. The sums are exact in either
form. Terms are stored as words that every text parser of PostgreSQL takes whole: their numbers, written in letters. The
parser would cut some terms apart, and which ones depends on the database's locale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

import numpy as np

from seekpoint.index.postgres.meaning import embedding_rows, known_centre
from seekpoint.index.postgres.session import Session
from seekpoint.index.sql import transcripts
from seekpoint.index.sql.port import Database
from seekpoint.index.sql.stored_vectors import Totals, unpack_int8
from seekpoint.index.sql.term_counts import decode_counts
from seekpoint.index.sql.transcripts import TranscriptRows
from seekpoint.index.text.languages import primary
from seekpoint.index.types import ModelCard

# The key of the advisory lock that keeps two processes from adding up the same changes.
_LOCK = 0x736B7075


@lru_cache(1 << 16)
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


def insert(session: Session, db: Database, rows: TranscriptRows, card: ModelCard) -> None:
    """Store a transcript; within the caller's transaction."""
    spoken = primary(rows.language)
    transcript_id = transcripts.insert(db, rows, spoken=spoken)
    count(session, rows, card)
    if not rows.chunks:
        return
    [(resource,)] = session.rows("SELECT number FROM resource WHERE id = %s", rows.resource_id)
    query = "SELECT nextval('chunk_id') FROM generate_series(1, %s)"
    ids = [chunk_id for (chunk_id,) in session.rows(query, len(rows.chunks))]
    vectors = unpack_int8([chunk.vector for chunk in rows.chunks], card.dimension)
    embeddings = embedding_rows(vectors, known_centre(session, spoken, card))
    said = decode_counts([chunk.terms for chunk in rows.chunks])
    stops = np.cumsum(said.sizes)[:-1]
    terms = zip(np.split(said.numbers, stops), np.split(said.counts, stops), strict=True)
    columns = 'id, first, stop, start, "end", is_reference, length, embedding, terms, transcript_id, resource, language'
    session.copy(
        f"chunk ({columns})",
        (
            (chunk_id, *chunk[:5], *embedding, text_of(np.repeat(*term).tolist()), transcript_id, resource, spoken)
            for chunk_id, chunk, embedding, term in zip(ids, rows.chunks, embeddings, terms, strict=True)
        ),
    )
    bodies = ((chunk_id, *chunk[5:]) for chunk_id, chunk in zip(ids, rows.chunks, strict=True))
    session.copy("body (chunk_id, digest, vector, terms)", bodies)


def remove(session: Session, db: Database, resource_id: str, card: ModelCard) -> None:
    """Delete a resource's transcripts; within the caller's transaction."""
    for rows in transcripts.stored(db, resource_id):
        count(session, rows, card, sign=-1)
    session.run("DELETE FROM transcript WHERE resource_id = %s", resource_id)


def chunk_languages(session: Session) -> dict[str, tuple[Totals, int]]:
    """The totals of each language that has chunks, and the number of its terms; in alphabetical order."""
    summed = _summed(session.rows("SELECT * FROM language UNION ALL SELECT * FROM language_change"))
    return {name: summed[name] for name in sorted(summed) if summed[name][0].chunks > 0}


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
    frequencies: dict[str, dict[str, int]] = {}
    for term, language, chunks in rows:
        frequencies.setdefault(term, {})[language] = chunks
    return frequencies


def count(session: Session, rows: TranscriptRows, card: ModelCard, sign: int = 1) -> None:
    """Add a transcript to the sums, or subtract it if `sign` is -1."""
    language = primary(rows.language)
    values = (language, *rows.totals(card).columns(sign), sign * rows.terms)
    session.run("INSERT INTO language_change VALUES (%s, %s, %s, %s, %s, %s)", *values)
    counted = Counter(decode_counts([chunk.terms for chunk in rows.chunks]).numbers.tolist())
    frequencies = ((number, language, sign * chunks) for number, chunks in counted.items())
    session.copy("frequency_change (term, language, chunks)", frequencies)


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
                [
                    (name, *totals.columns(), terms)
                    for name, (totals, terms) in _summed([*stored, *changed]).items()
                    if totals.chunks
                ],
            )


def _summed(rows: Iterable[Sequence[Any]]) -> dict[str, tuple[Totals, int]]:
    summed: dict[str, tuple[Totals, int]] = {}
    for name, *columns, length in rows:
        totals = Totals.stored(*columns)
        before, length_before = summed.get(name, (None, 0))
        summed[name] = (before.plus(totals) if before else totals, length_before + length)
    return summed
