"""Keeping posting segments, vector files and the manifest up to date with the database.

A kill at any point loses nothing that was committed: it is all in the database, and readers compare chunks that no
vector file covers one by one. The next writer seals what a killed one left unsealed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.index.embedded import database, reembedding
from seekpoint.index.embedded.database import damaged, library_errors, transaction
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest

if TYPE_CHECKING:
    from seekpoint.index.embedded.chunk_ranges import Ranges
    from seekpoint.index.embedded.holdings import Holdings

# The most chunks without a vector file in a long build, since readers compare these one by one.
_MOST_UNSEALED = 4096
# The most commits between merges: each adds a segment of posting lists, and a question looks into each segment.
_MOST_SMALL_SEGMENTS = 32
# Milliseconds to wait for readers before the checkpoint. A question ends by then; the reader of a server stays open.
_MOST_WAIT_FOR_READERS = 1000


class Maintenance:
    """Merges segments, writes vector files and saves the manifest for the one writer of a library.

    `manifest` is the current one. `writes_vectors` is false for a library that nobody searches.
    """

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, manifest: Manifest, *, writes_vectors: bool = True
    ) -> None:
        self.manifest = manifest
        self._folder = folder
        self._connection = connection
        self._writes_vectors = writes_vectors
        self._added = 0
        self._unsealed = 0
        self._commits = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in one transaction, which is faster than one for each change."""
        with library_errors(self._folder), transaction(self._connection):
            yield

    @contextmanager
    def change(self) -> Iterator[None]:
        """Run the block in the open transaction, or else in a new one, after marking the library as unsealed."""
        if self.manifest.database:
            self.save(self.manifest.unsealed())
        if self._connection.in_transaction:
            yield
        else:
            with self.transaction():
                yield

    def save(self, manifest: Manifest) -> None:
        """Replace the manifest."""
        with library_errors(self._folder):
            manifest.save(self._folder)
        self.manifest = manifest

    def after_commit(self, chunks: int) -> None:
        """Merge segments and write vector files when a long build has made many small segments or unsealed chunks."""
        self._added += chunks
        self._unsealed += chunks
        self._commits += 1
        if self._unsealed > _MOST_UNSEALED or self._commits > _MOST_SMALL_SEGMENTS:
            holdings = self._holdings()
            self._merge(holdings.alive)
            if self._unsealed > _MOST_UNSEALED:
                self._write_vectors(holdings)

    def write_vectors(self) -> None:
        """Write the vector files that are due."""
        self._write_vectors(self._holdings())

    def seal(self) -> None:
        """Bring the vector files and the manifest up to date, if the database has changed, and delete old files."""
        if not self.manifest.database:
            self._bring_up_to_date()
        self._clear_old_files()

    def _holdings(self) -> Holdings:
        from seekpoint.index.embedded.holdings import Holdings

        with library_errors(self._folder):
            return Holdings.stored(self._connection)

    def _merge(self, alive: Ranges, added: int = 0) -> None:
        """Merge the posting segments that are due; `added`, the chunks of the whole build, is given at its end."""
        from seekpoint.index.embedded.words import segments

        try:
            with self.change():
                segments.merge_due(self._connection, alive, added)
        except ValueError as error:
            raise damaged(self._folder, f"in {database.FILE}, {error}") from error
        self._commits = 0

    def _write_vectors(self, holdings: Holdings) -> None:
        self._unsealed = 0
        if not self._writes_vectors:
            return
        from seekpoint.index.embedded.vectors import language_sums, sealing

        with library_errors(self._folder):
            self.manifest = reembedding.with_current_model(self.manifest, self._connection)
            means = language_sums.means(self._connection, self.manifest.model.name).chunks
            sealed = sealing.seal(self._folder, self._connection, self.manifest, holdings, means)
        if sealed != self.manifest:
            self.save(sealed)
            self._clear_old_files()

    def _bring_up_to_date(self) -> None:
        holdings = self._holdings()
        self._merge(holdings.alive, self._added)
        self._write_vectors(holdings)
        with library_errors(self._folder):
            self._connection.execute(f"PRAGMA busy_timeout = {_MOST_WAIT_FOR_READERS}")
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.close()
        if not busy:  # else a reader holds an older snapshot, and a later checkpoint will still change the file
            with library_errors(self._folder):
                record = FileRecord.of_database(self._folder / database.FILE)
            self.save(replace(self.manifest, database=record))

    def _clear_old_files(self) -> None:
        current = {segment.file.name for segment in self.manifest.segments}
        unfinished = (path for name in ("vectors-*.faiss", MANIFEST) for path in self._folder.glob(f".{name}.new"))
        for path in [*unfinished, *self._folder.glob("vectors-*.faiss")]:
            if path.name not in current:
                with suppress(OSError):  # Windows refuses to delete a file that is open; the next build tries again
                    path.unlink()
