"""Keeping the indexes and the manifest up to date with the database.

A kill at any point loses nothing that was committed: it is all in the database, and readers look through chunks that no
index covers by themselves. The next writer seals what a killed one left unsealed.

The manifest's record of the database is taken out and put in only within a write transaction, so that a keeper, which
works beside the one writer (kept.py), never leaves a record of what it has changed.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from seekpoint.files import scratch
from seekpoint.index.embedded import database, reembedding
from seekpoint.index.embedded.database import content_errors, library_errors, transaction
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest

# The most chunks that no index covers in a long build, since readers look through them one by one.
_MOST_UNSEALED = 4096
# The files that builds replace, and what killed ones leave of new files.
_REPLACED = ("vectors-*.faiss", "words-*", ".*.new")
# Milliseconds to wait for readers before the checkpoint. A question ends by then; the reader of a server stays open.
_MOST_WAIT_FOR_READERS = 1000


class Maintenance:
    """Writes indexes and saves the manifest for the one writer of a library.

    `manifest` is the current one. `writes_indexes` is false for a library that nobody searches.
    """

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, manifest: Manifest, *, writes_indexes: bool = True
    ) -> None:
        self.manifest = manifest
        self._folder = folder
        self._connection = connection
        self._writes_indexes = writes_indexes
        self._unsealed = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in one transaction, which is faster than one for each change."""
        with library_errors(self._folder), transaction(self._connection):
            yield

    @contextmanager
    def change(self) -> Iterator[None]:
        """Run the block in the open transaction, or else in a new one, after marking the library as unsealed."""
        if not self._connection.in_transaction:
            with self.transaction(), self.change():
                yield
            return
        if self.manifest.database:
            self.save(self.manifest.unsealed())
        yield

    def save(self, manifest: Manifest) -> None:
        """Replace the manifest."""
        with library_errors(self._folder):
            manifest.save(self._folder)
        self.manifest = manifest

    def after_commit(self, chunks: int) -> None:
        """Write the indexes when a long build has committed many chunks that they lack."""
        self._unsealed += chunks
        if self._unsealed > _MOST_UNSEALED:
            self.write_indexes()

    def seal(self) -> None:
        """Bring the indexes and the manifest up to date, if the database has changed, and delete old files."""
        if not self.manifest.database:
            self._bring_up_to_date()
        self._clear_old_files()

    def write_indexes(self, progress: Callable[[int], None] = lambda chunks: None) -> None:
        """Write the indexes that are due, and name them in the manifest.

        `progress` is told of each index how many chunks were written to it since the last call.
        """
        self._unsealed = 0
        if not self._writes_indexes:
            return
        from seekpoint.index.embedded.holdings import Holdings
        from seekpoint.index.embedded.vectors import language_sums, sealing
        from seekpoint.index.embedded.words import sealing as words_sealing

        with content_errors(self._folder):
            holdings = Holdings.stored(self._connection)
            self.manifest = reembedding.with_current_model(self.manifest, self._connection)
            means = language_sums.means(self._connection, self.manifest.model).chunks
            sealed = sealing.seal(self._folder, self._connection, self.manifest, holdings, means, progress)
            sealed = words_sealing.seal(self._folder, self._connection, sealed, holdings, progress)
        if sealed != self.manifest:
            self.save(sealed)
            self._clear_old_files()

    def _bring_up_to_date(self) -> None:
        self.write_indexes()
        with library_errors(self._folder):
            self._connection.execute(f"PRAGMA busy_timeout = {_MOST_WAIT_FOR_READERS}")
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            with transaction(self._connection):  # a keeper waits until the record is saved, and takes it out again
                # Else a reader holds an older snapshot, or a keeper was quicker: a later checkpoint changes the file.
                if not busy and not database.has_journal(self._folder):
                    record = FileRecord.of_database(self._folder / database.FILE)
                    self.save(replace(self.manifest, database=record))
        self._connection.close()

    def _clear_old_files(self) -> None:
        current = {segment.file.name for segment in self.manifest.segments}
        current |= {self.manifest.words.folder} if self.manifest.words else set()
        current.add(scratch(MANIFEST))  # a keeper may be writing it, and the next one who saves replaces it
        for path in [one for pattern in _REPLACED for one in self._folder.glob(pattern)]:
            if path.name not in current:
                with suppress(OSError):  # Windows refuses to delete a file that is open; the next build tries again
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
