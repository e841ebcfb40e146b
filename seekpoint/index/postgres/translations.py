"""The stored translations of words: choosing them again when they are out of date, and looking words up in them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from seekpoint.index.postgres.session import Session
from seekpoint.index.records.stored_rows import SETTING, is_stale, merged, usable
from seekpoint.index.store import ANY_LANGUAGE, Translations
from seekpoint.index.types import Alternatives


def stale(session: Session, dictionaries: Translations) -> bool:
    """Whether the translations have to be chosen again."""
    rows = session.rows("SELECT value FROM setting WHERE name = %s", SETTING)
    return is_stale(rows[0][0] if rows else None, _signature(session, dictionaries))


def refresh(session: Session, dictionaries: Translations) -> None:
    """Choose the translations again; within the caller's transaction."""
    session.run("LOCK TABLE translation IN EXCLUSIVE MODE")  # another builder may be at it
    vocabulary = {term for (term,) in session.rows("SELECT text FROM term")}
    session.run("DELETE FROM translation")
    rows = usable(dictionaries, _languages(session), vocabulary)
    session.copy("translation (source, word, target, alternatives)", rows)
    session.run("DELETE FROM setting WHERE name = %s", SETTING)
    session.run("INSERT INTO setting VALUES (%s, %s)", SETTING, json.dumps(_signature(session, dictionaries)))


def lookup(session: Session, source: str, words: Collection[str]) -> dict[str, dict[str, Alternatives]]:
    """The translations of words, by target language and word; words without any are left out."""
    rows = session.rows(
        """SELECT target, word, alternatives FROM translation
           WHERE source = ANY(%s) AND target <> %s AND word = ANY(%s) ORDER BY source""",
        [ANY_LANGUAGE, source],
        source,
        list(words),
    )
    return merged(rows)


def _languages(session: Session) -> list[str]:
    return [spoken for (spoken,) in session.rows("SELECT DISTINCT spoken FROM transcript ORDER BY 1")]


def _signature(session: Session, dictionaries: Translations) -> tuple[Any, ...]:
    """What the choice of translations depends on: the dictionaries' version, the chunks, and the languages."""
    query = "SELECT coalesce(sum(chunks), 0)::bigint, (SELECT coalesce(max(id), 0) FROM chunk) FROM transcript"
    [(chunks, last)] = session.rows(query)
    return (dictionaries.version, chunks, last, *_languages(session))
