"""The chunks that a search is limited to, as a condition in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from seekpoint.index.postgres.catalogue import ServerCatalogue
from seekpoint.index.postgres.session import Session
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Filters


@dataclass(frozen=True, slots=True)
class ServerScope:
    """Chunks of some resources, by their numbers, and of a language, a primary subtag; `None` for all.

    `chunks` is how many there are.
    """

    resources: list[int] | None
    language: str | None
    chunks: int

    def __len__(self) -> int:
        return self.chunks

    @property
    def values(self) -> tuple[object, ...]:
        """What belongs to the `%s` of `KEPT`."""
        return (self.resources is None, self.resources or [], self.language, self.language)


LACKING = "(%s OR NOT string_to_array(chunk.terms, ' ') && %s::text[])"
"""The condition that a chunk has none of some terms, for `lacking`; not computed where there are none."""

KEPT = "(%s OR chunk.resource = ANY(%s::int[])) AND (%s::text IS NULL OR chunk.language = %s)"
"""The condition that a chunk is in a scope; the planner sees the values, and leaves out what always holds."""

KEPT_AFTERWARDS = "(%s OR chunk.resource + 0 = ANY(%s::int[])) AND (%s::text IS NULL OR chunk.language = %s)"
"""The same, so that no index on resources is used: it is checked of the chunks that another index finds."""


def lacking(terms: Sequence[str]) -> tuple[bool, list[str]]:
    """What belongs to the `%s` of `LACKING`."""
    return (not terms, list(terms))


def scope(
    session: Session, catalogue: ServerCatalogue, filters: Filters, resources: Collection[str] | None
) -> ServerScope:
    """The chunks that a filter keeps; with `resources`, only those of these resources."""
    language = primary(filters.language) if filters.language else None
    limits = [list(resources)] if resources is not None else []
    limits += [[filters.resource]] if filters.resource else []
    limits += [catalogue.listed_under(filters.section)] if filters.section else []
    ids = sorted(set.intersection(*map(set, limits))) if limits else None
    is_limited = ids is not None or filters.kind is not None
    rows = session.rows(
        """SELECT number, sum(chunks)::int FROM resource JOIN transcript ON resource_id = resource.id
           WHERE (%s OR resource.id = ANY(%s)) AND (%s::text IS NULL OR kind = %s)
           AND (%s::text IS NULL OR spoken = %s) GROUP BY number""",
        ids is None,
        ids or [],
        filters.kind,
        filters.kind,
        language,
        language,
    )
    return ServerScope(
        [number for number, _ in rows] if is_limited else None, language, sum(count for _, count in rows)
    )
