"""The names of resources, by which a question finds those that it names."""

from __future__ import annotations

from collections.abc import Iterable

from seekpoint.index.postgres.session import Session
from seekpoint.index.records.stored_rows import keyed_names


def update(session: Session, resource_ids: Iterable[str]) -> None:
    """Index again the titles of resources on the lists and in their own details; within the caller's transaction."""
    for resource_id in resource_ids:
        session.run("DELETE FROM name WHERE resource_id = %s", resource_id)
        titles = session.rows(
            """SELECT title FROM listing WHERE resource_id = %s
               UNION SELECT details::json ->> 'title' FROM resource WHERE id = %s""",
            resource_id,
            resource_id,
        )
        names = keyed_names(title for (title,) in titles)
        session.run_many("INSERT INTO name VALUES (%s, %s, %s)", [(key, resource_id, terms) for key, terms in names])
