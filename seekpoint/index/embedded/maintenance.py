"""Keeping a library's files up to its database: segments of words and of vectors, the manifest, and what is left over.

A kill at any point leaves what was committed: the database has all of it, and readers search beside the vector files
what these lack. The next writer seals what a killed one left open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from seekpoint.index.embedded import database, succession
from seekpoint.index.embedded.database import damaged, explained, transaction
from seekpoint.index.embedded.library import Library
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest
from seekpoint.index.embedded.transcripts import EmbeddedTranscript
from seekpoint.index.errors import LibraryError

if TYPE_CHECKING:
    from filelock import FileLock

    from seekpoint.index.embedded.chunk_ranges import Ranges
    from seekpoint.index.embedded.holdings import Holdings

# Chunks that no vector file has before a long build writes one: readers compare them one by one.
_MOST_UNSEALED = 4096
# Each commit brings its words as a segment of its own, and a question looks into each of them.
_MOST_SMALL_SEGMENTS = 32
# Milliseconds: long enough for a question to end, and a server's reader never does.
_MOST_WAIT_FOR_READERS = 1000


class Upkeep(Library):
    """A library that is being changed, under a lock that keeps others from it; it's sealed at the end."""

    _lock: FileLock
    _added = 0
    _unsealed = 0
    _commits = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._seal()
        except LibraryError:
            if error is None:  # else the first one tells more
                raise
        finally:
            self._connection.close()
            self._lock.release()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make all changes of the block, or none: one transaction is quicker than a thousand."""
        with explained(self.folder), transaction(self._connection):
            yield

    @contextmanager
    def _change(self) -> Iterator[None]:
        if self._manifest.database:
            self._save(self._manifest.opened())
        if self._connection.in_transaction:
            yield
        else:
            with self.together():
                yield

    def _save(self, manifest: Manifest) -> None:
        with explained(self.folder):
            manifest.save(self.folder)
        self._manifest = manifest

    def _keep_up(self, transcripts: Sequence[EmbeddedTranscript]) -> None:
        """Keep a long build's segments few, and what no vector file has."""
        added = sum(len(one.chunks) for one in transcripts)
        self._added += added
        self._unsealed += added
        self._commits += 1
        if self._unsealed > _MOST_UNSEALED or self._commits > _MOST_SMALL_SEGMENTS:
            holdings = self._read_holdings()
            self._merge(holdings.alive)
            if self._unsealed > _MOST_UNSEALED:
                self._write_vectors(holdings)

    def _merge(self, alive: Ranges, added: int = 0) -> None:
        """Merge the segments of words as far as it pays; at the end of a build that `added` so many chunks, further."""
        from seekpoint.index.embedded.words import segments

        try:
            with self._change():
                segments.tend(self._connection, alive, added)
        except ValueError as error:
            raise damaged(self.folder, f"in {database.FILE}, {error}") from error
        self._commits = 0

    def _write_vectors(self, holdings: Holdings) -> None:
        from seekpoint.index.embedded.vectors import sealing

        with explained(self.folder):
            self._manifest = succession.settled(self._manifest, self._connection)
            means = self._read_means().chunks
            written = sealing.seal(self.folder, self._connection, self._manifest, holdings, means)
        if written != self._manifest:
            self._save(written)
            self._clear_old_files()
        self._unsealed = 0

    def _seal(self) -> None:
        """Bring the vector files and the manifest up to the database; nothing where nothing changed."""
        if not self._manifest.database:
            self._bring_up_to_date()
        self._clear_old_files()

    def _bring_up_to_date(self) -> None:
        holdings = self._read_holdings()
        self._merge(holdings.alive, self._added)
        self._write_vectors(holdings)
        self._query(f"PRAGMA busy_timeout = {_MOST_WAIT_FOR_READERS}")
        (busy, _, _) = self._query("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        self._connection.close()
        if not busy:  # else a reader holds on to an older state, and the file will still change
            with explained(self.folder):
                record = FileRecord.of_changing(self.folder / database.FILE)
            self._save(replace(self._manifest, database=record))

    def _clear_old_files(self) -> None:
        current = {segment.file.name for segment in self._manifest.segments}
        killed = (path for name in ("vectors-*.faiss", MANIFEST) for path in self.folder.glob(f".{name}.new"))
        for path in [*killed, *self.folder.glob("vectors-*.faiss")]:
            if path.name not in current:
                with suppress(OSError):  # Windows keeps what a reader has open; the next build tries again
                    path.unlink()
