"""The tables of a library in the database: creating them, bringing them up to date, and the model they are for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from psycopg import errors, sql

from seekpoint.files import parsed_json
from seekpoint.index.address import SUCCESSOR_SUFFIX, ServerAddress
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError, NewerLibrary, UnreleasedLibrary
from seekpoint.index.postgres.session import UNRELEASED, Session, in_use, quoted, server_errors
from seekpoint.index.sql import port
from seekpoint.index.types import ModelCard

SCHEMA_VERSION = 4
EXTENSIONS = ("vector", "pg_textsearch")

_MOST_DIMENSIONS = 4000
# The key of the advisory lock under which a schema is created or brought up to date.
_LOCK = 0x736B7074
_OWN = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
# The types of a server, for those of SQLite.
_TYPES = {"TEXT": 'text COLLATE "C"', "INTEGER": "bigint", "REAL": "double precision", "BLOB": "bytea"}
_IN_POSTGRES = re.compile(r"\b(?:TEXT|INTEGER|REAL|BLOB)\b| STRICT(?:, WITHOUT ROWID)?")
_SCRIPT = _IN_POSTGRES.sub(lambda match: _TYPES.get(match[0], ""), port.SCRIPT) + _OWN

TABLES = (*port.tables_of(port.SCRIPT), *port.tables_of(_OWN))
SEQUENCES = ("transcript_id", "chunk_id")
"""The names of what makes up a library, beside the sequences and indexes of the tables."""

# Tables that others hardly have together: a table of migrations alone is many an application's.
_IS_OURS = """
    SELECT count(*) = 3 FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'p') AND NOT attisdropped
    AND (relname, attname) IN (('migration', 'version'), ('meta', 'card'), ('chunk', 'embedding'))"""
# Every object in a schema depends on it. Objects of an extension there are never dropped with a library.
_HELD = """
    SELECT pg_describe_object(classid, objid, 0) FROM pg_depend AS held
    WHERE refclassid = 'pg_namespace'::regclass AND refobjid = to_regnamespace(%s)
    AND deptype = 'n' AND classid <> 'pg_extension'::regclass AND NOT EXISTS (
      SELECT FROM pg_depend WHERE (classid, objid, deptype) = (held.classid, held.objid, 'e')) ORDER BY 1 LIMIT 1"""
SUCCESSOR_MARK = "The library “{}”, being embedded again: Seekpoint drops this schema"
"""The comment of a successor's schema, with the library's name: no other schema is taken for one, and dropped."""

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
    return session.rows(_IS_OURS, quoted(session.address.library)) == [(True,)]


def check(session: Session) -> ModelCard:
    """The model of the library; raises DamagedLibrary, or NewerLibrary."""
    name = quoted(session.address.library)  # named, since a schema that one may not read isn't looked through
    query = f"SELECT (SELECT max(version) FROM {name}.migration), (SELECT card FROM {name}.meta)"
    [(version, card)] = session.rows(query)
    if version is None or card is None:
        if not exists(session):
            check_vacant(session)
        raise DamagedLibrary(
            f"the library {session.address} has lost its version or its model: restore it from a backup, "
            "replace it with `seekpoint import FILE --replace`, or name another one with ?library=NAME"
        )
    _check_version(session, version)
    return ModelCard(**parsed_json(card))


def check_vacant(session: Session) -> None:
    """Raise ForeignLibrary if a new library can't be created because the schema holds something else."""
    if held := session.rows(_HELD, quoted(session.address.library)):
        raise ForeignLibrary(
            f"the schema of {session.address} holds other things ({held[0][0]}): "
            "name another library, with a schema of its own, by ?library=NAME"
        )


def create(session: Session, card: ModelCard, *, successor_of: str | None = None) -> None:
    """Create the extensions and tables of a library, unless it is there, all or nothing; a successor isn't indexed."""
    name = session.address.library
    if card.dimension > _MOST_DIMENSIONS:
        raise LibraryError(f"{card.name} has {card.dimension} dimensions, a server indexes up to {_MOST_DIMENSIONS}")
    with session.transaction():
        session.rows("SELECT pg_advisory_xact_lock(%s)::text", _LOCK)
        if exists(session):
            return
        check_vacant(session)
        for extension in EXTENSIONS:  # only a superuser may create one, so that it isn't asked for in vain
            if not session.rows("SELECT 1 FROM pg_extension WHERE extname = %s", extension):
                session.run(f"CREATE EXTENSION {extension} SCHEMA public")
        # A schema that a superuser made needs no right to make it.
        if session.rows("SELECT to_regnamespace(%s) IS NULL", quoted(name)) == [(True,)]:
            session.run(f"CREATE SCHEMA {quoted(name)}")
        for sequence in SEQUENCES:
            session.run(f"CREATE SEQUENCE {sequence}")
        session.run(_SCRIPT)
        if successor_of is None:
            create_search_indexes(session, card)
        else:
            mark = sql.Literal(SUCCESSOR_MARK.format(successor_of))
            session.run(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(name), mark))
        _name(session, card)


def replace_schema(session: Session, card: ModelCard) -> None:
    """Empty the tables of a library for a model, without search indexes; within the caller's transaction."""
    schema = quoted(session.address.library)
    _check_version(session, session.rows(f"SELECT max(version) FROM {schema}.migration")[0][0])
    drop_search_indexes(session)
    statement = f"TRUNCATE {', '.join(f'ONLY {schema}.{name}' for name in TABLES)} RESTART IDENTITY"
    with server_errors(session.address):
        try:
            session.connection.execute(statement)
        except errors.FeatureNotSupported as error:  # a table of others refers to one of these
            raise in_use(session.address, error) from error
    _name(session, card)


def create_search_indexes(session: Session, card: ModelCard) -> None:
    """Create the indexes that propose candidates; within the caller's transaction."""
    for statement in SEARCH_INDEXES.values():
        session.run(statement.format(dimension=card.dimension))


def drop_search_indexes(session: Session) -> None:
    """Drop the indexes that propose candidates; within the caller's transaction."""
    for name in SEARCH_INDEXES:
        session.run(f"DROP INDEX IF EXISTS {quoted(session.address.library)}.{name}")


def card_text(card: ModelCard) -> str:
    """A model as the database names it."""
    return json.dumps(asdict(card), ensure_ascii=False)


def _name(session: Session, card: ModelCard) -> None:
    """Note the version and the model of an empty library."""
    session.run("INSERT INTO migration (version) VALUES (%s)", SCHEMA_VERSION)
    session.run("INSERT INTO meta (card) VALUES (%s)", card_text(card))


def _check_version(session: Session, version: int | None) -> None:
    if version is not None and version < SCHEMA_VERSION:
        raise UnreleasedLibrary(UNRELEASED.format(address=session.address))
    if version is not None and version > SCHEMA_VERSION:
        raise NewerLibrary(
            f"the library {session.address} has format {version}, this Seekpoint reads up to {SCHEMA_VERSION}: "
            "upgrade Seekpoint, or name another library"
        )


EVERYONE = "public"
"""PostgreSQL's name for all roles of the server."""

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


def grant(session: Session, readers: Iterable[str], builders: Iterable[str]) -> None:
    """Let roles read the library, and others build it; all of them or none."""

    def listed(names: Iterable[str]) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(session.address.library, name) for name in names)

    names = {
        "schema": sql.Identifier(session.address.library),
        "tables": listed(TABLES),
        "fixed": listed(_FIXED),
        "changing": listed(table for table in TABLES if table not in _FIXED),
        "sequences": listed(SEQUENCES),
    }
    with session.transaction():
        for roles, rights in ((readers, _READ), (builders, _BUILD)):
            for role in roles:
                for right in rights:
                    session.run(sql.SQL(right).format(**names, role=sql.Identifier(role)))


# The key of the advisory lock that keeps two processes from making the same index anew.
_REINDEX_LOCK = 0x736B7076
# The index is made anew from so many times its size as a fresh one, in bytes a chunk, and not below a size. A merge of
# all segments doubles it, and later ones use these pages again. Made anew it is one segment of the lowest level, so the
# next merge there, after some sixty lectures, rewrites all of it, and questions to this server wait.
_MOST_GROWTH, _SMALL = 2.5, 1 << 23
# How long to wait for questions that began before; they take no second.
_WAIT_SECONDS = 10


def tidy(session: Session, least: int = _SMALL, wait_seconds: int = _WAIT_SECONDS) -> None:
    """Make the index of words anew if it has grown too much, while questions go on; not within a transaction.

    Those that began before are waited for, so many seconds. Does nothing for a role that may not, while another process
    is at it, or to an index of less than `least` bytes.
    """
    if session.rows("SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))", _REINDEX_LOCK) != [(True,)]:
        return
    try:
        [(size, chunks, fresh)] = session.rows(
            """SELECT coalesce(pg_relation_size(to_regclass('chunk_words')), 0),
                      (SELECT coalesce(sum(chunks), 0)::bigint FROM language), (SELECT words_bytes FROM meta)"""
        )
        if size <= least or (fresh is not None and size <= _MOST_GROWTH * fresh * max(chunks, 1)):
            return
        with suppress(LibraryError):
            session.run("DROP INDEX IF EXISTS chunk_words_ccnew")  # of one that was interrupted
            session.run(f"SET lock_timeout = '{wait_seconds}s'")
            try:
                session.run("REINDEX INDEX CONCURRENTLY chunk_words")
            finally:
                session.run("RESET lock_timeout")
            keep_size(session)
    finally:
        session.run("SELECT pg_advisory_unlock(%s, hashtext(current_schema()))", _REINDEX_LOCK)


def keep_size(session: Session) -> None:
    """Note the size of the index as that of a fresh one."""
    session.run(
        """UPDATE meta SET words_bytes = pg_relation_size('chunk_words')
             / (SELECT greatest(sum(chunks), 1) FROM language)"""
    )


# Changing the model of a library: the new model's vectors are made in a library of their own beside it.


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


def discard(session: Session) -> None:
    """Delete the library's successor, if there is one; raises ForeignLibrary where others have something in it."""
    if _comments(session) == [_mark(session)]:
        there = _schema(session)
        with session.transaction():
            session.run(f"DROP TABLE {', '.join(f'{there}.{table}' for table in TABLES)}")
            session.run(f"DROP SEQUENCE IF EXISTS {', '.join(f'{there}.{sequence}' for sequence in SEQUENCES)}")
            session.run(f"DROP SCHEMA {there}")


def _schema(session: Session) -> str:
    """The schema of the successor, as SQL names it."""
    return quoted(address_of(session.address).library)


def _mark(session: Session) -> str:
    return SUCCESSOR_MARK.format(session.address.library)


def _comments(session: Session) -> list[str | None]:
    """The comment of the schema that has the successor's name, if there is one."""
    query = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
    return [comment for (comment,) in session.rows(query, address_of(session.address).library)]
