"""Candidates by meaning: exactly where few chunks are kept, else by the HNSW index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seekpoint.index.postgres.centres import centres, halfvec
from seekpoint.index.postgres.schema import INDEXED
from seekpoint.index.postgres.scope import KEPT, KEPT_AFTERWARDS, LACKING, ServerScope, lacking
from seekpoint.index.postgres.session import Session

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

# Chunks. Up to here comparing all of them takes less time than the index does, and misses none.
_FEW = 20_000
# How many chunks the index proposes for each that is wanted, since it knows neither current means nor lengths. Among
# more chunks it misses more, so it proposes more: 17 at a million, where 3 find .82 of the nearest ten and 17 .98.
_PROPOSED, _MOST_PROPOSED = 3.0, 17.0
_UP_TO = 100_000
# The cosine with a question q of a chunk that was centred with c, made a unit vector e, and had the length n then: by
# the mean m, its vector is n e + (c - m). `spoken` has c - m for each language, and its products with q and itself.
_COMPARED = """
    SELECT found.id FROM {found} AS found
    JOIN unnest(%s::text[], %s::halfvec[], %s::real[], %s::real[]) AS spoken (language, shift, along, square)
      ON found.language = spoken.language
    ORDER BY (length * (embedding <#> %s::halfvec) - along)
      / sqrt(greatest(length * length - 2 * length * (embedding <#> shift) + square, 1e-12)), found.id LIMIT %s"""
_ALL = f"(SELECT id, language, length, embedding FROM chunk WHERE {KEPT} AND {LACKING})"
_PROPOSALS = f"""
    (SELECT id, language, length, embedding FROM chunk WHERE {KEPT_AFTERWARDS} AND {LACKING}
     ORDER BY {INDEXED} <#> %s::halfvec({{dimension}}) LIMIT %s)"""


def proposals_for_each(kept: int) -> float:
    """How many chunks the index proposes for each that is wanted, where so many are kept."""
    return min(_PROPOSED * max(kept / _UP_TO, 1.0), _MOST_PROPOSED)


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
    asked, values = halfvec(question), (*kept.values, *lacking(without))
    found = _ALL
    if len(kept) > _FEW:
        found = _PROPOSALS.format(dimension=len(question))
        values = (*values, asked, round(proposals_for_each(len(kept)) * k))
    fixed = centres(session, means, len(question))
    shifts = [fixed[language] - mean for language, mean in means.items()]
    rows = session.rows(
        _COMPARED.format(found=found),
        *values,
        list(means),
        [halfvec(shift) for shift in shifts],
        [float(shift @ question) for shift in shifts],
        [float(shift @ shift) for shift in shifts],
        asked,
        k,
    )
    return [chunk_id for (chunk_id,) in rows]
