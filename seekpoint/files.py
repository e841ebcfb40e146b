"""Files: replaced in one step, whatever crashes, and read safely, though a stranger named or wrote them."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

# Larger than any file that is read at once.
_MOST_BYTES = 200_000_000
_PLACE = re.compile(r"#(?:t=[0-9hms.:]+|page=[0-9]+)\Z")
# Some of these are missing on Windows.
_READING = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK"))


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


def open_file(path: Path) -> io.FileIO:
    """Open a file for reading; raises OSError, also for a device or a pipe, which may never end or never answer."""
    _check_is_file(path.stat(), path)  # even to open a device may change something
    descriptor = os.open(path, _READING)
    try:
        _check_is_file(os.fstat(descriptor), path)
        return io.FileIO(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def read_file(path: Path, most: int = _MOST_BYTES) -> bytes:
    """The bytes of a file, up to the size that the system reports; raises OSError if that is more than `most`.

    Of files that the kernel makes up the system says that they are empty. Some of them, such as /proc/kmsg, wait.
    """
    with io.BufferedReader(open_file(path)) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has more than {most / 1e6:.0f} MB", str(path))
        return file.read(size)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with lines that end in LF; raises OSError and UnicodeDecodeError."""
    return io.TextIOWrapper(io.BytesIO(read_file(path)), encoding="utf-8-sig").read()


def real_path(path: Path) -> Path:
    """The path without symbolic links, as far as it exists; one that leads to itself stays as it is."""
    return Path(os.path.realpath(path))


def path_and_place(name: str) -> tuple[str, str]:
    """A path that a user names, and the time or page at its end, as links to files have it: `#t=754`."""
    place = _PLACE.search(name)
    return (name[: place.start()], place[0]) if place else (name, "")


def parsed_json(text: str | bytes) -> Any:  # noqa: ANN401 - of whatever type the text says
    """The value of a JSON text; raises ValueError, also for one that is nested too deep."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deep") from error


def _check_is_file(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file", str(path))


_SAMPLES, _SAMPLE_BYTES = 16, 1 << 16


def sampled_hash(path: Path) -> str:
    """A hash of a file's size and of blocks spread evenly over it; hashing all of a model would delay a question."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for k in range(_SAMPLES):
            file.seek(k * max(size - _SAMPLE_BYTES, 0) // (_SAMPLES - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()
