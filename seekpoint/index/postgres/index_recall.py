"""Comparing what the indexes propose with what the rows say, on a sample of a library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from typing import LiteralString

from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.postgres.schema import INDEXED, SEARCH_INDEXES
from seekpoint.index.postgres.session import Session, quoted
from seekpoint.index.postgres.transcripts import letters
from seekpoint.index.text.clean import clean
from seekpoint.index.types import ModelCard

# Chunks, spread over the library, that have to be found by their own vectors.
_SAMPLE = 200
# Those whose nearest ones are compared with the nearest of all: every so many of the sample, fewer where they would
# have more than so many vectors compared, but some in any case.
_EVERY, _MOST_COMPARED, _FEWEST = 10, 20_000_000, 3
_NEAREST = 10
# The HNSW index misses some by its design; of a sound one they are about one in a hundred.
_LEAST_NEAREST, _LEAST_OWN = 0.9, 0.97
# Products of half floats, which differ with the order in which they are added up.
_TOLERANCE = 1e-3
# Rows that an index of words is asked for.
_PROPOSED = 2000
_BANDS = 9

_SPREAD = """
    SELECT id, embedding <#> embedding FROM chunk WHERE id IN (
      SELECT (SELECT min(id) FROM chunk WHERE id >= low + (high - low) * place / %s)
      FROM (SELECT min(id) AS low, max(id) AS high FROM chunk) AS ends, generate_series(0, %s) AS place) ORDER BY id"""
_NEIGHBOURS = f"""
    SELECT asked.id, found.distance FROM chunk AS asked CROSS JOIN LATERAL (
      SELECT embedding <#> asked.embedding AS distance FROM chunk
      ORDER BY {INDEXED} <#> asked.embedding::halfvec({{dimension}}) LIMIT {_NEAREST}) AS found
    WHERE asked.id = ANY(%s)"""
_TRULY_NEAREST = f"""
    SELECT embedding <#> (SELECT embedding FROM chunk WHERE id = %s) AS distance FROM chunk
    ORDER BY distance LIMIT {_NEAREST}"""
# Terms in Latin letters, in Chinese ones and the like, and in others: from each band of ranks the rarest, so that there
# are common and rare ones.
_TERMS = f"""
    SELECT DISTINCT ON (script, band) number, text FROM (
      SELECT *, floor({_BANDS} * ln(rank) / ln(count(*) OVER (PARTITION BY script) + 1)) AS band FROM (
        SELECT *, row_number() OVER (PARTITION BY script ORDER BY chunks DESC, number) AS rank FROM (
          SELECT number, text, sum(chunks) AS chunks,
                 CASE WHEN octet_length(text) = length(text) THEN 0 WHEN text < '⺀' COLLATE "C" THEN 1 ELSE 2 END
                   AS script
          FROM (TABLE frequency UNION ALL TABLE frequency_change) AS counted JOIN term ON number = term
          GROUP BY number HAVING sum(chunks) > 0) AS counts) AS ranked) AS banded
    ORDER BY script, band, rank DESC"""
_HOLDING = """
    SELECT word, count(*) FROM chunk, LATERAL (
      SELECT DISTINCT word FROM string_to_table(terms, ' ') AS word WHERE word = ANY(%s)) AS held GROUP BY word"""
_BY_WORDS = f"""
    SELECT count(*), count(*) FILTER (WHERE string_to_array(terms, ' ') && ARRAY[%s]) FROM (
      SELECT terms FROM chunk ORDER BY terms <@> to_bm25query(%s) LIMIT {_PROPOSED}) AS proposed"""
_BY_TERMS = f"""
    SELECT count(*), count(*) FILTER (WHERE string_to_array(terms, ' ') && ARRAY[%s]) FROM (
      SELECT terms FROM chunk WHERE string_to_array(terms, ' ') && ARRAY[%s] LIMIT {_PROPOSED}) AS proposed"""
# With these off, the planner takes the one index that a query is for, if it can.
_OTHER_WAYS: Sequence[LiteralString] = ("enable_seqscan", "enable_indexonlyscan", "enable_sort")


def check(session: Session, card: ModelCard) -> None:
    """Raise DamagedLibrary if an index proposes other chunks than the rows say, on a sample.

    At most 20 million vectors are compared, or three times as many as there are, and the terms of all chunks read once.
    Nothing is compared under Citus, whose shards have the indexes.
    """
    if session.rows("SELECT 1 FROM pg_extension WHERE extname = 'citus'"):
        return
    for name in SEARCH_INDEXES:
        if session.rows("SELECT to_regclass(%s) IS NULL", name) == [(True,)]:
            raise _unusable(session, card, name)
    _check_meaning(session, card)
    _check_words(session, card)


def _check_meaning(session: Session, card: ModelCard) -> None:
    own: dict[int, float] = dict(session.rows(_SPREAD, _SAMPLE - 1, _SAMPLE - 1))
    found: dict[int, list[float]] = {chunk_id: [] for chunk_id in own}
    query = _NEIGHBOURS.format(dimension=card.dimension)
    with _by_index(session, card, "chunk_meaning", query, list(own)):
        for chunk_id, distance in session.rows(query, list(own)):
            found[chunk_id].append(distance)
    have = sum(min(near, default=inf) <= own[chunk_id] + _TOLERANCE for chunk_id, near in found.items())
    if have < _LEAST_OWN * len(own):
        raise _differing(session, "chunk_meaning", f"finds {have} of {len(own)} chunks by their own vectors")
    right, wanted = _true_neighbours(session, found)
    if right < _LEAST_NEAREST * wanted:
        raise _differing(session, "chunk_meaning", f"finds {right} of the {wanted} nearest chunks of a sample")


def _true_neighbours(session: Session, found: Mapping[int, Sequence[float]]) -> tuple[int, int]:
    """How many of the distances found are among those of the nearest chunks, and how many these are."""
    [(chunks,)] = session.rows("SELECT count(*) FROM chunk")
    right = wanted = 0
    for chunk_id in [*found][::_EVERY][: max(_FEWEST, _MOST_COMPARED // max(chunks, 1))]:
        nearest = [distance for (distance,) in session.rows(_TRULY_NEAREST, chunk_id)]
        right += sum(distance <= nearest[-1] + _TOLERANCE for distance in found[chunk_id])
        wanted += len(nearest)
    return right, wanted


def _check_words(session: Session, card: ModelCard) -> None:
    texts = {letters(number): text for number, text in session.rows(_TERMS)}
    holding: dict[str, int] = dict(session.rows(_HOLDING, list(texts)))
    wanted = {word: min(holding.get(word, 0), _PROPOSED) for word in texts}
    for name, query in (("chunk_words", _BY_WORDS), ("chunk_terms", _BY_TERMS)):
        with _by_index(session, card, name, query, "a", "a"):
            for word, number in wanted.items():
                [(proposed, right)] = session.rows(query, word, word)
                if (proposed, right) != (number, number):
                    said = f"proposes {proposed} chunks for “{clean(texts[word])}”, which {right} of them have"
                    raise _differing(session, name, f"{said}, and {number} should be proposed")


@contextmanager
def _by_index(session: Session, card: ModelCard, name: str, query: LiteralString, *values: object) -> Iterator[None]:
    """Make queries use an index; raises DamagedLibrary if this one can't."""
    with session.transaction():
        for setting in _OTHER_WAYS:
            session.run(f"SET LOCAL {setting} = off")
        plan = session.rows(f"EXPLAIN (FORMAT JSON) {query}", *values)
        if f"'Index Name': '{name}'" not in str(plan):
            raise _unusable(session, card, name)
        yield
        for setting in _OTHER_WAYS:
            session.run(f"SET LOCAL {setting} TO DEFAULT")


def _differing(session: Session, name: str, what: str) -> DamagedLibrary:
    library = quoted(session.address.library)
    return DamagedLibrary(
        f"in the library {session.address}, the index {name} isn't as the rows are: it {what}. Make it anew, as the "
        f"library's owner in psql: REINDEX INDEX CONCURRENTLY {library}.{name}"
    )


def _unusable(session: Session, card: ModelCard, name: str) -> DamagedLibrary:
    statement = SEARCH_INDEXES[name].format(dimension=card.dimension)
    return DamagedLibrary(
        f"in the library {session.address}, the index {name} is missing, or isn't the one that questions use. Make it, "
        f"as the library's owner in psql: SET search_path = {quoted(session.address.library)}, public; "
        f"DROP INDEX IF EXISTS {name}; {statement}"
    )
