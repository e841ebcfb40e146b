"""Checking a library: every row is read and compared with others, and the indexes are asked for a sample."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.postgres.schema import INDEXED, SEARCH_INDEXES
from seekpoint.index.postgres.session import ServerDatabase, Session, content_errors, damaged, quoted
from seekpoint.index.sql import read_stretches, transcripts
from seekpoint.index.sql.catalogue import Catalogue
from seekpoint.index.types import ModelCard

# Chunks, spread over the library, that have to be found by their own vectors; some of their terms are looked up.
_SAMPLE, _TERMS = 200, 20
# The HNSW index misses some by its design.
_LEAST_FOUND = 0.97
# Rows that an index of words is asked for.
_PROPOSED = 2000
_SPREAD = """
    SELECT id, split_part(terms, ' ', 1) FROM chunk WHERE id IN (
      SELECT (SELECT min(id) FROM chunk WHERE id >= low + (high - low) * place / %s)
      FROM (SELECT min(id) AS low, max(id) AS high FROM chunk) AS ends, generate_series(0, %s) AS place) ORDER BY id"""
# A chunk of the same text may be found in its place; products of half floats differ with the order of adding up.
_BY_MEANING = f"""
    SELECT count(*) FROM chunk AS asked CROSS JOIN LATERAL (
      SELECT embedding <#> asked.embedding AS distance FROM chunk
      ORDER BY {INDEXED} <#> asked.embedding::halfvec({{dimension}}) LIMIT 1) AS found
    WHERE asked.id = ANY(%s) AND distance <= (asked.embedding <#> asked.embedding) + 1e-3"""
_BY_WORD = {
    "chunk_words": f"""
        SELECT count(*) FILTER (WHERE string_to_array(terms, ' ') && ARRAY[%s]) FROM (
          SELECT terms FROM chunk ORDER BY terms <@> to_bm25query(%s) LIMIT {_PROPOSED}) AS proposed""",
    "chunk_terms": f"""
        SELECT count(*) FILTER (WHERE string_to_array(terms, ' ') && ARRAY[%s]) FROM (
          SELECT terms FROM chunk WHERE string_to_array(terms, ' ') && ARRAY[%s] LIMIT {_PROPOSED}) AS proposed""",
}
_HOLDING = """
    SELECT word, count(*) FROM chunk, LATERAL (
      SELECT DISTINCT word FROM string_to_table(terms, ' ') AS word WHERE word = ANY(%s)) AS held GROUP BY word"""
# Queries that find rows which contradict others.
_CONTRADICTIONS = {
    "a transcript has more or fewer chunks than it says": """
        SELECT 1 FROM transcript LEFT JOIN (SELECT transcript_id, count(*) AS number FROM chunk GROUP BY 1) AS found
        ON transcript_id = id WHERE chunks <> coalesce(number, 0)""",
    "a chunk has no body": "SELECT 1 FROM chunk LEFT JOIN body ON chunk_id = id WHERE chunk_id IS NULL",
    "a chunk belongs to another resource": """
        SELECT 1 FROM chunk JOIN transcript ON transcript.id = transcript_id
        JOIN resource ON resource.id = resource_id WHERE resource <> number OR chunk.language <> spoken""",
    "a language has more or fewer chunks than it says": """
        SELECT 1 FROM (
          SELECT name, sum(chunks) AS said FROM (TABLE language UNION ALL TABLE language_change) AS sums GROUP BY name
        ) AS sums FULL JOIN (SELECT language, count(*) AS number FROM chunk GROUP BY 1) AS found ON name = language
        WHERE coalesce(said, 0) <> coalesce(number, 0)""",
}


def verify(session: Session, card: ModelCard) -> None:
    """Read everything that is stored; raises DamagedLibrary if anything is damaged."""
    for fault, query in _CONTRADICTIONS.items():
        if session.rows(query + " LIMIT 1"):
            raise damaged(session.address, fault)
    db = ServerDatabase(session)
    with content_errors(session.address):
        Catalogue(db).kept()
        read_stretches.check(db, card.dimension)
        transcripts.check(db, card)
    _check_indexes(session, card)


def _check_indexes(session: Session, card: ModelCard) -> None:
    """Raise DamagedLibrary if an index that proposes candidates lacks rows, on a sample of chunks and terms.

    Nothing is compared under Citus, whose shards have the indexes.
    """
    if session.rows("SELECT 1 FROM pg_extension WHERE extname = 'citus'"):
        return
    for name in SEARCH_INDEXES:
        if session.rows("SELECT to_regclass(%s) IS NULL", name) == [(True,)]:
            raise _unusable(session, card, name)
    sample = dict(session.rows(_SPREAD, _SAMPLE - 1, _SAMPLE - 1))
    words = sorted({word for word in sample.values() if word})
    words = words[:: max(len(words) // _TERMS, 1)]
    holding = dict(session.rows(_HOLDING, words))
    near = _BY_MEANING.format(dimension=card.dimension)
    with _by_index(session, card, "chunk_meaning", near, list(sample)):
        [(found,)] = session.rows(near, list(sample))
    if found < _LEAST_FOUND * len(sample):
        raise _differing(session, "chunk_meaning", f"{found} of {len(sample)} chunks by their own vectors")
    for name, query in _BY_WORD.items():
        with _by_index(session, card, name, query, "a", "a"):
            for word in words:
                [(found,)] = session.rows(query, word, word)
                if found < min(holding[word], _PROPOSED):
                    raise _differing(session, name, f"{found} of {holding[word]} chunks with a term")


@contextmanager
def _by_index(session: Session, card: ModelCard, name: str, query: LiteralString, *values: object) -> Iterator[None]:
    """Make queries use an index; raises DamagedLibrary if this one can't."""
    with session.transaction():
        for setting in ("enable_seqscan", "enable_indexonlyscan", "enable_sort"):
            session.run(f"SET LOCAL {setting} = off")
        if f"'Index Name': '{name}'" not in str(session.rows(f"EXPLAIN (FORMAT JSON) {query}", *values)):
            raise _unusable(session, card, name)
        yield
        session.run("SET LOCAL enable_seqscan = on; SET LOCAL enable_indexonlyscan = on; SET LOCAL enable_sort = on")


def _differing(session: Session, name: str, found: str) -> DamagedLibrary:
    library = quoted(session.address.library)
    return DamagedLibrary(
        f"in the library {session.address}, the index {name} isn't as the rows are: it finds {found}. Make it anew, as "
        f"the library's owner in psql: REINDEX INDEX CONCURRENTLY {library}.{name}"
    )


def _unusable(session: Session, card: ModelCard, name: str) -> DamagedLibrary:
    statement = SEARCH_INDEXES[name].format(dimension=card.dimension)
    return DamagedLibrary(
        f"in the library {session.address}, the index {name} is missing, or isn't the one that questions use. Make it, "
        f"as the library's owner in psql: SET search_path = {quoted(session.address.library)}, public; "
        f"DROP INDEX IF EXISTS {name}; {statement}"
    )
