"""Keeping a library's files up to date with its database: segments, vector files, the manifest.

A kill at any point leaves what was committed: the database has all of it, and readers compare one by one what the
vector files lack. The next writer seals what a killed one left open.
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

# Chunks that no vector file has before a long build writes one: readers compare them one by one.
_MOST_UNSEALED = 4096
# Each commit adds a segment of posting lists, and a question looks into each of them.
_MOST_SMALL_SEGMENTS = 32
# Milliseconds: long enough for a question to end. A server's reader never does.
_MOST_WAIT_FOR_READERS = 1000


class Maintenance:
    """The upkeep of a library that one writer changes; `manifest` is the present one.

    Without `writes_vectors` no vector files are written: nobody asks the library.
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
        """Make all changes of the block, or none: one transaction is quicker than a thousand."""
        with library_errors(self._folder), transaction(self._connection):
            yield

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change the database, in the transaction that is open or in one of its own."""
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
        """Keep a long build's segments few, and the chunks that no vector file has."""
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
        """Bring the vector files and the manifest up to date with the database; nothing where nothing changed."""
        if not self.manifest.database:
            self._bring_up_to_date()
        self._clear_old_files()

    def _holdings(self) -> Holdings:
        from seekpoint.index.embedded.holdings import Holdings

        with library_errors(self._folder):
            return Holdings.stored(self._connection)

    def _merge(self, alive: Ranges, added: int = 0) -> None:
        """Merge the segments of posting lists that are due; `added` is given at the end of a build, to merge more."""
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
            written = sealing.seal(self._folder, self._connection, self.manifest, holdings, means)
        if written != self.manifest:
            self.save(written)
            self._clear_old_files()

    def _bring_up_to_date(self) -> None:
        holdings = self._holdings()
        self._merge(holdings.alive, self._added)
        self._write_vectors(holdings)
        with library_errors(self._folder):
            self._connection.execute(f"PRAGMA busy_timeout = {_MOST_WAIT_FOR_READERS}")
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.close()
        if not busy:  # else a reader holds an older state, and the file will still change
            with library_errors(self._folder):
                record = FileRecord.of_database(self._folder / database.FILE)
            self.save(replace(self.manifest, database=record))

    def _clear_old_files(self) -> None:
        current = {segment.file.name for segment in self.manifest.segments}
        killed = (path for name in ("vectors-*.faiss", MANIFEST) for path in self._folder.glob(f".{name}.new"))
        for path in [*killed, *self._folder.glob("vectors-*.faiss")]:
            if path.name not in current:
                with suppress(OSError):  # Windows keeps what a reader has open; the next build tries again
                    path.unlink()
