"""Locking a library's folder for writing, after checking that the folder is a library's or may become one."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from seekpoint.index import address
from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LockedLibrary

LOCK = "lock"


def acquire(folder: Path, *, create: bool, mends: bool = False) -> FileLock:
    """Lock a library's folder against other writers; raises LibraryError.

    With `create` the folder may be new, with `mends` the manifest may be damaged.
    """
    with library_errors(folder):
        check_not_a_file(folder)
        if (folder / MANIFEST).exists() or not create:
            load(folder, mends=mends)  # raises if there is no library of ours, before a lock file is created
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


def is_held(folder: Path) -> bool:
    """Whether a writer has locked a folder."""
    if not (folder / LOCK).exists():
        return False
    try:
        acquire_file(folder).release()
    except LockedLibrary:
        return True
    return False


def check_not_a_file(folder: Path) -> None:
    """Raise ForeignLibrary if the library's path is a file."""
    if folder.exists() and not folder.is_dir():
        raise ForeignLibrary(f"{folder} is a file, not a library's folder: name another with --index")


def check_no_other_files(folder: Path) -> None:
    """Raise ForeignLibrary if the folder has files but no library."""
    names = {path.name for path in folder.iterdir()}
    if names - {LOCK, address.ADDED_FILES, address.ADDED_LISTS} and database.FILE not in names:
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
