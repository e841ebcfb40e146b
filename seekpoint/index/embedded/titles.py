"""The titles of resources, indexed by term: a question finds the resources it names without reading every title."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from seekpoint.index.records.stored_rows import Name, keyed_names, stored_name
from seekpoint.index.types import State


def update(connection: sqlite3.Connection, resource_ids: Iterable[str]) -> None:
    """Index again the titles of resources on the lists and in their own details; within the caller's transaction."""
    for resource_id in resource_ids:
        connection.execute("DELETE FROM name WHERE resource_id = ?", (resource_id,))
        titles = connection.execute(
            """SELECT title FROM listing WHERE resource_id = ?1
               UNION SELECT details ->> '$.title' FROM resource WHERE id = ?1""",
            (resource_id,),
        )
        names = keyed_names(title for (title,) in titles.fetchall())
        connection.executemany("INSERT INTO name VALUES (?, ?, ?)", [(key, resource_id, terms) for key, terms in names])


def candidates(connection: sqlite3.Connection, question_terms: Iterable[str]) -> list[tuple[str, Name]]:
    """The indexed resources that a question may name, as (resource id, name): those whose lookup term it contains."""
    rows = connection.execute(
        """SELECT resource_id, terms FROM name JOIN resource ON resource.id = resource_id
           WHERE key IN (SELECT value FROM json_each(?)) AND state = ?""",
        (json.dumps(list(question_terms)), State.INDEXED),
    )
    return [(resource_id, stored_name(name)) for resource_id, name in rows]
