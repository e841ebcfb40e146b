"""Candidates by meaning: exactly where few chunks are kept, else by the HNSW index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from heapq import nsmallest
from typing import TYPE_CHECKING

from seekpoint.index.postgres.centres import centres, halfvec
from seekpoint.index.postgres.schema import INDEXED
from seekpoint.index.postgres.scope import KEPT, KEPT_AFTERWARDS, LACKING, ServerScope, lacking
from seekpoint.index.postgres.session import EF_SEARCH, Session

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

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
    """The ids of the k least distances, nearest first, in batches of both up to one that has none of these."""
    best: list[tuple[float, int]] = []
    for batch in batches:
        before, best = best, nsmallest(k, [*best, *((distance, chunk_id) for chunk_id, distance in batch)])
        if best == before:
            break
    return [chunk_id for _, chunk_id in best]
