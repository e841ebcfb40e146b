"""The connections that a process keeps for its readers: each question takes one, with a snapshot of its own."""

from __future__ import annotations

import atexit
import logging
from contextlib import suppress
from functools import cache
from threading import Lock
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryError
from seekpoint.index.postgres.session import Session, configure, connect, options

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

    def prepare(connection: psycopg.Connection[Any]) -> None:
        configure(Session(address, connection))

    pool = ConnectionPool(
        address.uri,
        min_size=1,
        max_size=_MOST,
        max_idle=_IDLE_SECONDS,
        timeout=_WAIT_SECONDS,
        reconnect_timeout=_WAIT_SECONDS,
        kwargs=options(address),
        configure=prepare,
        open=True,
    )
    atexit.register(pool.close)
    return pool
