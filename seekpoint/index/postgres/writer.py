"""A library on a server, open for changes: one writer at a time, and one transaction for each resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Self

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryError, LibraryNotFound, LockedLibrary
from seekpoint.index.postgres import catalogue, meaning, schema, successor, transcripts
from seekpoint.index.postgres.queue import BuildQueue
from seekpoint.index.postgres.reader import PostgresReader, revision_of
from seekpoint.index.postgres.session import Session, connect, content_errors, read_only
from seekpoint.index.reasons import row_of
from seekpoint.index.records.stored_rows import SuccessorLibrary, details_text
from seekpoint.index.store import LISTED, Known, Revision, Successor, Translations
from seekpoint.index.types import (
    Details,
    EmbeddedTranscript,
    Kind,
    ModelCard,
    NamedBy,
    Playlist,
    Resource,
    State,
    Transcript,
)

# Commits after which the changes of the sums are added up.
_COMMITS_BETWEEN_FOLDS = 64


class PostgresWriter(PostgresReader):
    """A library on a server, open for changes; `store.Writer` documents the methods."""

    _is_snapshot = False

    def __init__(self, session: Session, card: ModelCard, queue: BuildQueue | None = None) -> None:
        super().__init__(session, card, revision_of(session))
        self._queue = queue
        self._has_changed = False
        self._commits = 0

    @classmethod
    def acquire(cls, address: ServerAddress, card: ModelCard | None = None, *, sequences: str | None = None) -> Self:
        """Lock a library and open it for changes; with a card, create it if there is none. Raises LibraryError."""
        session = connect(address, sequences)
        try:
            if not schema.exists(session):
                if card is None:
                    raise LibraryNotFound(
                        f"there is no library in {address}: create one with `seekpoint init`, "
                        "or build one with `seekpoint build SOURCE`"
                    )
                schema.create(session, card)
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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

    # The lists

    def register(self, source: str, resources: Sequence[Resource], named_by: NamedBy = NamedBy.OWNER) -> None:
        entries = ((resource, path) for resource in resources for path in resource.sections or ((),))
        rows = {
            (resource.id, json.dumps(path, ensure_ascii=False)): (position, resource.title)
            for position, (resource, path) in enumerate(entries)
        }
        listed = self._session.records("SELECT * FROM listing WHERE source = %s AND listed", source)
        stored = {(row["resource_id"], row["path"]): (row["position"], row["title"]) for row in listed}
        if rows == stored and all(row["named_by"] == named_by for row in listed):
            return
        with self._change():
            self._add(resources)
            self._session.run("UPDATE listing SET listed = false WHERE source = %s", source)
            self._session.run(
                "DELETE FROM listing WHERE source = %s AND resource_id = ANY(%s)", source, [one.id for one in resources]
            )
            self._session.copy(
                "listing (named_by, source, resource_id, path, position, title)",
                [(named_by.value, source, *key, *value) for key, value in rows.items()],
            )
            transcripts.update_titles(self._session, _renamed(stored, rows))

    def keep_playlist(self, playlist_id: str, playlist: Playlist) -> None:
        failed = self._session.rows("SELECT 1 FROM resource WHERE id = %s AND reason IS NOT NULL", playlist_id)
        if not failed and self._catalogue.playlists(playlist_id).get(playlist_id) == playlist:
            return
        with self._change():
            self._session.run("DELETE FROM playlist_entry WHERE playlist_id = %s", playlist_id)
            self._session.copy(
                "playlist_entry (playlist_id, position, resource_id, kind, url, title, fault)",
                [
                    (playlist_id, position, video.id, video.kind.value, video.url, video.title, row_of(entry.fault))
                    for position, entry in enumerate(playlist.entries)
                    for video in (entry.resource,)
                ],
            )
            self._set_indexed(playlist_id, LISTED, Details(title=playlist.title or None))

    def unlisted(self, sources: Iterable[str]) -> list[str]:
        rows = self._session.rows(
            """SELECT DISTINCT resource_id FROM listing AS gone WHERE NOT listed AND source = ANY(%s)
               AND NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = gone.resource_id)""",
            list(sources),
        )
        return [resource_id for (resource_id,) in rows]

    def remove(self, ids: Collection[str]) -> None:
        if ids:
            with self._change():
                for resource_id in ids:
                    transcripts.remove(self._session, resource_id, self.card)
                    self._session.run("DELETE FROM resource WHERE id = %s", resource_id)

    def move(self, resource_id: str, target: Resource) -> None:
        with self._change():
            self._add([target])
            self._session.run(
                """DELETE FROM listing AS there USING listing AS here
                   WHERE there.resource_id = %s AND here.resource_id = %s AND here.listed
                   AND (there.source, there.path) = (here.source, here.path)
                   AND there.resource_id <> here.resource_id""",
                target.id,
                resource_id,
            )
            self._session.run(
                "UPDATE listing SET resource_id = %s WHERE resource_id = %s AND listed", target.id, resource_id
            )
            catalogue.move_kept(self._session, resource_id, target)
            self.remove([resource_id])
            transcripts.update_titles(self._session, [target.id])

    def _add(self, resources: Iterable[Resource]) -> None:
        """Store resources that are new; one that an imported library has at another address gets its own."""
        successor.copy_numbers(self._session, [resource.id for resource in resources])
        self._session.run_many(
            """INSERT INTO resource (id, kind, url, state) VALUES (%s, %s, %s, %s)
               ON CONFLICT (id) DO UPDATE SET url = excluded.url WHERE resource.url <> excluded.url""",
            [(one.id, one.kind.value, one.url, State.PENDING.value) for one in resources],
        )

    # The resources

    def known(self, resource_id: str) -> Known:
        with content_errors(self.address):
            return transcripts.known(self._session, resource_id, self.card)

    def commit(
        self,
        resource_id: str,
        transcripts_: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        with self._change():
            transcripts.remove(self._session, resource_id, self.card)
            transcripts.insert(self._session, resource_id, transcripts_, details.chapters, self.card)
            self._set_indexed(resource_id, inputs, details)
            if kind:
                self._session.run("UPDATE resource SET kind = %s WHERE id = %s", kind.value, resource_id)
        self._commits += 1
        if self._commits % _COMMITS_BETWEEN_FOLDS == 0:
            self._add_up()

    def _add_up(self) -> None:
        transcripts.fold_totals(self._session)
        if self._queue is None:
            meaning.settle(self._session, self.languages(), self.card)

    def set_state(
        self,
        resource_id: str,
        state: State,
        *,
        reason: str | None = None,
        retry_after: float | None = None,
        inputs: str | None = None,
    ) -> None:
        query = "SELECT state, reason, retry_after, inputs FROM resource WHERE id = %s"
        values = (state.value, row_of(reason), retry_after, inputs)
        if self._session.rows(query, resource_id) == [values]:
            return
        with self._change():
            self._session.run(
                "UPDATE resource SET state = %s, reason = %s, retry_after = %s, inputs = %s WHERE id = %s",
                *values,
                resource_id,
            )

    def put_setting(self, name: str, value: str | None) -> None:
        if self.setting(name) == value:
            return
        with self._change():
            if value is None:
                self._session.run("DELETE FROM setting WHERE name = %s", name)
            else:  # another builder may be at it
                self._session.run(
                    "INSERT INTO setting VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    name,
                    value,
                )

    def keep_translations(self, dictionaries: Translations) -> None:
        if transcripts.translations_are_stale(self._session, dictionaries):
            with self._change():
                transcripts.refresh_translations(self._session, dictionaries)

    def _set_indexed(self, resource_id: str, inputs: str, details: Details) -> None:
        self._session.run(
            """UPDATE resource SET state = %s, reason = NULL, retry_after = NULL, inputs = %s, details = %s
               WHERE id = %s""",
            State.INDEXED.value,
            inputs,
            details_text(details),
            resource_id,
        )
        transcripts.update_titles(self._session, [resource_id])

    # Another model

    def successor(self, card: ModelCard, say: Callable[[str], None]) -> SuccessorLibrary:
        successor.check_place(self._session)
        unfinished = self.unfinished_successor()
        if unfinished and unfinished != card:
            say(f"what was embedded again for the model {unfinished.name} is dropped: {card.name} starts anew")
            self.discard_successor()
        writer = PostgresWriter.acquire(successor.address_of(self.address), card, sequences=self.address.library)
        return SuccessorLibrary(self, self.editions, writer)

    def editions(self) -> dict[str, str]:
        """The edition of each resource's transcripts, which changes when they are stored again: ids aren't reused."""
        return dict(
            self._session.rows(
                """SELECT resource_id, string_agg(id::text, ' ' ORDER BY id) FROM transcript
                   GROUP BY resource_id ORDER BY min(id)"""
            )
        )

    def succeed(self, successor_: Successor) -> None:
        card = successor_.writer.card
        with self._change():
            successor.take_over(self._session, card)
        self._card = card

    def unfinished_successor(self) -> ModelCard | None:
        return successor.model_of(self._session)

    def discard_successor(self) -> None:
        successor.discard(self._session)


def lock(session: Session, *, shared: bool = False, in_transaction: bool = False) -> None:
    """Lock the library against other writers until the connection or the transaction ends; raises LibraryError.

    Shared locks only exclude exclusive ones.
    """
    if session.rows("SELECT current_setting('transaction_read_only')::bool") == [(True,)]:
        raise read_only(session.address)
    name = f"pg_try_advisory{'_xact' if in_transaction else ''}_lock{'_shared' if shared else ''}"
    if session.rows(f"SELECT {name}(hashtextextended(%s, 0))", session.address.library) != [(True,)]:
        raise LockedLibrary(
            f"the library {session.address} is being written by another process: try again when it's done"
        )


def _renamed(
    before: Mapping[tuple[str, str], tuple[int, str]], now: Mapping[tuple[str, str], tuple[int, str]]
) -> set[str]:
    """The ids of the resources whose titles differ between two states of a list: (id, path) to (position, title)."""
    old, new = ({(key[0], title) for key, (_, title) in rows.items()} for rows in (before, now))
    return {resource_id for resource_id, _ in old ^ new}
