"""Candidates by meaning: exactly where few chunks are kept, else by the HNSW index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

from seekpoint.index.models.centring import background, centred
from seekpoint.index.postgres.schema import INDEXED
from seekpoint.index.postgres.session import EF_SEARCH, Session
from seekpoint.index.sql.stored_vectors import unpack_int8
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Filters, Language, ModelCard, Vectors

# Chunks. The mean of fewer says more about their topic than about the language.
_ENOUGH = 1000
_BATCH = 1000


def centres(session: Session, languages: Iterable[str], dimension: int) -> dict[str, Vectors]:
    """The fixed mean of each language; zero where none is fixed yet."""
    names = list(languages)
    rows = session.rows("SELECT language, mean FROM centre WHERE language = ANY(%s)", names)
    fixed = {language: np.frombuffer(mean, "<f4") for language, mean in rows}
    return {language: fixed.get(language, np.zeros(dimension, np.float32)) for language in names}


def known_centre(session: Session, language: str, card: ModelCard) -> Vectors:
    """The fixed mean of a language; for the bundled model one is fixed here, from what is known of the language."""
    known = background(card.name)
    if known:
        common: Vectors = np.mean(list(known.values()), axis=0)
        keep(session, language, known.get(language, common))
    return centres(session, [language], card.dimension)[language]


def keep(session: Session, language: str, mean: Vectors) -> None:
    """Fix the mean of a language, unless one is fixed already."""
    data = np.asarray(mean, "<f4").tobytes()
    session.run("INSERT INTO centre VALUES (%s, %s) ON CONFLICT DO NOTHING", language, data)


def settle(session: Session, languages: Mapping[str, Language], card: ModelCard, enough: int = _ENOUGH) -> None:
    """Fix the means of languages with `enough` chunks, and centre these again; not while others add some."""
    fixed = {language for (language,) in session.rows("SELECT language FROM centre")}
    for name, language in languages.items():
        if name in fixed or language.chunks < enough:
            continue
        with session.transaction():
            keep(session, name, language.mean)
            rows: Sequence[tuple[int, bytes]] = session.rows(
                "SELECT id, vector FROM chunk JOIN body ON chunk_id = id WHERE language = %s ORDER BY id", name
            )
            for start in range(0, len(rows), _BATCH):
                ids, stored = zip(*rows[start : start + _BATCH], strict=True)
                vectors = unpack_int8(stored, card.dimension)
                session.run_many(
                    "UPDATE chunk SET length = %s, embedding = %s::halfvec WHERE id = %s",
                    [(*embedding, k) for k, embedding in zip(ids, embedding_rows(vectors, language.mean), strict=True)],
                )


def embedding_rows(vectors: Vectors, centre: Vectors) -> list[tuple[float, str]]:
    """The length of each vector without its centre, and the unit vector, as `chunk` stores them."""
    lengths = np.linalg.norm(vectors - centre, axis=1)
    return [(float(length), halfvec(row)) for length, row in zip(lengths, centred(vectors, centre), strict=True)]


def halfvec(vector: Vectors) -> str:
    """A vector as text; a half float has three digits and a bit."""
    return f"[{','.join(map('{:.5g}'.format, vector.tolist()))}]"


@dataclass(frozen=True, slots=True)
class ServerScope:
    """`chunks` chunks of some resources, by their numbers, and of a language, a primary subtag; `None` for all."""

    resources: list[int] | None
    language: str | None
    chunks: int

    def __len__(self) -> int:
        return self.chunks

    @property
    def values(self) -> tuple[object, ...]:
        """The values for the `%s` of `KEPT`."""
        return (self.resources is None, self.resources or [], self.language, self.language)


LACKING = "(%s OR NOT string_to_array(chunk.terms, ' ') && %s::text[])"
"""The condition that a chunk has none of some terms, for `lacking`; not computed where there are none."""

KEPT = "(%s OR chunk.resource = ANY(%s::int[])) AND (%s::text IS NULL OR chunk.language = %s)"
"""The condition that a chunk is in a scope; the planner sees the values, and leaves out what always holds."""

KEPT_AFTERWARDS = "(%s OR chunk.resource + 0 = ANY(%s::int[])) AND (%s::text IS NULL OR chunk.language = %s)"
"""The same, so that no index on resources is used: it is checked of the chunks that another index finds."""


def lacking(terms: Sequence[str]) -> tuple[bool, list[str]]:
    """The values for the `%s` of `LACKING`."""
    return (not terms, list(terms))


def scope(session: Session, filters: Filters, ids: Collection[str] | None) -> ServerScope:
    """The chunks that the filters by kind and language keep of some resources, by their ids."""
    language = primary(filters.language) if filters.language else None
    is_limited = ids is not None or filters.kind is not None
    rows = session.rows(
        """SELECT number, sum(chunks)::int FROM resource JOIN transcript ON resource_id = resource.id
           WHERE (%s OR resource.id = ANY(%s)) AND (%s::text IS NULL OR kind = %s)
           AND (%s::text IS NULL OR spoken = %s) GROUP BY number""",
        ids is None,
        list(ids or ()),
        filters.kind,
        filters.kind,
        language,
        language,
    )
    return ServerScope(
        [number for number, _ in rows] if is_limited else None, language, sum(count for _, count in rows)
    )


# Chunks. Up to here comparing all of them takes less time than the index does, and misses none.
_FEW = 20_000
# The index proposes chunks until none of those of a search are among the wanted ones, since it knows neither current
# means nor lengths, and finds some of the nearest late. For each that is wanted it proposes so many at most: the first
# number among a hundred thousand chunks, so many more for each further hundred thousand, and the last in all.
_PROPOSED, _MORE_PROPOSED, _MOST_PROPOSED = 3.0, 6.0, 17.0
_UP_TO = 100_000
# The cosine with a question q of a chunk that was centred with c, made a unit vector e, and had the length n then: by
# the mean m, its vector is n e + (c - m). Of the language at `spoken`, the arrays have c - m, and its products with q
# and itself.
_COMPARED = """
    SELECT id, ((length * (embedding <#> %s::halfvec) - (%s::real[])[spoken])
      / sqrt(greatest(length * length - 2 * length * (embedding <#> (%s::halfvec[])[spoken]) + (%s::real[])[spoken],
                      1e-12)))::real
    FROM (SELECT *, array_position(%s::text[], language) AS spoken FROM {found} AS found) AS found
    WHERE spoken IS NOT NULL"""
_ALL = f"(SELECT id, language, length, embedding FROM chunk WHERE {KEPT} AND {LACKING})"
_PROPOSALS = f"""
    (SELECT id, language, length, embedding FROM chunk WHERE {KEPT_AFTERWARDS} AND {LACKING}
     ORDER BY {INDEXED} <#> %s::halfvec({{dimension}}) LIMIT %s)"""


def proposals_for_each(kept: int) -> float:
    """How many chunks the index proposes at most for each that is wanted, where so many are kept."""
    return min(_PROPOSED + _MORE_PROPOSED * max(kept / _UP_TO - 1, 0.0), _MOST_PROPOSED)


def nearest(
    session: Session,
    question: Vectors,
    k: int,
    kept: ServerScope,
    means: Mapping[str, Vectors],
    without: Sequence[str],
) -> list[int]:
    """The k chunks that are nearest to a centred question, of those kept, `without` those that have some terms."""
    if not len(kept) or not k:
        return []
    fixed = centres(session, means, len(question))
    shifts = [fixed[language] - mean for language, mean in means.items()]
    asked, chosen = halfvec(question), (*kept.values, *lacking(without))
    values = (
        asked,
        [float(shift @ question) for shift in shifts],
        [halfvec(shift) for shift in shifts],
        [float(shift @ shift) for shift in shifts],
        list(means),
        *chosen,
    )
    if len(kept) <= _FEW:
        rows = session.rows(f"{_COMPARED.format(found=_ALL)} ORDER BY 2, 1 LIMIT %s", *values, k)
        return [chunk_id for chunk_id, _ in rows]
    query = _COMPARED.format(found=_PROPOSALS.format(dimension=len(question)))
    most = round(proposals_for_each(len(kept)) * k)
    with closing(session.batches(query, EF_SEARCH, *values, asked, most)) as batches:
        return least(batches, k)


def least(batches: Iterable[Sequence[tuple[int, float]]], k: int) -> list[int]:
    """The k nearest ids, nearest first; stops at the first batch of ids and distances that adds none."""
    best: list[tuple[float, int]] = []
    for batch in batches:
        before, best = best, nsmallest(k, [*best, *((distance, chunk_id) for chunk_id, distance in batch)])
        if best == before:
            break
    return [chunk_id for _, chunk_id in best]
