"""The resources of a library that wait for a builder: any number of builders take from them.

Builders skip resources that only an import named.

A builder holds a lease on the resource that it works on, which a thread renews. One that died or was cut off lets it
run out, and another one takes the resource; what the first one still wants to store is refused then.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from threading import Event, Thread
from typing import Self

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryError, LostLease
from seekpoint.index.postgres.session import Session, connect
from seekpoint.index.store import Closing, Taken
from seekpoint.index.types import Standing, State

LEASE_SECONDS = 60.0
"""How long a builder may be silent."""

# How often it looks whether another builder left something.
_POLL_SECONDS = 1.0

# Builders wait for builders, since these may leave something; one that only reads waits for readers too.
_OTHERS_WORK = """
    SELECT EXISTS (SELECT 1 FROM lease WHERE holder <> %s AND until > now() AND (%s OR left(holder, 7) <> 'reader '))"""
_TAKE = """
    WITH next AS (
      SELECT id FROM resource WHERE {wanted} AND id <> ALL(%s)
      AND NOT EXISTS (SELECT 1 FROM lease WHERE resource_id = id AND until > now())
      ORDER BY retry_after NULLS FIRST, number FOR UPDATE SKIP LOCKED LIMIT 1)
    INSERT INTO lease SELECT id, %s, now() + make_interval(secs => %s) FROM next
    ON CONFLICT (resource_id) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE lease.until <= now() RETURNING resource_id"""
_DUE = """(state = 'pending' OR (state = 'deferred' AND retry_after <= %s))
      AND kind <> 'playlist' AND url ~ '^https?://'
      AND EXISTS (SELECT 1 FROM listing WHERE resource_id = id AND named_by <> 'import')"""
_AMONG = "id = ANY(%s)"
_TURN = """
    INSERT INTO pace VALUES (%s, now() + make_interval(secs => %s))
    ON CONFLICT (name) DO UPDATE SET due = greatest(pace.due, now()) + make_interval(secs => %s)
    RETURNING extract(epoch FROM due - now())::float8"""


class BuildQueue(Closing):
    """A builder's view of the queue; `store.Queue` documents the methods."""

    def __init__(self, session: Session, lease_seconds: float = LEASE_SECONDS, *, reads: bool = False) -> None:
        self.reads = reads
        self.holder = f"{'reader ' if reads else ''}{socket.gethostname()}:{secrets.token_hex(8)}"
        self.is_holding = False
        self.seconds = lease_seconds
        self._session = session
        self._ended = Event()
        self._heart = Thread(target=self._beat, name="lease", daemon=True)
        self._heart.start()

    @classmethod
    def open(cls, address: ServerAddress, lease_seconds: float = LEASE_SECONDS, *, reads: bool = False) -> Self:
        """A builder's own connection to the queue, or that of one that only `reads`; raises LibraryError."""
        return cls(connect(address), lease_seconds, reads=reads)

    def close(self) -> None:
        self._ended.set()
        with suppress(LibraryError):  # a lease that can't be given back runs out
            self._give_back()
        self._session.close()
        self._heart.join()

    def take(
        self, clock: Callable[[], float], tried: Collection[str] = (), among: Collection[str] | None = None
    ) -> Taken | None:
        self._give_back()
        if among is not None and not among:
            return None
        query = _TAKE.format(wanted=_DUE if among is None else _AMONG)
        while True:
            wanted = clock() if among is None else list(among)
            if taken := self._session.rows(query, wanted, list(tried), self.holder, self.seconds):
                self.is_holding = True
                [(resource_id, state, inputs, retry_after)] = self._session.rows(
                    "SELECT id, state, inputs, retry_after FROM resource WHERE id = %s", taken[0][0]
                )
                return Taken(resource_id, Standing(State(state), inputs, retry_after))
            if self._session.rows(_OTHERS_WORK, self.holder, self.reads) == [(False,)]:
                return None
            time.sleep(_POLL_SECONDS)

    def _give_back(self) -> None:
        self.is_holding = False
        self._session.run("DELETE FROM lease WHERE holder = %s", self.holder)

    def turn(self, name: str, seconds: float) -> float:
        [(due,)] = self._session.rows(_TURN, name, seconds, seconds)
        return max(float(due) - seconds, 0.0)

    def check(self, session: Session) -> None:
        """Keep the lease until the transaction of `session` ends; raises LostLease if another builder has it."""
        if self.is_holding and not session.rows("SELECT 1 FROM lease WHERE holder = %s FOR UPDATE", self.holder):
            raise LostLease(
                "another builder took over, since this one was silent for a while: it goes on with the next resource"
            )

    def _beat(self) -> None:
        """Renew the lease several times before it runs out."""
        while not self._ended.wait(self.seconds / 4):
            with suppress(LibraryError):  # the next commit tells
                renewal = "UPDATE lease SET until = now() + make_interval(secs => %s) WHERE holder = %s"
                self._session.run(renewal, self.seconds, self.holder)
