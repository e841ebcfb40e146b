"""Changing the model of a library: the new model's vectors are made in a library of their own beside it.

That one takes its ids from the library's sequences and its resources' numbers from the library, so that its rows can be
moved as they are. One transaction replaces everything that the old model made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seekpoint.files import parsed_json
from seekpoint.index.address import SUCCESSOR_SUFFIX, ServerAddress
from seekpoint.index.errors import ForeignLibrary
from seekpoint.index.postgres import schema
from seekpoint.index.postgres.session import Session, quoted
from seekpoint.index.types import ModelCard

# In an order in which rows come after those that they refer to.
_TABLES = (
    *("term", "transcript", "cue_block", "piece_block", "chunk", "body"),
    *("frequency", "frequency_change", "language", "language_change", "centre"),
)


def address_of(library: ServerAddress) -> ServerAddress:
    """The address of a library's successor."""
    return replace(library, library=library.library + SUCCESSOR_SUFFIX)


def model_of(session: Session) -> ModelCard | None:
    """The model of the library's unfinished successor, if there is one."""
    if _comments(session) != [_mark(session)]:
        return None
    [(card,)] = session.rows(f"SELECT card FROM {_schema(session)}.meta")
    return ModelCard(**parsed_json(card))


def check_place(session: Session) -> None:
    """Raise ForeignLibrary if there is a schema of the successor's name that isn't the library's successor."""
    if _comments(session) not in ([], [_mark(session)]):
        name = address_of(session.address).library
        raise ForeignLibrary(
            f"the schema {name} isn't one of Seekpoint's: rename it with ALTER SCHEMA, "
            f"since {session.address} is embedded again in one of that name"
        )


def copy_numbers(session: Session, ids: Sequence[str]) -> None:
    """Store the resources of the library in its successor, under the same numbers; does nothing in a library itself."""
    if session.sequences != session.address.library:
        session.run(
            f"""INSERT INTO resource (id, number, kind, url, state)
                SELECT id, number, kind, url, 'pending' FROM {quoted(session.sequences)}.resource
                WHERE id = ANY(%s) ON CONFLICT DO NOTHING""",
            list(ids),
        )


def take_over(session: Session, card: ModelCard) -> None:
    """Replace what the old model made by the contents of the successor; within the caller's transaction."""
    there = _schema(session)
    schema.drop_search_indexes(session)
    for table in reversed(_TABLES):
        session.run(f"DELETE FROM {table}")
    for table in _TABLES:
        session.run(f"INSERT INTO {table} SELECT * FROM {there}.{table}")
    session.run("SELECT setval(pg_get_serial_sequence('term', 'number'), coalesce(max(number), 0) + 1) FROM term")
    session.run("DELETE FROM setting WHERE name = 'is_without_pieces'")
    session.run(f"INSERT INTO setting SELECT * FROM {there}.setting WHERE name = 'is_without_pieces'")
    session.run("UPDATE meta SET card = %s", schema.card_text(card))
    schema.create_search_indexes(session, card)
    discard(session)


def discard(session: Session) -> None:
    """Delete the library's successor, if there is one; raises ForeignLibrary where others have something in it."""
    if _comments(session) == [_mark(session)]:
        there = _schema(session)
        with session.transaction():
            session.run(f"DROP TABLE {', '.join(f'{there}.{table}' for table in schema.TABLES)}")
            session.run(f"DROP SCHEMA {there}")


def _schema(session: Session) -> str:
    """The schema of the successor, as SQL names it."""
    return quoted(address_of(session.address).library)


def _mark(session: Session) -> str:
    return schema.SUCCESSOR_MARK.format(session.address.library)


def _comments(session: Session) -> list[str | None]:
    """The comment of the schema that has the successor's name, if there is one."""
    query = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
    return [comment for (comment,) in session.rows(query, address_of(session.address).library)]
