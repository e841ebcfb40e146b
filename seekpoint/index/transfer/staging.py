"""Making something beside the place that it will be renamed to, so that the place never holds a part of it."""

from __future__ import annotations

import errno
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from seekpoint.index.errors import LibraryError

REPLACED = "replaced"
"""What a staging folder calls that which stood in the place, while it's moved aside."""

_LOCK = "lock"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def staging(place: Path) -> Iterator[Path]:
    """A fresh folder beside a place, gone at the end, as are those that killed processes left; raises LibraryError.

    What was moved aside to `REPLACED` in it comes back, unless something else has taken the place.
    """
    with _write_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        for folder in _others(place):
            with suppress(Timeout), FileLock(folder / _LOCK).acquire(timeout=0):
                _discard(folder, place)
        folder = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
        folder.mkdir()
        lock = FileLock(folder / _LOCK)
        try:
            lock.acquire(timeout=0)
            yield folder
        finally:
            lock.release()
            _discard(folder, place)


def _others(place: Path) -> list[Path]:
    name = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{8}}\.part")
    return [path for path in place.parent.iterdir() if name.fullmatch(path.name) and not path.is_symlink()]


def _discard(folder: Path, place: Path) -> None:
    replaced = folder / REPLACED
    if replaced.exists():  # the second name tells, after a kill, that it's being removed
        replaced.rename(folder / "removed" if place.exists() else place)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _write_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = f"check the permissions of {place.parent}, or name another place"
        if error.errno in _NO_ROOM:
            remedy = "free some space, then try again"
        raise LibraryError(f"can't write {place} ({(error.strerror or str(error)).lower()}): {remedy}") from error
