"""Keeping the indexes and the manifest up to date with the database.

A kill at any point loses nothing that was committed: it is all in the database, and readers look through chunks that no
index covers by themselves. The next writer seals what a killed one left unsealed.

The manifest's record of the database is taken out and put in only within a write transaction, so that a keeper, which
works beside the one writer (embedded_writer.py), never leaves a record of what it has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from seekpoint.files import scratch
from seekpoint.index.address import check_not_a_file
from seekpoint.index.embedded import damage, database, staging
from seekpoint.index.embedded.database import content_errors, library_errors, transaction
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest, WordsRecord, holds_other_files
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary
from seekpoint.index.types import ModelCard

# The most chunks that no index covers in a long build, since readers look through them one by one.
_MOST_UNSEALED = 4096
# The files that builds replace, and what killed ones leave of new files.
_REPLACED = ("vectors-*.faiss", "words-*", ".*.new")
# Milliseconds to wait for readers before the checkpoint. One who reads for longer, as a server or a first question
# does, leaves the journal to a later checkpoint.
_MOST_WAIT_FOR_READERS = 200


@dataclass(eq=False)
class Maintenance:
    """Writes indexes and saves the manifest for the one writer of a library.

    `manifest` is the current one. `_writes_indexes` is false for a library that nobody searches.
    """

    _folder: Path
    _connection: sqlite3.Connection
    manifest: Manifest
    _writes_indexes: bool
    _unsealed: int = 0
    _words_before: WordsRecord | None = None

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
        if self.manifest != self.manifest.in_progress():
            self._words_before = self.manifest.words
            self.save(self.manifest.in_progress())
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
            self.write_indexes()
            with library_errors(self._folder):
                self._connection.execute(f"PRAGMA busy_timeout = {_MOST_WAIT_FOR_READERS}")
                (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                with transaction(self._connection):  # a keeper waits until the record is saved, and takes it out again
                    manifest, words = self.manifest, self.manifest.words
                    if words and not words.files:
                        from seekpoint.index.embedded.word_search import recorded

                        manifest = replace(manifest, words=recorded(self._folder, words, self._words_before))
                    # Else a reader holds an older snapshot, or a keeper was quicker: a later checkpoint changes the
                    # file.
                    if not busy and not database.has_journal(self._folder):
                        record = FileRecord.of_database(self._folder / database.FILE)
                        manifest = replace(manifest, database=record)
                    if manifest != self.manifest:
                        self.save(manifest)
            self._connection.close()
        self._clear_old_files()

    def write_indexes(self, progress: Callable[[int], None] = lambda chunks: None) -> None:
        """Write the indexes that are due, and name them in the manifest.

        `progress` is told of each index how many chunks were written to it since the last call.
        """
        self._unsealed = 0
        if not self._writes_indexes:
            return
        from seekpoint.index.embedded import stored_transcripts, vectors, word_search
        from seekpoint.index.embedded.chunk_ranges import Holdings

        with content_errors(self._folder):
            holdings = Holdings.stored(self._connection)
            self.manifest = self.manifest.with_current_model(self._connection)
            means = stored_transcripts.language_means(self._connection, self.manifest.model).chunks
            sealed = vectors.seal(self._folder, self._connection, self.manifest, holdings, means, progress)
            sealed = word_search.seal(self._folder, self._connection, sealed, holdings, progress)
        if sealed != self.manifest:
            self.save(sealed)
            self._clear_old_files()

    def _clear_old_files(self) -> None:
        current = {segment.file.name for segment in self.manifest.segments}
        current |= {self.manifest.words.folder} if self.manifest.words else set()
        current.add(scratch(MANIFEST))  # a keeper may be writing it, and the next one who saves replaces it
        for path in [path for pattern in _REPLACED for path in self._folder.glob(pattern)]:
            if path.name not in current:
                with suppress(OSError):  # Windows refuses to delete a file that is open; the next build tries again
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def open_locked(
    folder: Path, card: ModelCard | None, say: Callable[[str], None] | None
) -> tuple[sqlite3.Connection, Manifest, damage.Mended | None]:
    """Open a library; with a card, create it if there is none. Raises LibraryError.

    With `say`, a damaged library is mended, and `say` is told what is lost; the last value is what is left to mend.
    """
    is_new = card is not None and not (folder / MANIFEST).exists()
    loaded = None if is_new else load(folder, mends=say is not None)
    stored = loaded and with_checked_database(folder, loaded, mends=say is not None)
    intact = stored and _without_damaged_indexes(folder, stored)
    connection = database.connect(folder, writable=True)
    try:
        with content_errors(folder):
            is_damaged = say is not None and (folder / database.DAMAGE_MARK).exists()
            if is_damaged:
                damage.make_readable(folder, connection)
            manifest = intact or _from_database(folder, connection, card, is_damaged=is_damaged)
            mended = damage.mend(folder, connection, manifest, say) if say and is_damaged else None
            manifest = manifest.with_current_model(connection)
            if say and intact != stored:
                say("an index was damaged and is made again")
            if is_damaged or intact != stored or not stored:
                manifest = manifest.in_progress()
                with database.transaction(connection):
                    manifest.save(folder)
    except BaseException:
        connection.close()
        raise
    return connection, manifest, mended


def with_checked_database(folder: Path, manifest: Manifest, *, mends: bool) -> Manifest:
    """The manifest, without its record of the database if a keeper has taken that out meanwhile.

    Raises DamagedLibrary if the database isn't the file that was written, unless `mends`.
    """
    database.check_exists(folder)
    if not manifest.database:
        return manifest
    try:
        with content_errors(folder):
            try:
                manifest.database.check(folder)
            except DamagedLibrary:
                if Manifest.load(folder).database:
                    raise
                return manifest.unsealed()  # a keeper has just changed both
    except DamagedLibrary:
        if not mends:
            raise
        path = folder / database.FILE
        os.truncate(path, max(path.stat().st_size, manifest.database.size))  # SQLite opens none that is cut off
    return manifest


def _without_damaged_indexes(folder: Path, manifest: Manifest) -> Manifest:
    """The manifest without damaged indexes, which are made again from the database."""
    reads_all = (folder / database.DAMAGE_MARK).exists()

    def are_intact(*files: FileRecord) -> bool:
        try:
            for file in files:
                file.check(folder, reads_all=reads_all)
        except DamagedLibrary:
            return False
        return True

    words = manifest.words if manifest.words and are_intact(*manifest.words.files) else None
    if reads_all and words and not words.files:  # it can't be told whether it is damaged
        words = None
    segments = tuple(segment for segment in manifest.segments if are_intact(segment.file))
    return replace(manifest, segments=segments, words=words)


def _from_database(
    folder: Path, connection: sqlite3.Connection, card: ModelCard | None, *, is_damaged: bool
) -> Manifest:
    """A manifest without indexes: with the model that the database names, or with `card` for a new library."""
    if card and not connection.execute("SELECT 1 FROM resource LIMIT 1").fetchone():
        with database.transaction(connection):
            database.set_stored_model(connection, card)
    else:
        card = None
        with suppress(sqlite3.DatabaseError) if is_damaged else nullcontext():
            card = database.stored_model(connection)
    if card is None:
        raise database.damaged(folder, f"{MANIFEST} and the model are lost", database.START_AGAIN)
    numbers = (int(number) for path in folder.iterdir() for number in re.findall(r"^vectors-(\d+)", path.name))
    return Manifest(card, numbered=max(numbers, default=0))


def acquire(folder: Path, *, create: bool, mends: bool = False) -> FileLock:
    """Lock a library's folder, which may be new with `create`, or damaged with `mends`; raises LibraryError."""
    with library_errors(folder):
        check_not_a_file(folder)
        if (folder / MANIFEST).exists() or not create:
            load(folder, mends=mends)  # raises if there is no library of ours, before a lock file is created
        else:
            folder.mkdir(parents=True, exist_ok=True)
            check_no_other_files(folder)
        return staging.acquire_file(folder)


def check_no_other_files(folder: Path) -> None:
    """Raise ForeignLibrary if the folder has files but no library."""
    if holds_other_files(folder):
        raise ForeignLibrary(f"{folder} holds other files: name an empty or a new folder with --index")


def load(folder: Path, *, mends: bool) -> Manifest | None:
    """The manifest of a library; with `mends`, `None` if it is damaged but can be made again from the database."""
    try:
        with library_errors(folder):
            return Manifest.load(folder)
    except DamagedLibrary:
        if mends and (folder / database.FILE).exists():
            return None
        raise
