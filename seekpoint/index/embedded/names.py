"""The titles of resources, indexed by term: a question finds the resources it names without reading every title."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import Any

from seekpoint.index.sql.stored_rows import SETTING, Name, is_stale, keyed_names, merged, stored_name, usable
from seekpoint.index.store import ANY_LANGUAGE, Translations
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Alternatives, State


def update_titles(connection: sqlite3.Connection, resource_ids: Iterable[str]) -> None:
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


def title_candidates(connection: sqlite3.Connection, question_terms: Iterable[str]) -> list[tuple[str, Name]]:
    """The indexed resources that a question may name, as (resource id, name): those whose lookup term it contains."""
    rows = connection.execute(
        """SELECT resource_id, terms FROM name JOIN resource ON resource.id = resource_id
           WHERE key IN (SELECT value FROM json_each(?)) AND state = ?""",
        (json.dumps(list(question_terms)), State.INDEXED),
    )
    return [(resource_id, stored_name(name)) for resource_id, name in rows]


def translations_are_stale(connection: sqlite3.Connection, dictionaries: Translations) -> bool:
    """Whether the translations have to be chosen again."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (SETTING,)).fetchone()
    return is_stale(row and row[0], _signature(connection, dictionaries))


def refresh_translations(connection: sqlite3.Connection, dictionaries: Translations) -> None:
    """Choose the translations again; within the caller's transaction."""
    vocabulary = {term for (term,) in connection.execute("SELECT text FROM term")}
    connection.execute("DELETE FROM translation")
    connection.executemany(
        "INSERT INTO translation (source, word, target, alternatives) VALUES (?, ?, ?, ?)",
        usable(dictionaries, _languages(connection), vocabulary),
    )
    connection.execute(
        "REPLACE INTO setting VALUES (?, ?)", (SETTING, json.dumps(_signature(connection, dictionaries)))
    )


def lookup_translations(
    connection: sqlite3.Connection, source: str, words: Collection[str]
) -> dict[str, dict[str, Alternatives]]:
    """The translations of words, by target language and word; words without any are left out."""
    rows = connection.execute(
        """SELECT target, word, alternatives FROM translation
           WHERE source IN (?, ?) AND target <> ? AND word IN (SELECT value FROM json_each(?)) ORDER BY source""",
        (ANY_LANGUAGE, source, source, json.dumps(list(words))),
    )
    return merged(rows)


def _languages(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT DISTINCT language FROM transcript")
    return sorted({primary(language) for (language,) in rows})


def _signature(connection: sqlite3.Connection, dictionaries: Translations) -> tuple[Any, ...]:
    """What the choice of translations depends on.

    The dictionaries' version, the number of chunks, the first chunk id of the last transcript (ids are never reused, so
    it grows with every change), and the languages.
    """
    (chunks, last) = connection.execute("SELECT coalesce(sum(chunks), 0), max(first_chunk) FROM transcript").fetchone()
    return (dictionaries.version, chunks, last or 0, *_languages(connection))
