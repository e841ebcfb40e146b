"""Export: a consistent copy of a library as one file, even while a build runs. Removed contents are left out."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipFile

from seekpoint.files import replacing, sync_folder
from seekpoint.index.embedded import database, reembedding
from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest
from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.embedded.words import segments
from seekpoint.index.errors import LibraryError, LockedLibrary
from seekpoint.index.transfer import archive
from seekpoint.index.transfer.contents import Contents, contents_of
from seekpoint.index.transfer.staging import staging

_ATTEMPTS = 5
# The error codes of SQLite if a copy doesn't fit on the disk.
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def export_library(folder: Path, file: Path, *, force: bool = False) -> Contents:
    """Write a library into one file; `force` replaces an existing file. Raises LibraryError."""
    _check_target(file, force)
    with ExitStack() as stack, staging(file) as staged:
        manifest, vectors = _open_files(folder, stack)
        manifest = _copy_database(folder, manifest, staged)
        written = staged / "export"
        with replacing(written) as target, ZipFile(target, "w") as out:
            _write_archive(out, manifest, staged / database.FILE, vectors, folder)
        contents = contents_of(staged, written, manifest.model)
        written.replace(file)
        sync_folder(file.parent)
    return contents


def _open_files(folder: Path, stack: ExitStack) -> tuple[Manifest, dict[str, BinaryIO]]:
    """The checked manifest of a library and its vector files, opened so that a build may delete them meanwhile."""
    for _ in range(_ATTEMPTS):
        with library_errors(folder):
            with EmbeddedReader.open(folder):
                manifest = Manifest.load(folder)
            names = [segment.file.name for segment in manifest.segments]
            with suppress(FileNotFoundError):  # try again: a build has merged some of the files
                return manifest, {name: stack.enter_context((folder / name).open("rb")) for name in names}
    raise LockedLibrary(f"the library {folder} is being written by another process: try again when it's done")


def _check_target(file: Path, force: bool) -> None:
    if not file.parent.is_dir():
        raise LibraryError(f"there is no folder {file.parent}: make it first, or name another")
    if file.exists() and not file.is_file():
        raise LibraryError(f"{file} isn't a file that could be replaced: name another")
    if file.exists() and not force:
        raise LibraryError(f"{file} is there already: name another file, or replace it with --force")


def _copy_database(folder: Path, manifest: Manifest, staged: Path) -> Manifest:
    """Copy the database, which may be newer than the manifest by now, and return the manifest of the copy."""
    target = staged / database.FILE
    try:
        with library_errors(folder), closing(database.connect(folder, writable=False)) as connection:
            connection.execute("PRAGMA query_only = OFF")  # it would forbid writing the copy
            connection.execute("VACUUM INTO ?", (str(target.resolve()),))
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                alive = _purge_removed(copy)
                manifest = reembedding.with_current_model(manifest, copy)
                copy.execute("PRAGMA journal_mode = WAL")  # as builds do: opening the import then changes no byte
    except LibraryError as error:
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in _FULL:
            raise OSError(errno.ENOSPC, "no space left on the disk") from error
        raise
    whole = [record for record in manifest.segments if len(alive.within(record.first, record.stop)) == record.count]
    segments = tuple(replace(segment, file=replace(segment.file, modified=0)) for segment in whole)
    record = replace(FileRecord.of(target), modified=0)
    return replace(manifest, database=record, segments=segments)


def _purge_removed(copy: sqlite3.Connection) -> Ranges:
    """Erase the terms of removed chunks from a copy; returns the chunks that it has."""
    copy.execute("PRAGMA secure_delete = ON")
    alive = Ranges.of(copy.execute("SELECT first_chunk, first_chunk + chunks FROM transcript"))
    spans = copy.execute("SELECT first, stop, chunks FROM posting_segment").fetchall()
    if any(len(alive.within(first, stop)) < chunks for first, stop, chunks in spans):
        with database.transaction(copy):
            segments.compact(copy, alive)
        copy.execute("VACUUM")
    return alive


def _write_archive(out: ZipFile, manifest: Manifest, copy: Path, vectors: Mapping[str, BinaryIO], folder: Path) -> None:
    data = manifest.encoded()
    archive.add(out, MANIFEST, len(data), [data])
    with copy.open("rb") as source:
        archive.add(out, copy.name, copy.stat().st_size, iter(lambda: source.read(archive.PIECE), b""))
    for segment in manifest.segments:
        record = segment.file
        if archive.add(out, record.name, record.size, _pieces(vectors[record.name], folder)) != record.sha256:
            raise database.damaged(folder, f"{record.name} doesn't match its checksum", database.BUILD_MENDS)


def _pieces(source: BinaryIO, folder: Path) -> Iterator[bytes]:
    with library_errors(folder):
        while piece := source.read(archive.PIECE):
            yield piece
