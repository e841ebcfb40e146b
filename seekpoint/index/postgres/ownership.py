"""What the owner of a library does once: creating it, and letting others read or build it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from psycopg import sql

from seekpoint.index.address import ServerAddress
from seekpoint.index.postgres import schema
from seekpoint.index.postgres.session import Session, connect, server_errors
from seekpoint.index.types import ModelCard

_READ = ("GRANT USAGE ON SCHEMA {schema} TO {role}", "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
_BUILD = (
    *_READ,
    "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT MAINTAIN ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
)


def create(
    address: ServerAddress, card: ModelCard, *, readers: Iterable[str] = (), builders: Iterable[str] = ()
) -> ModelCard:
    """Create a library unless it is there, and let roles read or build it; returns its model. Raises LibraryError."""
    with closing(connect(address)) as session:
        schema.create(session, card)
        with session.transaction():
            for role in readers:
                _grant(session, _READ, role)
            for role in builders:
                _grant(session, _BUILD, role)
        return schema.check(session)


def _grant(session: Session, grants: Iterable[str], role: str) -> None:
    names = {"schema": sql.Identifier(session.address.library), "role": sql.Identifier(role)}
    with server_errors(session.address):
        for grant in grants:
            session.connection.execute(sql.SQL(grant).format(**names))
