"""What the owner of a library does once: creating it, and letting others read or build it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing

from psycopg import sql

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import UsageError
from seekpoint.index.postgres import schema
from seekpoint.index.postgres.session import Session, connect, server_errors
from seekpoint.index.types import ModelCard

# What PostgreSQL calls all roles of the server.
_EVERYONE = "public"

_READ = ("GRANT USAGE ON SCHEMA {schema} TO {role}", "GRANT SELECT ON {tables} TO {role}")
# Who may change the version or the model can make the library one that nobody opens.
_BUILD = (
    *_READ,
    "REVOKE INSERT, UPDATE, DELETE, MAINTAIN ON {fixed} FROM {role}",
    "GRANT UPDATE (sealed, committed, words_bytes) ON {schema}.meta TO {role}",
    "GRANT INSERT, UPDATE, DELETE ON {changing} TO {role}",
    "GRANT MAINTAIN ON {schema}.chunk TO {role}",
    "GRANT USAGE ON SEQUENCE {sequences} TO {role}",
)
_FIXED = ("migration", "meta")


def create(
    address: ServerAddress,
    card: ModelCard,
    *,
    readers: Collection[str] = (),
    builders: Collection[str] = (),
    public: bool = False,
) -> ModelCard:
    """Create a library unless it is there, and let roles read or build it; returns its model. Raises LibraryError.

    Every role of the server may read a `public` one.
    """
    if _EVERYONE in (*readers, *builders):
        raise UsageError("public is every role of the server: name the roles, or say --public if all of them may read")
    with closing(connect(address)) as session:
        schema.create(session, card)
        with session.transaction():
            for role in (*readers, *([_EVERYONE] if public else [])):
                _grant(session, _READ, role)
            for role in builders:
                _grant(session, _BUILD, role)
        return schema.check(session)


def _grant(session: Session, grants: Collection[str], role: str) -> None:
    def listed(names: Collection[str]) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(session.address.library, name) for name in names)

    names = {
        "schema": sql.Identifier(session.address.library),
        "tables": listed(schema.TABLES),
        "fixed": listed(_FIXED),
        "changing": listed([table for table in schema.TABLES if table not in _FIXED]),
        "sequences": listed(schema.SEQUENCES),
        "role": sql.Identifier(role),
    }
    with server_errors(session.address):
        for grant in grants:
            session.connection.execute(sql.SQL(grant).format(**names))
