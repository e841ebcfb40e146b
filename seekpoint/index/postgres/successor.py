"""Changing the model of a library: the new model's vectors are made in a library of their own beside it.

That one takes its ids from the library's sequences and its resources' numbers from the library, so that its rows can be
moved as they are. One transaction replaces everything that the old model made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from psycopg import sql

from seekpoint.files import parsed_json
from seekpoint.index.address import ServerAddress
from seekpoint.index.postgres import schema
from seekpoint.index.postgres.session import Session, server_errors
from seekpoint.index.store import WITHOUT_PIECES
from seekpoint.index.types import ModelCard

_SUFFIX = "__next"
# In an order in which rows come after those that they refer to.
_TABLES = (
    *("term", "transcript", "cue_block", "piece_block", "chunk", "body"),
    *("frequency", "frequency_change", "language", "language_change", "centre"),
)


def address_of(library: ServerAddress) -> ServerAddress:
    """The address of a library's successor."""
    return replace(library, library=library.library + _SUFFIX)


def model_of(session: Session) -> ModelCard | None:
    """The model of the library's unfinished successor, if there is one."""
    name = address_of(session.address).library
    if session.rows("SELECT to_regclass(%s) IS NOT NULL", f"{name}.meta") != [(True,)]:
        return None
    [(card,)] = session.rows(f"SELECT card FROM {name}.meta")
    return ModelCard(**parsed_json(card))


def copy_numbers(session: Session, ids: Sequence[str]) -> None:
    """Store the resources of the library in its successor, under the same numbers; does nothing in a library itself."""
    if session.sequences != session.address.library:
        statement = f"""INSERT INTO resource (id, number, kind, url, state)
                        SELECT id, number, kind, url, 'pending' FROM {session.sequences}.resource WHERE id = ANY(%s)
                        ON CONFLICT DO NOTHING"""
        session.run(statement, list(ids))


def take_over(session: Session, card: ModelCard) -> None:
    """Replace what the old model made by the contents of the successor; within the caller's transaction."""
    there = address_of(session.address).library
    schema.drop_search_indexes(session)
    for table in reversed(_TABLES):
        session.run(f"DELETE FROM {table}")
    for table in _TABLES:
        session.run(f"INSERT INTO {table} SELECT * FROM {there}.{table}")
    session.run("SELECT setval(pg_get_serial_sequence('term', 'number'), coalesce(max(number), 0) + 1) FROM term")
    session.run("DELETE FROM setting WHERE name = %s", WITHOUT_PIECES)
    session.run(f"INSERT INTO setting SELECT * FROM {there}.setting WHERE name = %s", WITHOUT_PIECES)
    session.run("UPDATE meta SET card = %s", schema.card_text(card))
    schema.create_search_indexes(session, card)
    discard(session)


def discard(session: Session) -> None:
    """Delete the library's successor, if there is one."""
    with server_errors(session.address):
        name = sql.Identifier(address_of(session.address).library)
        session.connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))
