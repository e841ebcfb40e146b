"""Taking hold of a library's folder for writing: the lock, whose folder it is, and what state it was left in."""

from __future__ import annotations

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
    """Keep other writers out of a library's folder, which is made where one is to be created; raises LibraryError."""
    with library_errors(folder):
        check_not_a_file(folder)
        if (folder / MANIFEST).exists() or not create:
            Manifest.load(folder)  # no lock file is put where there is no library of ours
        else:
            folder.mkdir(parents=True, exist_ok=True)
            check_no_other_files(folder)
        return acquire_file(folder)


def acquire_file(folder: Path) -> FileLock:
    """Keep other writers out of a folder, whatever is in it; raises LockedLibrary."""
    held = FileLock(folder / LOCK)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise LockedLibrary(
            f"another build is writing to {folder}: wait for it, or name another with --index"
        ) from None
    return held


def check_not_a_file(folder: Path) -> None:
    """Raise ForeignLibrary where a file stands in place of a library's folder."""
    if folder.exists() and not folder.is_dir():
        raise ForeignLibrary(f"{folder} is a file, not a library's folder: name another with --index")


def check_no_other_files(folder: Path) -> None:
    """Raise ForeignLibrary where a folder without a library holds anything."""
    names = {path.name for path in folder.iterdir()}
    if names - {LOCK} and database.FILE not in names:
        raise ForeignLibrary(f"{folder} holds other files: name an empty or a new folder with --index")


def repaired_manifest(folder: Path) -> Manifest:
    """The manifest; a damaged vector file is struck from it, to be written anew. The database can't be mended."""
    manifest = Manifest.load(folder)
    if manifest.database:
        manifest.database.check(folder)
    elif not (folder / database.FILE).exists():
        raise database.damaged(folder, f"{database.FILE} is missing")
    sound = tuple(segment for segment in manifest.segments if _is_intact(segment.file, folder))
    if sound != manifest.segments:
        manifest = replace(manifest, segments=sound, database=None)
        manifest.save(folder)
    return manifest


def _is_intact(file: FileRecord, folder: Path) -> bool:
    try:
        file.check(folder)
    except DamagedLibrary:
        return False
    return True
