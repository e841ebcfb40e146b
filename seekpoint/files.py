"""Files that are replaced in one step, whatever crashes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write that then replaces `path` atomically and durably; a failure leaves the old file."""
    new = path.with_name(scratch(path.name))  # a lock of the caller's keeps a second writer away
    try:
        with new.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def scratch(name: str) -> str:
    """The name under which the next contents of a file are written."""
    return f".{name}.new"


def sync_folder(folder: Path) -> None:
    """Write a folder's entries to the disk, as POSIX asks after a rename."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
