"""PostgreSQL as the shared SQL reaches it, and changes of what is kept beside the writers of a library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any, LiteralString

from seekpoint.index.address import ServerAddress
from seekpoint.index.postgres import schema
from seekpoint.index.postgres.session import Session, connect, content_errors
from seekpoint.index.sql.moment_keeper import MomentKeeper

# How long a writer's own transaction is waited for, as in a folder.
_WAIT_SECONDS = 10.0


@cache
def _in_postgres(sql: LiteralString) -> LiteralString:
    return sql.replace("IN ?*", "= ANY(%s)").replace("?", "%s")


class ServerDatabase:
    """The database of a library on a server; `sql.port.Database` documents the methods."""

    added = "number"
    chunk_rows = """SELECT first, stop, start, "end", is_reference, digest, vector, body.terms
                    FROM chunk JOIN body ON chunk_id = id"""
    own_settings = frozenset[str]()

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self, sql: LiteralString, *values: object) -> Sequence[Sequence[Any]]:
        return self._session.rows(_in_postgres(sql), *values)

    def run(self, sql: LiteralString, *values: object) -> None:
        self._session.run(_in_postgres(sql), *values)

    def run_many(self, sql: LiteralString, values: Iterable[Sequence[object]]) -> None:
        self._session.run_many(_in_postgres(sql), values)

    def add(self, target: LiteralString, rows: Iterable[Sequence[object]]) -> None:
        self._session.copy(target, rows)

    def content_errors(self) -> AbstractContextManager[None]:
        return content_errors(self._session.address)


def open_keeper(address: ServerAddress, wait_seconds: float = _WAIT_SECONDS) -> MomentKeeper:
    """Open a library for changes of what is kept, which wait `wait_seconds` for a writer; raises LibraryError."""
    session = connect(address)
    try:
        schema.check(session)
        session.rows("SELECT set_config('lock_timeout', %s, false)", f"{wait_seconds}s")
    except BaseException:
        session.close()
        raise

    @contextmanager
    def change() -> Iterator[None]:
        with session.transaction():
            yield
            session.run("UPDATE meta SET committed = committed + 1")

    return MomentKeeper(ServerDatabase(session), change, session.close)
