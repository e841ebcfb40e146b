"""The tables of a library in the database: creating them, bringing them up to date, and the model they are for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from psycopg import sql

from seekpoint.files import parsed_json
from seekpoint.index.errors import LibraryError, LibraryNotFound, NewerLibrary
from seekpoint.index.postgres.session import Session, server_errors
from seekpoint.index.types import ModelCard

SCHEMA_VERSION = 1
EXTENSIONS = ("vector", "pg_textsearch")

_MOST_DIMENSIONS = 4000
# The key of the advisory lock under which a schema is created or brought up to date.
_LOCK = 0x736B7074
_SEQUENCES = ("CREATE SEQUENCE transcript_id", "CREATE SEQUENCE chunk_id")
INDEXED = "(CASE WHEN vector_dims(embedding) = {dimension} THEN embedding END::halfvec({dimension}))"
"""The vector of a chunk as the HNSW index has it: not those of another model, which old snapshots may still see."""

# `to_bm25query` wants the name of the index, so it has the same in all schemas.
SEARCH_INDEXES = {
    "chunk_meaning": f"CREATE INDEX chunk_meaning ON chunk USING hnsw ({INDEXED} halfvec_ip_ops) "
    "WITH (m = 16, ef_construction = 200)",
    "chunk_words": "CREATE INDEX chunk_words ON chunk USING bm25 (terms) WITH (text_config = 'pg_catalog.simple')",
    "chunk_terms": "CREATE INDEX chunk_terms ON chunk USING gin (string_to_array(terms, ' '))",
}
"""The indexes that propose candidates, and how each is created."""


def exists(session: Session) -> bool:
    """Whether the library is there."""
    name = f"{session.address.library}.migration"
    return session.rows("SELECT to_regclass(%s) IS NOT NULL", name) == [(True,)]


def check(session: Session) -> ModelCard:
    """The model of the library; raises LibraryNotFound, or NewerLibrary."""
    name = session.address.library  # named, since a schema that one may not read isn't looked through
    query = f"SELECT (SELECT max(version) FROM {name}.migration), (SELECT card FROM {name}.meta)"
    [(version, card)] = session.rows(query)
    if version is None or card is None:
        raise LibraryNotFound(f"the library {session.address} was left half made: run `seekpoint init` again")
    if version > SCHEMA_VERSION:
        raise NewerLibrary(
            f"the library {session.address} has format {version}, this Seekpoint reads up to {SCHEMA_VERSION}: "
            "upgrade Seekpoint, or name another library"
        )
    return ModelCard(**parsed_json(card))


def create(session: Session, card: ModelCard) -> None:
    """Create the extensions and the tables of a library, if it isn't there yet; all of it or nothing.

    One that takes ids from another library's sequences has no search indexes, since nobody searches it.
    """
    is_own = session.sequences == session.address.library
    if card.dimension > _MOST_DIMENSIONS:
        raise LibraryError(f"{card.name} has {card.dimension} dimensions, a server indexes up to {_MOST_DIMENSIONS}")
    with _migrating(session):
        if exists(session):
            return
        for extension in EXTENSIONS:
            create_extension(session, extension)
        with server_errors(session.address):
            schema = sql.Identifier(session.address.library)
            session.connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        for statement in _SEQUENCES if is_own else ():
            session.run(statement)
        script = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
        session.run(script.replace("{sequences}", session.sequences))
        if is_own:
            create_search_indexes(session, card)
        session.run("INSERT INTO migration (version) VALUES (%s)", SCHEMA_VERSION)
        session.run("INSERT INTO meta (card) VALUES (%s)", card_text(card))


def drop(session: Session) -> None:
    """Delete the library; within the caller's transaction."""
    with server_errors(session.address):
        named = sql.Identifier(session.address.library)
        session.connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(named))


def create_extension(session: Session, extension: str) -> None:
    """Create an extension where it is missing: only a superuser may, so that it isn't asked for in vain."""
    if not session.rows("SELECT 1 FROM pg_extension WHERE extname = %s", extension):
        with server_errors(session.address):
            named = sql.Identifier(extension)
            session.connection.execute(sql.SQL("CREATE EXTENSION {} SCHEMA public").format(named))


def create_search_indexes(session: Session, card: ModelCard) -> None:
    """Create the indexes that propose candidates; within the caller's transaction."""
    for statement in SEARCH_INDEXES.values():
        session.run(statement.format(dimension=card.dimension))


def drop_search_indexes(session: Session) -> None:
    """Drop the indexes that propose candidates; within the caller's transaction."""
    for name in SEARCH_INDEXES:
        session.run(f"DROP INDEX {name}")


def card_text(card: ModelCard) -> str:
    """A model as the database names it."""
    return json.dumps(asdict(card), ensure_ascii=False)


@contextmanager
def _migrating(session: Session) -> Iterator[None]:
    with session.transaction():
        session.rows("SELECT pg_advisory_xact_lock(%s)::text", _LOCK)
        yield
