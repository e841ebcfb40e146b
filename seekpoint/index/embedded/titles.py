"""The titles of resources, indexed by term: a question finds the resources it names without reading every title.

A title has several names: the whole of it, and each part between separators such as ` - ` or `|`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

import regex

from seekpoint.index.text.terms import terms
from seekpoint.index.types import State

_MARKS = regex.compile(r"\s[-–—]+\s|[|:：/()（）\[\]【】「」『』《》〈〉“”\"]")
# Separates the terms of a name in the database. A space won't do: some characters fold to several words.
_BETWEEN = "\n"
# A single term is too common a word to name a resource, and nobody says a title of more than 40 terms.
_FEWEST_TERMS, _MOST_TERMS = 2, 40

Name = tuple[str, ...]


def title_names(title: str) -> set[Name]:
    """The names of a title: its terms, and those of each part of it between separators."""
    names = (tuple(terms(part)) for part in {title, *_MARKS.split(title)})
    return {name for name in names if _FEWEST_TERMS <= len(name) <= _MOST_TERMS}


def lookup_term(name: Name) -> str:
    """The term under which a name is indexed: the longest; of several, the one nearest to the middle.

    A question that names the resource may leave out words at either end, such as articles. Those are short.
    """
    middle = (len(name) - 1) / 2
    return max(enumerate(name), key=lambda item: (len(item[1]), -abs(item[0] - middle)))[1]


def update(connection: sqlite3.Connection, resource_ids: Iterable[str]) -> None:
    """Index again the titles of resources on the lists and in their own details; within the caller's transaction."""
    for resource_id in resource_ids:
        connection.execute("DELETE FROM name WHERE resource_id = ?", (resource_id,))
        titles = connection.execute(
            """SELECT title FROM listing WHERE resource_id = ?1
               UNION SELECT details ->> '$.title' FROM resource WHERE id = ?1""",
            (resource_id,),
        )
        names = {name for (title,) in titles.fetchall() if title for name in title_names(title)}
        connection.executemany(
            "INSERT INTO name VALUES (?, ?, ?)",
            [(lookup_term(name), resource_id, _BETWEEN.join(name)) for name in sorted(names)],
        )


def candidates(connection: sqlite3.Connection, question_terms: Iterable[str]) -> list[tuple[str, Name]]:
    """The indexed resources that a question may name, as (resource id, name): those whose lookup term it contains."""
    rows = connection.execute(
        """SELECT resource_id, terms FROM name JOIN resource ON resource.id = resource_id
           WHERE key IN (SELECT value FROM json_each(?)) AND state = ?""",
        (json.dumps(list(question_terms)), State.INDEXED),
    )
    return [(resource_id, tuple(name.split(_BETWEEN))) for resource_id, name in rows]
