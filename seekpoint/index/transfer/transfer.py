"""Carrying a library to another folder, machine or person: one file out, and in again.

An export is a consistent copy, whatever a build does meanwhile, without what was removed. An import is checked as a
whole before anything is put in place.
"""

from __future__ import annotations

import errno
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zipfile import ZipFile

from seekpoint.index.embedded import database, reembedding, succession
from seekpoint.index.embedded import lock as access
from seekpoint.index.embedded.chunk_ranges import Ranges
from seekpoint.index.embedded.database import explained
from seekpoint.index.embedded.library import Library
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest, flush, replacing
from seekpoint.index.embedded.words import segments as postings
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError, LockedLibrary
from seekpoint.index.transfer import archive, inspection
from seekpoint.index.transfer.archive import Archive, library_files
from seekpoint.index.transfer.inspection import Strange
from seekpoint.index.transfer.staging import REPLACED, staging
from seekpoint.index.types import ModelCard

_ATTEMPTS = 5
# What SQLite reports where a copy doesn't fit on the disk.
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_OURS = re.compile(
    rf"lock|manifest\.json|library\.db(-wal|-shm|-journal)?|vectors-[0-9]+\.faiss|\..+\.new|{reembedding.FOLDER}"
)


class Contents(NamedTuple):
    """What was carried; `size` is the file's, in bytes."""

    resources: int
    chunks: int
    size: int
    card: ModelCard


def export_library(folder: Path, file: Path, *, force: bool = False) -> Contents:
    """Write a library into one file, in place of an older one if `force` is set; raises LibraryError."""
    _refuse_existing(file, force)
    with ExitStack() as held, staging(file) as staged:
        manifest, vectors = _held(folder, held)
        manifest = _copied(folder, manifest, staged)
        written = staged / "export"
        with replacing(written) as target, ZipFile(target, "w") as out:
            _add_all(out, manifest, staged / database.FILE, vectors, folder)
        contents = _contents(staged, written, manifest.model)
        written.replace(file)
        flush(file.parent)
    return contents


def _held(folder: Path, held: ExitStack) -> tuple[Manifest, dict[str, BinaryIO]]:
    """The manifest of a library that was checked, and its vector files, which a build may remove from now on."""
    for _ in range(_ATTEMPTS):
        with explained(folder):
            with Library.open(folder):
                manifest = Manifest.load(folder)
            names = [segment.file.name for segment in manifest.segments]
            with suppress(FileNotFoundError):  # a build merged some since
                return manifest, {name: held.enter_context((folder / name).open("rb")) for name in names}
    raise LockedLibrary(f"the library {folder} is being written by another process: try again when it's done")


def _refuse_existing(file: Path, force: bool) -> None:
    if not file.parent.is_dir():
        raise LibraryError(f"there is no folder {file.parent}: make it first, or name another")
    if file.exists() and not file.is_file():
        raise LibraryError(f"{file} isn't a file that could be replaced: name another")
    if file.exists() and not force:
        raise LibraryError(f"{file} is there already: name another file, or replace it with --force")


def _copied(folder: Path, manifest: Manifest, staged: Path) -> Manifest:
    """Copy the database, which may be newer than the manifest by now; returns the manifest for the copy."""
    target = staged / database.FILE
    try:
        with explained(folder), closing(database.connect(folder, writable=False)) as connection:
            connection.execute("PRAGMA query_only = OFF")  # it forbids to write another file too
            connection.execute("VACUUM INTO ?", (str(target.resolve()),))
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                alive = _without_removed(copy)
                manifest = succession.settled(manifest, copy)
                copy.execute("PRAGMA journal_mode = WAL")  # as a build would, which then leaves a sealed file as it is
    except LibraryError as error:
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in _FULL:
            raise OSError(errno.ENOSPC, "no space left on the disk") from error
        raise
    whole = [one for one in manifest.segments if len(alive.within(one.first, one.stop)) == one.count]
    segments = tuple(replace(segment, file=replace(segment.file, modified=0)) for segment in whole)
    record = replace(FileRecord.of(target), modified=0)
    return replace(manifest, database=record, segments=segments)


def _without_removed(copy: sqlite3.Connection) -> Ranges:
    """Let the words of what was removed go from a copy for good; returns the chunks that it holds."""
    copy.execute("PRAGMA secure_delete = ON")
    alive = Ranges.of(copy.execute("SELECT first_chunk, first_chunk + chunks FROM transcript"))
    segments = copy.execute("SELECT first, stop, chunks FROM posting_segment").fetchall()
    if any(len(alive.within(first, stop)) < chunks for first, stop, chunks in segments):
        with database.transaction(copy):
            postings.compact(copy, alive)
        copy.execute("VACUUM")
    return alive


def _add_all(out: ZipFile, manifest: Manifest, copy: Path, vectors: Mapping[str, BinaryIO], folder: Path) -> None:
    data = manifest.encoded()
    archive.add(out, MANIFEST, len(data), [data])
    with copy.open("rb") as source:
        archive.add(out, copy.name, copy.stat().st_size, iter(lambda: source.read(archive.PIECE), b""))
    for segment in manifest.segments:
        record = segment.file
        if archive.add(out, record.name, record.size, _pieces(vectors[record.name], folder)) != record.sha256:
            raise database.damaged(folder, f"{record.name} doesn't match its checksum", database.BUILD_MENDS)


def _pieces(source: BinaryIO, folder: Path) -> Iterator[bytes]:
    with explained(folder):
        while piece := source.read(archive.PIECE):
            yield piece


def import_library(file: Path, folder: Path, *, replacing_old: bool = False) -> Contents:
    """Put the library of a file into a folder, in place of one there if `replacing_old` is set; raises LibraryError."""
    place = folder.resolve()
    with Archive(file) as source:
        manifest = source.manifest()
        with _refused_if_strange(file):
            inspection.check_manifest(manifest)
        source.check(manifest)
        # In this order: what an import was killed over comes back first.
        with staging(place) as staged, _held_for(place, replacing_old):
            library = staged / "library"
            library.mkdir()
            _refuse_too_large(file, manifest, staged)
            for record in library_files(manifest):
                source.extract(record, library)
            _settle(file, manifest, library)
            contents = _contents(library, file, manifest.model)
            flush(library)
            _put(library, place, staged / REPLACED)
    return contents


@contextmanager
def _held_for(place: Path, replacing_old: bool) -> Iterator[None]:
    """Keep builds out of what is in the place; raises LibraryError where it can't be replaced."""
    access.refuse_file(place)
    with explained(place):
        names = {path.name for path in place.iterdir()} if place.exists() else set()
    for name in sorted(names):
        if not _OURS.fullmatch(name):
            raise ForeignLibrary(f"{place} holds other files ({name}): name an empty or a new folder with --index")
    if names & {MANIFEST, database.FILE} and not replacing_old:
        raise LibraryError(
            f"{place} holds a library already: name another folder with --index, or replace it with --replace"
        )
    if MANIFEST in names:
        _refuse_foreign(place)
    with explained(place):
        lock = access.hold(place) if names else None
    try:
        yield
    finally:
        if lock:
            lock.release()


def _refuse_foreign(place: Path) -> None:
    with suppress(DamagedLibrary):
        Manifest.load(place)


def _refuse_too_large(file: Path, manifest: Manifest, staged: Path) -> None:
    size, free = sum(record.size for record in library_files(manifest)), shutil.disk_usage(staged).free
    if size > free:
        raise LibraryError(
            f"the library in {file} takes {_megabytes(size)}, and the disk of {staged.parent} has {_megabytes(free)} "
            "left: free some space, or name a folder on another disk with --index"
        )


@contextmanager
def _refused_if_strange(file: Path) -> Iterator[None]:
    try:
        yield
    except Strange as error:
        raise archive.foreign(file, str(error)) from error
    except (sqlite3.Error, UnicodeDecodeError, DamagedLibrary) as error:
        raise archive.damaged(file, f"its {database.FILE} can't be read") from error


def _settle(file: Path, manifest: Manifest, library: Path) -> None:
    """Check what was extracted, and make a library of this version of it."""
    with _refused_if_strange(file):
        inspection.check_database(library, manifest.model)
        written = _with_new_records(manifest, library)
        with replacing(library / MANIFEST) as target:
            target.write(written.encoded())
        inspection.check_readable(library, manifest)
        if not written.database:
            from seekpoint.index.embedded.writer import Writer

            with Writer.open(library):
                pass
            inspection.check_readable(library, Manifest.load(library))


def _with_new_records(manifest: Manifest, library: Path) -> Manifest:
    """The manifest with the files' own times; it leaves the database open where a build was at work on it."""
    segments = tuple(replace(one, file=FileRecord.of(library / one.file.name)) for one in manifest.segments)
    with inspection.opened(library) as connection:
        (count,) = connection.execute("SELECT count(*) FROM chunk").fetchone()
    is_whole = count == sum(segment.count for segment in segments)
    record = FileRecord.of_changing(library / database.FILE)
    return replace(manifest, segments=segments, database=record if is_whole else None)


def _put(library: Path, place: Path, aside: Path) -> None:
    if place.exists() and any(place.iterdir()):
        place.rename(aside)
    elif place.exists():
        place.rmdir()
    try:
        library.rename(place)
    except BaseException:
        if aside.exists():
            aside.rename(place)
        raise
    flush(place.parent)


def _contents(folder: Path, file: Path, card: ModelCard) -> Contents:
    with inspection.opened(folder) as connection:
        resources, chunks = connection.execute(
            "SELECT (SELECT count(*) FROM resource), (SELECT count(*) FROM chunk)"
        ).fetchone()
    return Contents(resources, chunks, file.stat().st_size, card)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
