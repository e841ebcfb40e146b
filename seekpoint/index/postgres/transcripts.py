"""Storing a transcript: its cues, its pieces, and its chunks with their vectors and terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import add
from string import ascii_lowercase

from seekpoint.index.postgres.meaning import embedding_rows, known_centre
from seekpoint.index.postgres.session import Session, quoted
from seekpoint.index.sql import cue_blocks, piece_blocks, stored_rows, sums
from seekpoint.index.sql.int8 import pack_int8, unpack_int8
from seekpoint.index.sql.piece_blocks import StoredPiece
from seekpoint.index.sql.sums import Totals, as_bytes, numbers, totals_of
from seekpoint.index.text.clean import text_digest
from seekpoint.index.text.languages import primary
from seekpoint.index.text.terms import terms
from seekpoint.index.text.transcript_text import title_terms
from seekpoint.index.types import Chapter, EmbeddedTranscript, Known, ModelCard

_OF_RESOURCE = "JOIN transcript ON transcript.id = transcript_id WHERE resource_id = %s"


def known(session: Session, resource_id: str, card: ModelCard) -> Known:
    """The stored vectors of a resource's chunks and pieces, by the digest of the embedded text."""
    rows = session.rows(
        f"SELECT digest, vector FROM body JOIN chunk ON chunk.id = chunk_id {_OF_RESOURCE}", resource_id
    )
    blocks = session.rows(f"SELECT transcript_id, start, data FROM piece_block {_OF_RESOURCE}", resource_id)
    vectors = {digest: unpack_int8([vector], card.dimension)[0] for digest, vector in rows}
    return Known(vectors, piece_blocks.pieces_by_digest(blocks, card))


def insert(
    session: Session,
    resource_id: str,
    transcripts: Sequence[EmbeddedTranscript],
    chapters: Sequence[Chapter],
    card: ModelCard,
) -> None:
    """Store the transcripts of a resource that has none; within the caller's transaction."""
    said = [
        [Counter((*terms(c.text), *title_terms(chapters, c.start, c.end))) for c in embedded.chunks]
        for embedded in transcripts
    ]
    wanted = set(chain.from_iterable(chain.from_iterable(said)))
    query = "SELECT text, number FROM term WHERE text = ANY(%s)"
    numbers = dict(session.rows(query, [*wanted]))
    if missing := sorted(wanted - numbers.keys()):  # in order, so that builders never wait in a circle
        session.run("INSERT INTO term (text) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING", missing)
        numbers |= dict(session.rows(query, missing))
    [(resource,)] = session.rows("SELECT number FROM resource WHERE id = %s", resource_id)
    for embedded, counts in zip(transcripts, said, strict=True):
        _insert(session, resource_id, resource, embedded, counts, numbers, card)


def remove(session: Session, resource_id: str, card: ModelCard) -> None:
    """Delete a resource's transcripts; within the caller's transaction."""
    rows = session.rows("SELECT id, spoken, terms FROM transcript WHERE resource_id = %s", resource_id)
    for transcript_id, spoken, length in rows:
        bodies = session.rows(
            "SELECT vector, body.terms FROM body JOIN chunk ON chunk.id = chunk_id WHERE transcript_id = %s",
            transcript_id,
        )
        vectors = unpack_int8([vector for vector, _ in bodies], card.dimension)
        blocks = session.rows(
            "SELECT transcript_id, start, data FROM piece_block WHERE transcript_id = %s", transcript_id
        )
        found = totals_of(vectors, piece_blocks.all_pieces(blocks, card))
        add_totals(session, spoken, found, length, sign=-1)
        counted = Counter(sums.decode_counts([data for _, data in bodies]).numbers.tolist())
        add_frequencies(session, {(number, spoken): -count for number, count in counted.items()})
    session.run("DELETE FROM transcript WHERE resource_id = %s", resource_id)


def _insert(
    session: Session,
    resource_id: str,
    resource: int,
    embedded: EmbeddedTranscript,
    said: Sequence[Counter[str]],
    term_numbers: Mapping[str, int],
    card: ModelCard,
) -> None:
    """Store a transcript; `said` is how often each chunk has each term, `resource` the number of its resource."""
    transcript, chunks = embedded.transcript, embedded.chunks
    spoken, length = primary(transcript.language), sum(counts.total() for counts in said)
    [(transcript_id,)] = session.rows(
        """INSERT INTO transcript (resource_id, language, spoken, origin, chunks, seconds, terms, chapters)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id""",
        *(resource_id, transcript.language, spoken, transcript.origin.value, len(chunks)),
        *(max((c.end for c in chunks), default=0.0), length, stored_rows.encode_chapters(transcript.chapters)),
    )
    blocks = [(transcript_id, *block) for block in cue_blocks.blocks(transcript.cues)]
    session.copy("cue_block (transcript_id, first, data)", blocks)
    stored = (StoredPiece(piece.start, text_digest(piece.text), vector) for piece, vector in embedded.pieces)
    piece_rows = [(transcript_id, *block) for block in piece_blocks.blocks(stored)]
    session.copy("piece_block (transcript_id, start, data)", piece_rows)
    packed = [pack_int8(vector) for vector in embedded.vectors]
    vectors = unpack_int8(packed, card.dimension)
    add_totals(session, spoken, totals_of(vectors, piece_blocks.all_pieces(piece_rows, card)), length)
    counted = Counter((term_numbers[term], spoken) for counts in said for term in counts)
    add_frequencies(session, counted)
    if not chunks:
        return
    query = f"SELECT nextval('{quoted(session.sequences)}.chunk_id') FROM generate_series(1, %s)"
    ids = [chunk_id for (chunk_id,) in session.rows(query, len(chunks))]
    embeddings = embedding_rows(vectors, known_centre(session, spoken, card))
    words = (text_of(term_numbers[term] for term in counts.elements()) for counts in said)
    same = (transcript_id, resource, spoken)
    session.copy(
        'chunk (id, first, stop, start, "end", is_reference, length, embedding, terms, '
        "transcript_id, resource, language)",
        (
            (chunk_id, c.first, c.stop, c.start, c.end, transcript.cues[c.first].is_reference, *embedding, text, *same)
            for chunk_id, c, embedding, text in zip(ids, chunks, embeddings, words, strict=True)
        ),
    )
    digests, encoded = (text_digest(chunk.text) for chunk in chunks), sums.counts_of_chunks(term_numbers, said)
    session.copy("body (chunk_id, digest, vector, terms)", zip(ids, digests, packed, encoded, strict=True))


# Sums over a library's chunks: the vectors of each language, and in how many chunks each term is.
#
# A change adds rows; `fold` adds these up with what was summed up before. The sums are exact in either form.

# The key of the advisory lock that keeps two processes from adding up the same changes.
_LOCK = 0x736B7075


def columns_of(totals: Totals, sign: int = 1) -> tuple[int, bytes, int, bytes]:
    """The columns of `language` with these totals, or for the sign -1 those that subtract them."""
    chunks, total, windows, window_total = totals
    return (sign * chunks, as_bytes(sign * total), sign * windows, as_bytes(sign * window_total))


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
    found: dict[str, dict[str, int]] = {}
    for term, language, chunks in rows:
        found.setdefault(term, {})[language] = chunks
    return found


def add_totals(session: Session, language: str, totals: Totals, terms: int, sign: int = 1) -> None:
    """Add a transcript's totals to those of its language, a primary subtag, or subtract them."""
    values = (language, *columns_of(totals, sign), sign * terms)
    session.run("INSERT INTO language_change VALUES (%s, %s, %s, %s, %s, %s)", *values)


def add_frequencies(session: Session, counts: Mapping[tuple[int, str], int]) -> None:
    """Add to the document frequencies of terms, by a term's number and the language."""
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
                [
                    (name, *columns_of(totals), terms)
                    for name, (totals, terms) in _summed([*stored, *changed]).items()
                    if totals.chunks
                ],
            )


def _summed(rows: Iterable[tuple[str, int, bytes, int, bytes, int]]) -> dict[str, tuple[Totals, int]]:
    summed: dict[str, tuple[Totals, int]] = {}
    for name, chunks, total, windows, window_total, length in rows:
        totals = Totals(chunks, numbers(total), windows, numbers(window_total))
        before, length_before = summed.get(name, (None, 0))
        summed[name] = (Totals(*map(add, before, totals)) if before else totals, length_before + length)
    return summed


# Terms as words that every text parser of PostgreSQL takes whole: their numbers, written in letters.
#
# The parser would cut some terms apart, and which ones depends on the database's locale.


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
