"""Connections to the database of a library, and errors that tell the user what to do."""

from __future__ import annotations

import atexit
import logging
import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, lru_cache
from itertools import count
from threading import Lock
from typing import Any, LiteralString, cast

import psycopg
from psycopg import errors, sql
from psycopg.adapt import Dumper
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row
from psycopg.types.string import StrDumper
from psycopg_pool import ConnectionPool, PoolTimeout

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import (
    DamagedLibrary,
    ForeignLibrary,
    LibraryError,
    LibraryNotFound,
    LockedLibrary,
    LostConnection,
    UnreleasedLibrary,
)
from seekpoint.index.text.clean import clean

_CONNECT_SECONDS = 10
# Of every connection. A prepared statement would be planned without its values, and convert vectors for each row.
_OPTIONS: dict[str, Any] = {"autocommit": True, "application_name": "seekpoint", "prepare_threshold": None}
# Seconds, and milliseconds for the last one. Without these either side waits for hours for the other one after the
# network was cut, and a builder that waits holds the lock of its library on the server.
_KEEPALIVES = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}

EF_SEARCH = 450
"""The candidates of the HNSW index in a search: about so many chunks it finds at once."""

# Where a filter keeps few candidates, or more are asked for, the HNSW index goes on, to four times as many chunks as by
# default and with four times `work_mem`: at either limit it ends without a word. At a million a language that one chunk
# in five has gives .99 of the nearest ten so, and .82 with half as many chunks in one `work_mem`.
# The `bm25` index begins with as many chunks as a filter is expected to keep enough of, by default three times as many,
# and goes on if they are too few: at a million that takes a sixth less time for translations, and finds the same.
_SETTINGS = {
    "hnsw.ef_search": f"{EF_SEARCH}",
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.max_scan_tuples": "80000",
    "hnsw.scan_mem_multiplier": "4",
    "pg_textsearch.filtered_seed_margin": "1.0",
    "jit": "off",
} | {f"tcp_{name}": str(_KEEPALIVES[name]) for name in ("keepalives_idle", "keepalives_interval")}


def quoted(name: str) -> str:
    """A name as SQL has it, even one that is a word of SQL."""
    return '"{}"'.format(name.replace('"', '""'))


class _TextDumper(StrDumper):
    """Writes text; PostgreSQL has no character NUL, so the replacement character stands in for it."""

    def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
        return super().dump(obj.replace("\0", "\ufffd"))


class Session:
    """A connection to the tables of one library, which threads may share."""

    def __init__(self, address: ServerAddress, connection: psycopg.Connection[Any]) -> None:
        self.address = address
        self.connection = connection
        self._numbers = count()

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query, with values for its `%s`."""
        with server_errors(self.address), self.connection.cursor(binary=True, row_factory=tuple_row) as cursor:
            return cursor.execute(query, values).fetchall()

    def batches(self, query: LiteralString, size: int, *values: object) -> Generator[list[tuple[Any, ...]]]:
        """The rows of a query, so many at a time, within a transaction: no more are looked for than are asked for."""
        name = f"batches_{next(self._numbers)}"  # of this thread's alone
        cursor = self.connection.cursor(name, binary=True, row_factory=tuple_row)
        with server_errors(self.address), cursor:
            cursor.execute(query, values)
            while rows := cursor.fetchmany(size):
                yield rows

    def run(self, statement: LiteralString | sql.Composed, *values: object) -> None:
        """Run a statement."""
        with server_errors(self.address):
            self.connection.execute(statement, values or None)

    def run_many(self, statement: LiteralString, values: Iterable[Sequence[object]]) -> None:
        """Run a statement for each row of values."""
        with server_errors(self.address), self.connection.cursor() as cursor:
            cursor.executemany(statement, values)

    def copy(self, target: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        """Add rows to a table, named as `table (columns)`."""
        statement = f"COPY {target} FROM STDIN"
        with server_errors(self.address), self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes of the block, or none if it raises; in an open transaction as part of it."""
        with server_errors(self.address), self.connection.transaction():
            yield

    def close(self) -> None:
        self.connection.close()


@lru_cache
def _in_postgres(sql: LiteralString) -> LiteralString:
    return sql.replace("IN ?*", "= ANY(%s)").replace("?", "%s")


class ServerDatabase:
    """The database of a library on a server; `sql.port.Database` documents the methods."""

    added = "number"
    bodies = "digest, vector, body.terms FROM chunk JOIN body ON chunk_id = chunk.id"
    own_settings = frozenset[str]()

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self, sql: LiteralString, *values: object) -> Sequence[Sequence[Any]]:
        return self._session.rows(_in_postgres(sql), *values)

    each = rows

    def run(self, sql: LiteralString, *values: object) -> None:
        self._session.run(_in_postgres(sql), *values)

    def run_many(self, sql: LiteralString, values: Iterable[Sequence[object]]) -> None:
        self._session.run_many(_in_postgres(sql), values)

    def add(self, target: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        self._session.copy(target, rows)

    def content_errors(self) -> AbstractContextManager[None]:
        return content_errors(self._session.address)


def options(address: ServerAddress) -> dict[str, Any]:
    """The parameters of a connection; those that keep it alive come from the address, if it has them."""
    given = conninfo_to_dict(address.uri)
    return _OPTIONS | {name: value for name, value in _KEEPALIVES.items() if name not in given}


def connect(address: ServerAddress) -> Session:
    """A session in which each statement commits by itself; raises LibraryError."""
    with server_errors(address):
        connection = psycopg.connect(address.uri, connect_timeout=_CONNECT_SECONDS, **options(address))
    session = Session(address, connection)
    try:
        configure(session)
    except BaseException:
        session.close()
        raise
    return session


def configure(session: Session) -> None:
    """Prepare a new connection: its search path and settings."""
    session.connection.adapters.register_dumper(str, cast("type[Dumper]", _TextDumper))
    path = sql.SQL(", ").join([sql.Identifier(session.address.library), sql.SQL("public")])
    settings = [sql.SQL("SET search_path TO {}").format(path)]
    settings += [sql.SQL("SET {} = {}").format(sql.SQL(name), value) for name, value in _SETTINGS.items()]
    session.run(sql.SQL("; ").join(settings))


@contextmanager
def server_errors(address: ServerAddress) -> Iterator[None]:
    """Turn errors of the server into LibraryErrors, whose one line tells the user what to do."""
    try:
        yield
    except psycopg.Error as error:
        raise _library_error(error, address) from error


@contextmanager
def content_errors(address: ServerAddress) -> Iterator[None]:
    """Report errors in decoding stored values as damage of the library."""
    try:
        yield
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        raise damaged(address, str(error)) from error


def damaged(address: ServerAddress, what: str) -> DamagedLibrary:
    """The error for rows that differ from what was written."""
    return DamagedLibrary(f"the library {address} is damaged: {what}. Restore it from a backup, or build it again")


def in_use(address: ServerAddress, error: psycopg.Error) -> ForeignLibrary:
    """The error for things of others that depend on what is to be replaced or dropped."""
    said = clean((error.diag.message_detail or str(error)).splitlines()[0])
    return ForeignLibrary(f"something of others depends on the library {address} ({said}): drop that first, or move it")


NO_LIBRARY = (
    "there is no library in {address}: create one with `seekpoint init`, or build one with `seekpoint build SOURCE`"
)
UNRELEASED = (
    "the library {address} was built by an unreleased version of Seekpoint: "
    "name another one with ?library=NAME, and build it again"
)
READ_ONLY = (
    "the server of {address} is a read-only replica: name the primary, "
    "or all servers with ?target_session_attrs=read-write"
)
_LOST = (LostConnection, "the connection to {address} was lost: try again; what was committed is kept")
# The parameter that pg_textsearch names where it wasn't loaded.
_PRELOADED = "shared_preload_libraries"
_NOT_LOADED = (
    "the server of {address} doesn't load pg_textsearch: "
    f"add it to {_PRELOADED} in postgresql.conf, and restart the server"
)
# The error to raise for each of the server's, and its text.
_REMEDIES: Mapping[Any, tuple[type[LibraryError], str]] = {
    (errors.UndefinedTable, errors.InvalidSchemaName): (LibraryNotFound, NO_LIBRARY),
    errors.UndefinedColumn: (UnreleasedLibrary, UNRELEASED),
    errors.ReadOnlySqlTransaction: (LibraryError, READ_ONLY),
    (errors.UndefinedFile, errors.FeatureNotSupported): (
        LibraryError,
        "the server of {address} lacks an extension ({said}): "
        "install it on the server (docs/scale.md), then run `seekpoint init` as its owner",
    ),
    errors.InsufficientPrivilege: (
        LibraryError,
        "you may not do that in {address} ({said}): ask the owner for the rights, or for `seekpoint init`",
    ),
    (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure): (
        LockedLibrary,
        "the library {address} is being changed by another process: try again",
    ),
    (errors.DiskFull, errors.OutOfMemory): (
        LibraryError,
        "the server of {address} has no room left ({said}): make room there",
    ),
    errors.QueryCanceled: (
        LibraryError,
        "the server of {address} ended a statement ({said}): try again, or raise its statement_timeout",
    ),
    errors.CannotConnectNow: (
        LostConnection,
        "the server of {address} is stopping or starting: try again; what was committed is kept",
    ),
    (errors.AdminShutdown, errors.CrashShutdown, errors.IdleInTransactionSessionTimeout): _LOST,
    errors.UndefinedObject: (
        LibraryError,
        "the server of {address} has no such thing ({said}): create a role with `createuser`, or name another",
    ),
    errors.DuplicateSchema: (ForeignLibrary, "the schema {library} is there already: add ?library=NAME"),
}
# The same for connections that can't be made, or were lost; libpq gives no codes for these, but English text.
_CONNECTION_REMEDIES: Mapping[str, tuple[type[LibraryError], str]] = {
    "password|authentication failed": (
        LibraryError,
        "the server of {address} doesn't let you in: check the user, and the password in ~/.pgpass or $PGPASSWORD",
    ),
    "database.*does not exist|does not exist.*database": (
        LibraryNotFound,
        "there is no database for {address}: create it with `createdb`, or correct the address",
    ),
    "too many clients|remaining connection slots": (
        LibraryError,
        "the server of {address} has no connection free: try again, or raise its max_connections",
    ),
    "closed|terminat|lost": _LOST,
    "": (LibraryError, "the server of {address} can't be reached: start it, or correct the address ({said})"),
}


def _library_error(error: psycopg.Error, address: ServerAddress) -> LibraryError:
    said = clean(" ".join(str(error).split()))
    remedy = next((made for kinds, made in _REMEDIES.items() if isinstance(error, kinds)), None)
    kind, text = remedy or (LibraryError, "the server of {address} refused: {said}. See its log")
    if _PRELOADED in said:
        kind, text = LibraryError, _NOT_LOADED
    elif isinstance(error, errors.DependentObjectsStillExist):
        return in_use(address, error)
    elif remedy is None and isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        # The error quotes a part of the address.
        text = "libpq can't read the address {address}: correct its parameters, of which not all are shown"
    elif remedy is None and (error.sqlstate or "08")[:2] in ("08", "57"):  # a connection's, or an intervention
        kind, text = next(made for words, made in _CONNECTION_REMEDIES.items() if re.search(words, said))
    return kind(text.format(address=address, library=address.library, said=said))


# It would print that it replaces a broken connection, which nobody needs to do anything about.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())

_MOST = 16
_WAIT_SECONDS = 30.0
_IDLE_SECONDS = 300.0
_OPENING = Lock()


class _PooledSession(Session):
    """A session on a connection of the pool, which it goes back to."""

    def __init__(self, address: ServerAddress, connection: psycopg.Connection[Any], pool: _Pool) -> None:
        super().__init__(address, connection)
        self._pool = pool
        self._is_open = True

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            with suppress(psycopg.Error):  # the pool replaces a connection that is lost
                self.connection.rollback()
            self._pool.putconn(self.connection)


_Pool = ConnectionPool[psycopg.Connection[Any]]


def pooled(address: ServerAddress) -> Session:
    """A session on one of the connections that the process keeps; raises LibraryError."""
    with _OPENING:  # else threads would open a pool each
        pool = _pool(address)
    try:
        connection = pool.getconn()
    except PoolTimeout as error:
        connect(address).close()  # which says why there is none
        raise LibraryError(f"{address} has too many questions at once: try again, or start another reader") from error
    return _PooledSession(address, connection, pool)


@cache
def _pool(address: ServerAddress) -> _Pool:
    connect(address).close()  # says at once what is wrong, where the pool would try again and again

    pool = ConnectionPool(
        address.uri,
        min_size=1,
        max_size=_MOST,
        max_idle=_IDLE_SECONDS,
        timeout=_WAIT_SECONDS,
        reconnect_timeout=_WAIT_SECONDS,
        kwargs=options(address),
        configure=lambda connection: configure(Session(address, connection)),
        open=True,
    )
    atexit.register(pool.close)
    return pool
