"""Import: a library from an exported file, which is checked completely before its indexes are made again."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from seekpoint.files import real_path, sync_folder
from seekpoint.index.address import ADDED_FILES, ADDED_LISTS, Address, check_not_a_file
from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter, open_keeper
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import SUCCESSOR, Manifest
from seekpoint.index.embedded.staging import REPLACED, acquire_file, staging
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError
from seekpoint.index.settings import LibrarySettings
from seekpoint.index.store import LISTED
from seekpoint.index.transfer import archive, inspection
from seekpoint.index.transfer.archive import Archive, Contents, contents_of
from seekpoint.index.transfer.inspection import InvalidContents
from seekpoint.index.types import NamedBy

# By meaning and by words.
_INDEXES = 2
_OURS = re.compile(
    r"lock|manifest\.json|library\.db(-wal|-shm|-journal)?|vectors-[0-9]+\.faiss|words-[0-9]+|\..+\.new"
    rf"|{SUCCESSOR}|{database.DAMAGE_MARK}|{ADDED_FILES}|{ADDED_LISTS}"
)


def import_library(
    file: Path,
    address: Address,
    *,
    replacing_old: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Contents:
    """Import a library to an address; `replacing_old` allows replacing the library there. Raises LibraryError.

    `progress` is told how many of the passages are in the indexes, each index counted.
    """
    if isinstance(address, Path):
        return _to_folder(file, address, replacing_old, progress)
    from seekpoint.index.transfer.server import to_server

    with TemporaryDirectory(prefix="seekpoint-") as unpacked:
        folder = Path(unpacked) / "library"
        contents = _to_folder(file, folder, replacing_old=False, progress=None)
        copied = _adding_up(contents.chunks, progress)
        moments = to_server(folder, address, replacing_old=replacing_old, progress=copied)
    return contents._replace(moments=moments)


def _to_folder(file: Path, folder: Path, replacing_old: bool, progress: Callable[[int, int], None] | None) -> Contents:
    """Import a library into a folder, as `import_library`; without `progress`, its indexes are left out."""
    place = real_path(folder)
    if os.path.ismount(place):  # Path.is_mount fails on Windows before Python 3.12
        raise _mounted(place)
    with Archive(file) as source:
        manifest = source.manifest()
        with _import_errors(file):
            record = inspection.checked_record(manifest)
        source.check(record)
        # `staging` comes first, because it restores the library that a killed import had moved aside.
        with staging(place) as staged, _locked(place, replacing_old):
            library = staged / "library"
            library.mkdir()
            free = shutil.disk_usage(staged).free
            if record.size > free:
                raise LibraryError(
                    f"the library in {file} takes {record.size / 1e6:,.1f} MB, and the disk of {place.parent} has "
                    f"{free / 1e6:,.1f} MB left: free some space, or name a folder on another disk with --index"
                )
            source.extract(record, library)
            with _import_errors(file):
                inspection.check_database(library, manifest.model)
                manifest.unsealed().save(library)
                inspection.check_readable(library, manifest.model)
            _disown(library)
            files, moments, own = _take_over(place, library)
            contents = contents_of(library, file, manifest.model)._replace(added=files, moments=moments)
            if progress:
                with EmbeddedWriter.acquire(library) as writer:
                    writer.put_settings(**own.joined(writer.settings))
                    writer.write_indexes(_adding_up(_INDEXES * contents.chunks, progress))
            sync_folder(library)
            _move_into_place(library, place, staged / REPLACED)
    return contents


@contextmanager
def _locked(place: Path, replacing_old: bool) -> Iterator[None]:
    """Lock the target folder against builds, if it exists; raises LibraryError if it mustn't be replaced."""
    check_not_a_file(place)
    with library_errors(place):
        names = {path.name for path in place.iterdir()} if place.exists() else set()
    for name in sorted(names):
        if not _OURS.fullmatch(name):
            raise ForeignLibrary(f"{place} holds other files ({name}): name an empty or a new folder with --index")
    if names & {MANIFEST, database.FILE, ADDED_FILES, ADDED_LISTS} and not replacing_old:
        raise LibraryError(
            f"{place} holds a library already: name another folder with --index, or replace it with --replace"
        )
    if MANIFEST in names:
        with suppress(DamagedLibrary):
            Manifest.load(place)
    with library_errors(place):
        file_lock = acquire_file(place) if names else None
    try:
        yield
    finally:
        if file_lock:
            file_lock.release()


@contextmanager
def _import_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except InvalidContents as error:
        raise archive.foreign(file, str(error)) from error
    except (sqlite3.Error, UnicodeDecodeError, DamagedLibrary) as error:
        raise archive.damaged(file, f"its {database.FILE} can't be read") from error


def _disown(library: Path) -> None:
    """Mark the lists as another's, and leave out what would steer the requests of later builds, or rename episodes."""
    with (
        library_errors(library),
        closing(database.connect(library, writable=True)) as connection,
        database.transaction(connection),
    ):
        connection.execute("UPDATE listing SET named_by = ?", (NamedBy.IMPORT,))
        connection.execute("DELETE FROM setting WHERE name IN ('aliases', 'backoffs', 'shown', 'question_vectors')")
        connection.execute("UPDATE resource SET inputs = ? WHERE inputs LIKE ? || ':%'", (LISTED, LISTED))


def _take_over(old: Path, library: Path) -> tuple[int, int | None, LibrarySettings]:
    """Copy what only the old library has: added files and kept moments.

    Returns their numbers, `None` if unknown, and the old library's settings.
    """
    added = (ADDED_FILES, ADDED_LISTS)
    with library_errors(old):
        for name in added:
            if (old / name).is_dir():
                shutil.copytree(old / name, library / name, symlinks=True, copy_function=_link_or_copy)
        files = sum(path.is_file() for name in added for path in (library / name).rglob("*"))
    if not (old / MANIFEST).exists():
        return files, 0, LibrarySettings()
    try:
        with EmbeddedReader.open(old) as reader:
            moments, settings = reader.kept(), reader.settings
    except DamagedLibrary:
        return files, None, LibrarySettings()
    with open_keeper(library) as keeper:
        for moment in moments:
            keeper.annotate(moment.resource.id, moment.place, None)
            keeper.keep(moment)
    return files, len(moments), settings


def _link_or_copy(source: str, target: str) -> None:
    """Give a file another name; copy it where the file system can't."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _adding_up(total: int, progress: Callable[[int, int], None]) -> Callable[[int], None]:
    """Add up how many of the passages are done, and tell `progress`."""
    done = 0

    def add(passages: int) -> None:
        nonlocal done
        done += passages
        progress(done, total)

    return add


def _move_into_place(library: Path, place: Path, aside: Path) -> None:
    try:
        if place.exists() and any(place.iterdir()):
            place.rename(aside)
        elif place.exists():
            place.rmdir()
    except OSError as error:
        if error.errno == errno.EBUSY:  # a bind mount of the same disk is no mount point to Python
            raise _mounted(place) from error
        raise
    try:
        library.rename(place)
    except BaseException:
        if aside.exists():
            aside.rename(place)
        raise
    sync_folder(place.parent)


def _mounted(place: Path) -> LibraryError:
    return LibraryError(
        f"{place} is a mount point, which nothing can take the place of: name a new folder in it with --index"
    )
