"""Export: a consistent copy of a library as one file, without removed contents and indexes, even during a build."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from seekpoint.files import replacing, sync_folder
from seekpoint.index.address import Address
from seekpoint.index.embedded import checksums, damage, database, stored_transcripts
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest
from seekpoint.index.embedded.staging import staging
from seekpoint.index.errors import LibraryError
from seekpoint.index.settings import QUESTION_VECTORS
from seekpoint.index.transfer import archive
from seekpoint.index.transfer.archive import Contents, contents_of

# The error codes of SQLite if a copy doesn't fit on the disk.
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def export_library(address: Address, file: Path, *, force: bool = False) -> Contents:
    """Write a library into one file; `force` replaces an existing file. Raises LibraryError."""
    if not file.parent.is_dir():
        raise LibraryError(f"there is no folder {file.parent}: make it first, or name another")
    if file.exists() and not file.is_file():
        raise LibraryError(f"{file} isn't a file that could be replaced: name another")
    if file.exists() and not force:
        raise LibraryError(f"{file} is there already: name another file, or replace it with --force")
    with staging(file) as staged:
        if isinstance(address, Path):
            folder = address
        else:
            from seekpoint.index.transfer.server import to_folder

            folder = staged / "library"
            to_folder(address, folder)
        manifest = _copy_database(folder, staged)
        written, copy, encoded = staged / "export", staged / database.FILE, manifest.encoded()
        with replacing(written) as target, ZipFile(target, "w") as out, copy.open("rb") as source:
            archive.add(out, MANIFEST, len(encoded), BytesIO(encoded))
            archive.add(out, copy.name, copy.stat().st_size, source)
        contents = contents_of(staged, written, manifest.model)
        written.replace(file)
        sync_folder(file.parent)
    return contents


def _copy_database(folder: Path, staged: Path) -> Manifest:
    """Copy the database, and return the manifest of the copy."""
    target = staged / database.FILE
    try:
        with EmbeddedReader.open(folder):
            manifest = Manifest(Manifest.load(folder).model)
        with library_errors(folder), closing(database.connect(folder, writable=False)) as connection:
            connection.execute("PRAGMA query_only = OFF")  # it would forbid writing the copy
            connection.execute("VACUUM INTO ?", (str(target.resolve()),))
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                damage.check_rows(folder, copy)
                copy.execute("PRAGMA secure_delete = ON")
                checksums.keep(copy)
                with database.transaction(copy):
                    stored_transcripts.delete_unused(copy)  # which only removed chunks had
                    copy.execute("DELETE FROM setting WHERE name = ?", (QUESTION_VECTORS,))
                manifest = manifest.with_current_model(copy)
                copy.execute("PRAGMA journal_mode = WAL")  # as builds do: opening the import then changes no byte
    except LibraryError as error:
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in _FULL:
            raise OSError(errno.ENOSPC, "no space left on the disk") from error
        raise
    return replace(manifest, database=replace(FileRecord.of(target), modified=0))
