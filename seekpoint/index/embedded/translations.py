"""Translations of words: the entries of the dictionaries that a library can use, and looking words up in them.

A word is stored under the key that `joined` makes of its terms, and each translation as the terms that passages are
indexed by. Entries whose translations occur nowhere in the library are left out, so little of a dictionary is stored.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from seekpoint.index.store import ANY_LANGUAGE, Translations
from seekpoint.index.text.language_tags import primary
from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import joined, located_terms
from seekpoint.index.types import Alternatives

SETTING = "translations"
"""The name of the setting that says what the stored translations were chosen for."""

# The share of new chunks above which the translations are chosen again. Reading the dictionaries takes seconds, and a
# few more passages bring few words that a large library doesn't have yet.
_MOST_UNREAD = 0.02


def stale(connection: sqlite3.Connection, dictionaries: Translations) -> bool:
    """Whether the translations have to be chosen again: the dictionaries, the languages or too many chunks are new."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (SETTING,)).fetchone()
    if row is None:
        return True
    now_version, now_chunks, now_last, *now_languages = _signature(connection, dictionaries)
    try:
        version, chunks, last, *languages = json.loads(row[0])
        is_same = (version, languages) == (now_version, now_languages)
        return not is_same or bool(max(abs(now_chunks - chunks), now_last - last) > _MOST_UNREAD * chunks)
    except (ValueError, TypeError, RecursionError):
        return True


def refresh(connection: sqlite3.Connection, dictionaries: Translations) -> None:
    """Choose the translations again; within the caller's transaction."""
    vocabulary = {term for (term,) in connection.execute("SELECT text FROM term")}
    normal = cache(_normal)
    connection.execute("DELETE FROM translation")
    for target in _languages(connection):
        for source in dictionaries.sources(target):
            usable = _usable(dictionaries.entries(source, target), vocabulary, normal)
            connection.executemany(
                "INSERT INTO translation (source, word, target, alternatives) VALUES (?, ?, ?, ?)",
                [(source, word, target, _as_json(alternatives)) for word, alternatives in usable.items()],
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
    translations: dict[str, dict[str, Alternatives]] = {}
    for target, word, alternatives in rows:
        words_of_target = translations.setdefault(target, {})
        both = (*words_of_target.get(word, ()), *map(tuple, json.loads(alternatives)))
        words_of_target[word] = tuple(dict.fromkeys(both))
    return translations


class _Normal(NamedTuple):
    key: str
    terms: tuple[str, ...]


def _normal(text: str) -> _Normal:
    text = simplified(text)
    located = list(located_terms(text))
    return _Normal(joined(text, located) if located else "", tuple(term.text for term in located))


def _usable(
    entries: Iterable[tuple[str, Sequence[str]]], vocabulary: set[str], normal: Callable[[str], _Normal]
) -> dict[str, dict[tuple[str, ...], None]]:
    """The words by key, each with the translations whose terms are in the vocabulary, in the dictionary's order.

    `normal` is called with single words, so that its cache spares stemming: dictionaries repeat their words.
    """
    usable: dict[str, dict[tuple[str, ...], None]] = {}
    for word, translations in entries:
        split = (tuple(term for part in text.split() for term in normal(part).terms) for text in translations)
        alternatives = {terms: None for terms in split if terms and vocabulary.issuperset(terms)}
        key = " ".join(filter(None, (normal(part).key for part in word.split()))) if alternatives else ""
        if key:
            usable.setdefault(key, {}).update(alternatives)
    return usable


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


def _as_json(alternatives: Iterable[Iterable[str]]) -> str:
    return json.dumps([list(terms) for terms in alternatives], ensure_ascii=False, separators=(",", ":"))
