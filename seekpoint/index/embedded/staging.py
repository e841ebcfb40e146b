"""The lock of a folder, and writing into a temporary one for an atomic rename: the target is never incomplete."""

from __future__ import annotations

import errno
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from seekpoint.index.address import LOCK
from seekpoint.index.errors import LibraryError, LockedLibrary

REPLACED = "replaced"
"""The name, in a staging folder, of the old target while it is moved aside."""


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
    """Whether a writer has locked a folder, as far as this process may see."""
    try:
        if (folder / LOCK).exists():
            acquire_file(folder).release()
    except LockedLibrary:
        return True
    except OSError:  # such as a folder on a medium that is read-only
        return False
    return False


@contextmanager
def staging(place: Path) -> Iterator[Path]:
    """A new folder beside `place`, deleted at the end; raises LibraryError.

    Folders that killed processes left are deleted too.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        discard_unfinished(place)
        folder = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
        folder.mkdir()
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
            yield folder
        finally:
            lock.release()
            _discard(folder, place)
    except OSError as error:
        remedy = f"check the permissions of {place.parent}, or name another place"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            remedy = "free some space, then try again"
        elif error.errno == errno.EIO:
            remedy = f"check the disk of {place.parent}, or name another place"
        raise LibraryError(f"can't write {place} ({(error.strerror or str(error)).lower()}): {remedy}") from error


def discard_unfinished(place: Path, holding: str = "") -> None:
    """Delete the folders that killed processes left beside `place`, if they hold something of a name; raises OSError.

    An old target that was moved to REPLACED in such a folder is moved back, unless there is a new one.
    """
    name = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{8}}\.part")
    for folder in list(place.parent.iterdir()):
        if name.fullmatch(folder.name) and not folder.is_symlink() and (folder / holding).exists():
            with suppress(Timeout), FileLock(folder / LOCK).acquire(timeout=0):
                _discard(folder, place)


def _discard(folder: Path, place: Path) -> None:
    replaced = folder / REPLACED
    if replaced.exists():  # renamed first, so that after a kill a half-deleted target isn't moved back
        replaced.rename(folder / "removed" if place.exists() else place)
    shutil.rmtree(folder, ignore_errors=True)
