"""A library on a server, open for changes: one writer at a time, and one transaction for each resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Self

import numpy as np

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryError, LibraryNotFound, LockedLibrary
from seekpoint.index.postgres import meaning, schema
from seekpoint.index.postgres.postgres_reader import PostgresReader, ServerLibrary, revision_of
from seekpoint.index.postgres.queue import BuildQueue
from seekpoint.index.postgres.session import NO_LIBRARY, READ_ONLY, ServerDatabase, Session, connect, content_errors
from seekpoint.index.postgres.transcripts import fold_totals, insert, remove
from seekpoint.index.sql.catalogue import Catalogue
from seekpoint.index.sql.changes import Changes, MomentKeeper, succession
from seekpoint.index.sql.passages import Passages
from seekpoint.index.sql.transcripts import TranscriptRows
from seekpoint.index.store import Closing, Successor
from seekpoint.index.types import (
    Details,
    EmbeddedTranscript,
    Kind,
    ModelCard,
    Revision,
    Transcript,
    Vectors,
)

# Commits after which the changes of the sums are added up.
_COMMITS_BETWEEN_FOLDS = 64


class PostgresWriter(ServerLibrary, Passages, Catalogue, Changes, Closing):
    """A library on a server, open for changes; `store.Writer` documents the methods."""

    _is_snapshot = False

    def __init__(self, session: Session, card: ModelCard, queue: BuildQueue | None = None) -> None:
        super().__init__(session, card, revision_of(session))
        self._queue = queue
        self._has_changed = False
        self._commits = 0

    @classmethod
    def acquire(cls, address: ServerAddress, card: ModelCard | None = None, *, successor_of: str | None = None) -> Self:
        """Lock a library and open it for changes; with a card, create it if there is none. Raises LibraryError."""
        session = connect(address)
        try:
            if not schema.exists(session):
                if card is None:
                    raise LibraryNotFound(NO_LIBRARY.format(address=address))
                schema.create(session, card, successor_of=successor_of)
            lock(session)
            return cls(session, schema.check(session))
        except BaseException:
            session.close()
            raise

    @classmethod
    def share(cls, address: ServerAddress, queue: BuildQueue) -> Self:
        """Open a library for changes beside other builders, which take from the same queue; raises LibraryError."""
        session = connect(address)
        try:
            card = schema.check(session)
            lock(session, shared=True)
            # A transaction without its builder would keep the others from storing.
            session.rows("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", f"{queue.seconds}s")
            return cls(session, card, queue)
        except BaseException:
            session.close()
            raise

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if self._has_changed:
                self._add_up()
                self._session.run("UPDATE meta SET sealed = sealed + 1")
                schema.tidy(self._session)
        except LibraryError:
            if error is None:  # else the error of the block tells the user more
                raise
        finally:
            with suppress(LibraryError):  # the server notices only after a moment that a connection was closed
                self._session.run("SELECT pg_advisory_unlock_all()")
            self._session.close()

    @property
    def revision(self) -> Revision:
        return revision_of(self._session)

    def transaction(self) -> AbstractContextManager[None]:
        return self._session.transaction()

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Make the changes of the block in one transaction, which gives the library another revision."""
        with self._session.transaction(), content_errors(self.address):
            if self._queue:
                self._queue.check(self._session)
            yield
            self._session.run("UPDATE meta SET committed = committed + 1")
        self._has_changed = True

    def mend(self, embed: Callable[[str, Transcript], EmbeddedTranscript]) -> Sequence[str]:
        """Do nothing: the server checks its own files, and mends them from its log."""
        return ()

    def _forget(self, resource_id: str) -> None:
        remove(self._session, self.db, resource_id, self.card)

    def _insert(self, rows: TranscriptRows, card: ModelCard) -> None:
        insert(self._session, self.db, rows, card)

    def commit(
        self,
        resource_id: str,
        transcripts: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        super().commit(resource_id, transcripts, details, inputs, kind)
        self._commits += 1
        if self._commits % _COMMITS_BETWEEN_FOLDS == 0:
            self._add_up()

    def _add_up(self) -> None:
        fold_totals(self._session)
        if self._queue is None:
            meaning.settle(self._session, self.languages(), self.card)

    @contextmanager
    def _change_translations(self) -> Iterator[None]:
        with self._change():
            self._session.run("LOCK TABLE translation IN EXCLUSIVE MODE")  # another builder may be at it
            yield

    @contextmanager
    def successor(self, card: ModelCard, say: Callable[[str], None]) -> Iterator[Successor]:
        schema.check_place(self._session)
        unfinished = self.unfinished_successor()
        if unfinished and unfinished != card:
            say(f"what was embedded again for the model {unfinished.name} is dropped: {card.name} starts anew")
            schema.discard(self._session)
        # The edition of a resource's transcripts changes when they are stored again: ids aren't reused.
        editions = self._session.rows(
            """SELECT resource_id, string_agg(id::text, ' ' ORDER BY id) FROM transcript
               GROUP BY resource_id ORDER BY min(id)"""
        )
        there = schema.address_of(self.address)
        with PostgresWriter.acquire(there, card, successor_of=self.address.library) as writer:
            yield succession(self, dict(editions), writer)

    def succeed(self, successor: Successor | None) -> None:
        if successor is None:
            schema.discard(self._session)
            return
        with self._change():
            with PostgresReader.open(schema.address_of(self.address)) as reader:
                fixed = reader.db.rows("SELECT language, mean FROM centre")
                self.prepare_copy({language: np.frombuffer(mean, "<f4") for language, mean in fixed})
                self._take_over(reader, reader.card)
            self.finish_copy(reader.card)
            schema.discard(self._session)
        self._card = reader.card

    def prepare_copy(self, means: Mapping[str, Vectors]) -> None:
        """Drop the search indexes, and centre vectors by the means of the library that is copied here."""
        schema.drop_search_indexes(self._session)
        for table in ("frequency", "frequency_change", "language_change", "centre"):
            self._session.run(f"DELETE FROM {table}")
        for language, mean in means.items():
            meaning.keep(self._session, language, mean)

    def finish_copy(self, card: ModelCard) -> None:
        """Name the model of what was copied here, number further terms after its terms, and index it."""
        self._session.run("UPDATE meta SET card = %s", schema.card_text(card))
        self._session.run("SELECT setval(pg_get_serial_sequence('term', 'number'), max(number)) FROM term")
        fold_totals(self._session)
        schema.create_search_indexes(self._session, card)
        schema.keep_size(self._session)

    def unfinished_successor(self) -> ModelCard | None:
        return schema.model_of(self._session)


def lock(session: Session, *, shared: bool = False, in_transaction: bool = False) -> None:
    """Lock the library until the connection or transaction ends, or `shared` with others; raises LibraryError."""
    if session.rows("SELECT current_setting('transaction_read_only')::bool") == [(True,)]:
        raise LibraryError(READ_ONLY.format(address=session.address))
    name = f"pg_try_advisory{'_xact' if in_transaction else ''}_lock{'_shared' if shared else ''}"
    if session.rows(f"SELECT {name}(hashtextextended(%s, 0))", session.address.library) != [(True,)]:
        raise LockedLibrary(
            f"the library {session.address} is being written by another process: try again when it's done"
        )


# How long a writer's own transaction is waited for, as in a folder.
_WAIT_SECONDS = 10.0


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
            session.run("UPDATE meta SET committed = committed + 1")  # first, so that keepers take turns
            yield

    return MomentKeeper(ServerDatabase(session), change, session.close)
