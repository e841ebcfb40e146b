"""A library in a folder, open for changes: one writer at a time, and one transaction for each resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seekpoint.index.embedded import database, maintenance, stored_transcripts, successor_folder
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.maintenance import Maintenance, open_locked
from seekpoint.index.embedded.successor_folder import acquire_writer
from seekpoint.index.errors import DamagedLibrary, LibraryError
from seekpoint.index.sql.catalogue import Changes, succession
from seekpoint.index.sql.names import refresh_translations
from seekpoint.index.store import Successor
from seekpoint.index.types import (
    Details,
    Dictionaries,
    EmbeddedTranscript,
    Kind,
    Known,
    ModelCard,
    NamedBy,
    Playlist,
    Resource,
    State,
    Transcript,
)

if TYPE_CHECKING:
    import sqlite3

    from filelock import FileLock

    from seekpoint.index.embedded.damage import Mended
    from seekpoint.index.embedded.manifest import Manifest


class EmbeddedWriter(EmbeddedReader):
    """A library in a folder, open for changes; `store.Writer` documents the methods."""

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        manifest: Manifest,
        mended: Mended | None,
        file_lock: FileLock,
        *,
        writes_indexes: bool,
    ) -> None:
        super().__init__(folder, connection, manifest)
        self._lock = file_lock
        self._mended = mended
        self._maintenance = Maintenance(folder, connection, manifest, writes_indexes=writes_indexes)
        self._changes = Changes(self._db, self._maintenance.change, self._forget)

    @classmethod
    def acquire(
        cls,
        folder: Path,
        card: ModelCard | None = None,
        *,
        say: Callable[[str], None] | None = None,
        writes_indexes: bool = True,
    ) -> Self:
        """Lock a library and open it for changes; with a card, create it if there is none. Raises LibraryError.

        With `say`, a damaged library is opened too, and `say` is told what is lost; `mend` is to follow.
        `writes_indexes` is false for a library that nobody searches, such as a successor.
        """
        file_lock = maintenance.acquire(folder, create=card is not None, mends=say is not None)
        try:
            with library_errors(folder):
                return cls(folder, *open_locked(folder, card, say), file_lock, writes_indexes=writes_indexes)
        except BaseException:
            file_lock.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._maintenance.seal()
        except LibraryError:
            if error is None:  # else the error of the block tells the user more
                raise
        finally:
            self._connection.close()
            self._lock.release()

    @property
    def card(self) -> ModelCard:
        return self._maintenance.manifest.model

    def verify(self) -> None:
        from seekpoint.index.embedded.damage import verify

        verify(self._folder, self._connection, self._maintenance.manifest)

    def transaction(self) -> AbstractContextManager[None]:
        return self._maintenance.transaction()

    def write_indexes(self, progress: Callable[[int], None]) -> None:
        """Write the indexes that are due; `progress` is told how many chunks were written since the last call."""
        self._maintenance.write_indexes(progress)

    def mend(self, embed: Callable[[str, Transcript], EmbeddedTranscript]) -> Sequence[str]:
        if self._mended is None:
            return ()
        standings = self.standings()
        for resource_id in self._mended.derived:
            embedded = [embed(resource_id, transcript) for transcript in self.transcripts(resource_id)]
            [status] = self.statuses([resource_id])
            self.commit(resource_id, embedded, status.details, standings[resource_id].inputs or "")
        self.verify()
        (self._folder / database.DAMAGE_MARK).unlink(missing_ok=True)
        return self._mended.given_up

    # The lists

    def register(self, source: str, resources: Sequence[Resource], named_by: NamedBy = NamedBy.OWNER) -> None:
        self._changes.register(source, resources, named_by)

    def keep_playlist(self, playlist_id: str, playlist: Playlist) -> None:
        self._changes.keep_playlist(playlist_id, playlist)

    def remove(self, ids: Collection[str] = (), unlisted_by: Collection[str] = ()) -> int:
        return self._changes.remove(ids, unlisted_by)

    def move(self, resource_id: str, target: Resource) -> None:
        self._changes.move(resource_id, target)

    def _forget(self, resource_id: str) -> None:
        stored_transcripts.remove(self._connection, resource_id, self.card)

    # The resources

    def known(self, resource_id: str) -> Known:
        from seekpoint.index.embedded import pieces

        with library_errors(self._folder):
            return Known(
                stored_transcripts.known_vectors(self._connection, resource_id, self.card.dimension),
                pieces.known_pieces(self._connection, resource_id, self.card),
            )

    def commit(
        self,
        resource_id: str,
        transcripts: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        with self._maintenance.change():
            self._forget(resource_id)
            for embedded in transcripts:
                stored_transcripts.insert(self._connection, resource_id, embedded, details.chapters, self.card)
            self._changes.set_indexed(resource_id, inputs, details, kind)
        self._maintenance.after_commit(sum(len(embedded.chunks) for embedded in transcripts))

    def set_state(
        self,
        resource_id: str,
        state: State,
        *,
        reason: str | None = None,
        retry_after: float | None = None,
        inputs: str | None = None,
    ) -> None:
        self._changes.set_state(resource_id, state, reason, retry_after, inputs)

    def put_settings(self, **settings: object) -> None:
        self._changes.put_settings(settings)

    def keep_translations(self, version: str, dictionaries: Dictionaries) -> None:
        [(last,)] = self._db.rows("SELECT coalesce(max(first_chunk), 0) FROM transcript")
        refresh_translations(self._db, version, dictionaries, last, self._maintenance.change)

    # Another model

    @contextmanager
    def successor(self, card: ModelCard, say: Callable[[str], None]) -> Iterator[Successor]:
        acquire = partial(EmbeddedWriter.acquire, writes_indexes=False)
        with acquire_writer(self._folder, card, say, acquire) as writer:
            # An edition changes when transcripts are stored again: it contains chunk ids, which are never reused.
            rows = self._db.rows(
                "SELECT resource_id, first_chunk, chunks, seconds FROM transcript ORDER BY first_chunk"
            )
            editions: dict[str, list[tuple[float, ...]]] = {}
            for resource_id, *edition in rows:
                editions.setdefault(resource_id, []).append(tuple(edition))
            yield succession(self, {key: json.dumps(edition) for key, edition in editions.items()}, writer)

    def succeed(self, successor: Successor | None) -> None:
        from seekpoint.index.embedded.damage import check_rows

        if successor is None:
            successor_folder.discard(self._folder)
            return
        check_rows(self._folder, self._connection)
        folder = successor_folder.successor_of(self._folder)
        try:
            with EmbeddedReader.open(folder) as reader:
                reader.verify()
        except DamagedLibrary:
            successor_folder.discard(self._folder)
            raise
        with library_errors(self._folder):
            self._connection.execute("ATTACH ? AS successor", (str(folder / database.FILE),))
            try:
                with self._maintenance.change():
                    successor_folder.take_over(self._connection, successor.writer.card)
            finally:
                self._connection.execute("DETACH successor")
        self._maintenance.write_indexes()
        successor_folder.discard(self._folder)

    def unfinished_successor(self) -> ModelCard | None:
        unfinished = successor_folder.unfinished_model(self._folder)
        if unfinished != self.card:
            return unfinished
        successor_folder.discard(self._folder)  # it has taken over, but the process was killed before deleting it
        return None
