"""Locking a library's folder for writing, after checking that the folder is a library's or may become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LockedLibrary

LOCK = "lock"


def acquire(folder: Path, *, create: bool) -> FileLock:
    """Lock a library's folder against other writers; raises LibraryError. With `create` the folder may be new."""
    with library_errors(folder):
        check_not_a_file(folder)
        if (folder / MANIFEST).exists() or not create:
            Manifest.load(folder)  # raises if there is no library of ours, before a lock file is created
        else:
            folder.mkdir(parents=True, exist_ok=True)
            check_no_other_files(folder)
        return acquire_file(folder)


def acquire_file(folder: Path) -> FileLock:
    """Acquire the lock file of a folder without checking the folder's contents; raises LockedLibrary."""
    file_lock = FileLock(folder / LOCK)
    try:
        file_lock.acquire(timeout=0)
    except Timeout:
        raise LockedLibrary(
            f"another build is writing to {folder}: wait for it, or name another with --index"
        ) from None
    return file_lock


def check_not_a_file(folder: Path) -> None:
    """Raise ForeignLibrary if the library's path is a file."""
    if folder.exists() and not folder.is_dir():
        raise ForeignLibrary(f"{folder} is a file, not a library's folder: name another with --index")


def check_no_other_files(folder: Path) -> None:
    """Raise ForeignLibrary if the folder has files but no library."""
    names = {path.name for path in folder.iterdir()}
    if names - {LOCK} and database.FILE not in names:
        raise ForeignLibrary(f"{folder} holds other files: name an empty or a new folder with --index")


def repaired_manifest(folder: Path) -> Manifest:
    """The manifest without the indexes that are damaged: the writer makes these again from the database.

    Raises DamagedLibrary if the database is damaged, which can't be repaired.
    """
    manifest = Manifest.load(folder)
    if manifest.database:
        manifest.database.check(folder)
    elif not (folder / database.FILE).exists():
        raise database.damaged(folder, f"{database.FILE} is missing")
    words = manifest.words if manifest.words and _are_intact(manifest.words.files, folder) else None
    segments = tuple(segment for segment in manifest.segments if _are_intact([segment.file], folder))
    intact = replace(manifest, segments=segments, words=words)
    if intact != manifest:
        intact = intact.unsealed()
        intact.save(folder)
    return intact


def _are_intact(files: Iterable[FileRecord], folder: Path) -> bool:
    try:
        for file in files:
            file.check(folder)
    except DamagedLibrary:
        return False
    return True
