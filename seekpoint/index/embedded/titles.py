"""What resources are called, kept so that a question finds those it names without reading every title."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

import regex

from seekpoint.index.text.terms import terms
from seekpoint.index.types import State

_MARKS = regex.compile(r"\s[-–—]+\s|[|:：/()（）\[\]【】「」『』《》〈〉“”\"]")
# What no term has: some single characters fold to words with spaces between.
_BETWEEN = "\n"
# One term is a word like any other, and nobody says a title of more than so many.
_FEWEST_TERMS, _MOST_TERMS = 2, 40

Name = tuple[str, ...]


def title_names(title: str) -> set[Name]:
    """The terms of a title, and of each part of it between two marks."""
    found = (tuple(terms(part)) for part in {title, *_MARKS.split(title)})
    return {name for name in found if _FEWEST_TERMS <= len(name) <= _MOST_TERMS}


def lookup_term(name: Name) -> str:
    """The term that a question has which says the name: the longest one, of several the one nearest to the middle.

    Words at either end needn't be said, such as articles, and those are short.
    """
    middle = (len(name) - 1) / 2
    return max(enumerate(name), key=lambda place: (len(place[1]), -abs(place[0] - middle)))[1]


def update(connection: sqlite3.Connection, resource_ids: Iterable[str]) -> None:
    """Note anew what resources are called by the lists and by themselves; in a transaction of the caller's."""
    for resource_id in resource_ids:
        connection.execute("DELETE FROM name WHERE resource_id = ?", (resource_id,))
        titles = connection.execute(
            """SELECT title FROM listing WHERE resource_id = ?1
               UNION SELECT details ->> '$.title' FROM resource WHERE id = ?1""",
            (resource_id,),
        )
        found = {name for (title,) in titles.fetchall() if title for name in title_names(title)}
        connection.executemany(
            "INSERT INTO name VALUES (?, ?, ?)",
            [(lookup_term(name), resource_id, _BETWEEN.join(name)) for name in sorted(found)],
        )


def candidates(connection: sqlite3.Connection, question_terms: Iterable[str]) -> list[tuple[str, Name]]:
    """The ids of indexed resources with such of their names as a question may say."""
    rows = connection.execute(
        """SELECT resource_id, terms FROM name JOIN resource ON resource.id = resource_id
           WHERE key IN (SELECT value FROM json_each(?)) AND state = ?""",
        (json.dumps(list(question_terms)), State.INDEXED),
    )
    return [(resource_id, tuple(name.split(_BETWEEN))) for resource_id, name in rows]
