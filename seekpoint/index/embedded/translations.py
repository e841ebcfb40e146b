"""The stored translations of words: choosing them again when they are out of date, and looking words up in them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from typing import Any

from seekpoint.index.records.stored_rows import SETTING, is_stale, merged, usable
from seekpoint.index.store import ANY_LANGUAGE, Translations
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Alternatives


def stale(connection: sqlite3.Connection, dictionaries: Translations) -> bool:
    """Whether the translations have to be chosen again."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (SETTING,)).fetchone()
    return is_stale(row and row[0], _signature(connection, dictionaries))


def refresh(connection: sqlite3.Connection, dictionaries: Translations) -> None:
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


def lookup(connection: sqlite3.Connection, source: str, words: Collection[str]) -> dict[str, dict[str, Alternatives]]:
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
