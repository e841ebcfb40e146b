"""What people keep: reading it, and changing it beside writers. A reader's role may not change it, a builder's may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from seekpoint.index.address import ServerAddress
from seekpoint.index.postgres import schema
from seekpoint.index.postgres.session import Session, connect
from seekpoint.index.records.stored_rows import KEPT_COLUMNS, moment_of, values_of
from seekpoint.index.types import KeptMoment, Resource

_INSERT = f"INSERT INTO kept ({KEPT_COLUMNS}) VALUES ({', '.join(['%s'] * 15)}) ON CONFLICT DO NOTHING"
# How long a writer's own transaction is waited for, as in a folder.
_WAIT_SECONDS = 10.0


class PostgresKeeper:
    """A library on a server, open for changes of what is kept; `store.Keeper` documents the methods."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def open(cls, address: ServerAddress) -> Self:
        """Open a library; raises LibraryError."""
        session = connect(address)
        try:
            schema.check(session)
            keeper = cls(session)
            keeper.wait_for_writers(_WAIT_SECONDS)
        except BaseException:
            session.close()
            raise
        return keeper

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def wait_for_writers(self, seconds: float) -> None:
        """Set how long a change waits for the transaction of a writer, before it raises LockedLibrary."""
        self._session.rows("SELECT set_config('lock_timeout', %s, false)", f"{seconds}s")

    def keep(self, moment: KeptMoment) -> None:
        with self._change():
            self._session.run(_INSERT, *values_of(moment))

    def annotate(self, resource_id: str, place: str, note: str, collection: str) -> bool:
        with self._change():
            changed = self._session.rows(
                "UPDATE kept SET note = %s, collection = %s WHERE (resource_id, place) = (%s, %s) RETURNING 1",
                note,
                collection,
                resource_id,
                place,
            )
            return bool(changed)

    def drop(self, resource_id: str, place: str) -> None:
        with self._change():
            self._session.run("DELETE FROM kept WHERE (resource_id, place) = (%s, %s)", resource_id, place)

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._session.transaction():
            yield
            self._session.run("UPDATE meta SET committed = committed + 1")


def read(session: Session) -> list[KeptMoment]:
    """The kept moments, in the order in which they were kept; raises ValueError."""
    return [moment_of(row) for row in session.records("SELECT * FROM kept ORDER BY added, resource_id, place")]


def move(session: Session, resource_id: str, target: Resource) -> None:
    """Let what is kept of a resource belong to another one; within the caller's transaction."""
    session.run(
        """UPDATE kept SET resource_id = %s, kind = %s, url = %s WHERE resource_id = %s
           AND place NOT IN (SELECT place FROM kept WHERE resource_id = %s)""",
        target.id,
        target.kind.value,
        target.url,
        resource_id,
        target.id,
    )
