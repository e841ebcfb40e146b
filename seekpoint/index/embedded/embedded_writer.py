"""A library in a folder, open for changes: one writer at a time, and one transaction for each resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seekpoint.index.embedded import database, maintenance, stored_transcripts
from seekpoint.index.embedded.damage import Mended
from seekpoint.index.embedded.database import library_errors, transaction
from seekpoint.index.embedded.embedded_reader import EmbeddedLibrary, EmbeddedReader
from seekpoint.index.embedded.maintenance import Maintenance, open_locked
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import SUCCESSOR, Manifest
from seekpoint.index.errors import DamagedLibrary, LibraryError
from seekpoint.index.sql.catalogue import Catalogue
from seekpoint.index.sql.changes import Changes, MomentKeeper, succession
from seekpoint.index.sql.passages import Passages
from seekpoint.index.sql.port import decoding
from seekpoint.index.sql.transcripts import TranscriptRows
from seekpoint.index.store import Closing, Successor
from seekpoint.index.types import Details, EmbeddedTranscript, Kind, Known, ModelCard, Transcript

if TYPE_CHECKING:
    import sqlite3

    from filelock import FileLock


class EmbeddedWriter(EmbeddedLibrary, Passages, Catalogue, Changes, Closing):
    """A library in a folder, open for changes; `store.Writer` documents the methods."""

    db: database.SqliteDatabase

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
        self._maintenance = Maintenance(folder, connection, manifest, writes_indexes)

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
        self._maintenance.write_indexes(progress)

    def mend(self, embed: Callable[[str, Transcript], EmbeddedTranscript]) -> Sequence[str]:
        if self._mended is None:
            return ()
        (derived, given_up), standings = self._mended, self.standings()
        for resource_id in derived:
            embedded = [embed(resource_id, transcript) for transcript in self.transcripts(resource_id)]
            [status] = self.statuses([resource_id])
            self.commit(resource_id, embedded, status.details, standings[resource_id].inputs or "")
        self.verify()
        (self._folder / database.DAMAGE_MARK).unlink(missing_ok=True)
        return given_up

    def known(self, resource_id: str) -> Known:
        with library_errors(self._folder):
            return stored_transcripts.known(self.db, resource_id, self.card)

    def _change(self) -> AbstractContextManager[None]:
        return self._maintenance.change()

    @decoding
    def _forget(self, resource_id: str) -> None:
        stored_transcripts.remove(self.db, resource_id, self.card)

    def _insert(self, rows: TranscriptRows, card: ModelCard) -> None:
        stored_transcripts.insert(self.db, rows, card)

    def commit(
        self,
        resource_id: str,
        transcripts: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        super().commit(resource_id, transcripts, details, inputs, kind)
        self._maintenance.after_commit(sum(len(embedded.chunks) for embedded in transcripts))

    @contextmanager
    def successor(self, card: ModelCard, say: Callable[[str], None]) -> Iterator[Successor]:
        folder, unfinished = self._folder / SUCCESSOR, self._successor_model()
        if unfinished and unfinished != card:
            say(f"what was embedded again for the model {unfinished.name} is dropped: {card.name} starts anew")
            self._discard_successor()
        try:
            acquired = EmbeddedWriter.acquire(folder, card, writes_indexes=False)
        except DamagedLibrary:
            say(f"what was embedded again in {folder} is damaged and dropped: {card.name} starts anew")
            self._discard_successor()
            acquired = EmbeddedWriter.acquire(folder, card, writes_indexes=False)
        with acquired as writer:
            # An edition changes when transcripts are stored again: it contains chunk ids, which are never reused.
            editions: dict[str, list[tuple[float, ...]]] = {}
            query = "SELECT resource_id, first_chunk, chunks, seconds FROM transcript ORDER BY first_chunk"
            for resource_id, *edition in self.db.rows(query):
                editions.setdefault(resource_id, []).append(tuple(edition))
            yield succession(self, {key: json.dumps(edition) for key, edition in editions.items()}, writer)

    def succeed(self, successor: Successor | None) -> None:
        from seekpoint.index.embedded.damage import check_rows

        if successor is None:
            self._discard_successor()
            return
        check_rows(self._folder, self._connection)
        try:
            with EmbeddedReader.open(self._folder / SUCCESSOR) as reader:
                reader.verify()
        except DamagedLibrary:
            self._discard_successor()
            raise
        with EmbeddedReader.open(self._folder / SUCCESSOR) as reader, self._change():
            self._take_over(reader, reader.card)
            database.set_stored_model(self._connection, reader.card)
        self._maintenance.write_indexes()
        self._discard_successor()

    def unfinished_successor(self) -> ModelCard | None:
        unfinished = self._successor_model()
        if unfinished != self.card:
            return unfinished
        self._discard_successor()  # it has taken over, but the process was killed before deleting it
        return None

    def _successor_model(self) -> ModelCard | None:
        with suppress(LibraryError, OSError):
            return Manifest.load(self._folder / SUCCESSOR).model
        return None

    def _discard_successor(self) -> None:
        """Delete the successor, if there is one: its manifest last, by which it is recognised after a kill."""
        folder = self._folder / SUCCESSOR
        with library_errors(self._folder):
            if folder.is_dir():
                for path in sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST):
                    path.unlink()
                folder.rmdir()


def open_keeper(folder: Path) -> MomentKeeper:
    """Open a library for changes of what is kept; raises LibraryError, also for one in which damage was found.

    A keeper doesn't take the writer's lock, since a build may hold that for hours. SQLite's lock is enough: a change is
    one short transaction, and in it the manifest's record of the database is taken out, as a writer does.
    """
    with library_errors(folder):
        Manifest.load(folder)
        database.check_exists(folder)
    if (folder / database.DAMAGE_MARK).exists():  # mending may replace the whole database
        raise LibraryError(f"the library {folder} is damaged, so nothing can be kept. {database.BUILD_MENDS}")
    connection = database.connect(folder, writable=True)

    @contextmanager
    def change() -> Iterator[None]:
        with library_errors(folder), transaction(connection):
            manifest = Manifest.load(folder)
            if manifest.database:
                manifest.unsealed().save(folder)
            yield

    return MomentKeeper(database.SqliteDatabase(folder, connection), change, connection.close)
