"""The exported file: a zip archive of a library's manifest and database, in which nothing is trusted."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from seekpoint.files import open_file
from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import FileRecord, Manifest
from seekpoint.index.errors import (
    DamagedLibrary,
    ForeignLibrary,
    LibraryError,
    LibraryNotFound,
    NewerLibrary,
    UnreleasedLibrary,
)
from seekpoint.index.transfer.inspection import open_immutable
from seekpoint.index.types import ModelCard
from seekpoint.safe_links import is_openable

PIECE = 1 << 20
"""Bytes that are read at a time."""

_MOST_MANIFEST_BYTES = 1 << 26
# The most that a file may grow when extracted. Deflate reaches a factor of 1,000; vectors and text about 2, and a tiny
# library, whose pages are mostly empty, 30.
_MOST_EXPANSION = 100
# Bytes. A smaller library is never refused as a zip bomb.
_NEVER_A_BOMB = 1 << 26
# The earliest time of zip entries: with a fixed time equal libraries give equal files.
_EARLIEST = (1980, 1, 1, 0, 0, 0)
# The exceptions that zipfile and zlib raise for damaged or forged files.
_BROKEN = (BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError, struct.error, zlib.error)
_NOT_OURS = "isn't a file that `seekpoint export` wrote"


def damaged(file: Path, what: str) -> DamagedLibrary:
    """The error for a damaged archive."""
    return DamagedLibrary(f"{file} is damaged ({what}): copy or export it again; nothing was imported")


def foreign(file: Path, what: str) -> ForeignLibrary:
    """The error for an archive that Seekpoint didn't write."""
    return ForeignLibrary(f"{file} {_NOT_OURS}, for {what}: ask the sender for a new one")


def add(archive: ZipFile, name: str, size: int, source: BinaryIO) -> None:
    """Add a file to an archive, reproducibly."""
    entry = ZipInfo(name, _EARLIEST)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    entry.file_size = size
    with archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, PIECE)


class Archive:
    """An archive, open for reading; raises ForeignLibrary, DamagedLibrary, or LibraryError if it can't be read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with _archive_errors(file):
            if not file.exists():
                raise LibraryNotFound(f"there is no file {file}: check the name")
            if not file.is_file():
                raise ForeignLibrary(f"{file} isn't a file: name one that `seekpoint export` wrote")
            if not file.stat().st_size:  # as are files that the kernel makes up, which may wait
                raise ForeignLibrary(f"{file} {_NOT_OURS}: check the name")
            self._source = _Bounded(open_file(file))
            try:
                if self._source.read(2) != b"PK":
                    raise ForeignLibrary(f"{file} {_NOT_OURS}: check the name")
                self._zip = ZipFile(self._source)
            except BaseException:
                self._source.close()
                raise
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._source.close()

    def manifest(self) -> Manifest:
        """The manifest. Its checksum is verified, but the types and ranges of its values aren't."""
        for name in (MANIFEST, database.FILE):
            if name not in self._entries:
                raise foreign(self._file, f"it has no {name}")
        for entry in self._zip.infolist():
            is_regular = stat.S_IFMT(entry.external_attr >> 16) in (0, stat.S_IFREG)
            is_readable = not entry.flag_bits & 1 and entry.compress_type in (ZIP_STORED, ZIP_DEFLATED)
            if not is_regular or not is_readable or entry.filename != entry.orig_filename:
                raise foreign(self._file, f"{entry.orig_filename!r} in it isn't a plain file")
        data = bytearray()
        for piece in self._pieces(MANIFEST):
            data += piece
            if len(data) > _MOST_MANIFEST_BYTES:
                raise foreign(self._file, f"its {MANIFEST} is too long")
        try:
            return Manifest.decoded(bytes(data), self._file)
        except DamagedLibrary as error:
            raise damaged(self._file, f"{MANIFEST} doesn't match its checksum") from error
        except (NewerLibrary, UnreleasedLibrary):
            raise
        except (ForeignLibrary, TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
            raise foreign(self._file, f"its {MANIFEST} is another's") from error

    def check(self, record: FileRecord) -> None:
        """Raise ForeignLibrary unless the archive has a manifest and the recorded database, of a plausible size."""
        names = [MANIFEST, record.name]
        if sorted(entry.filename for entry in self._zip.infolist()) != sorted(names):
            raise foreign(self._file, f"it holds something else than {', '.join(names)}")
        if record.size > max(_NEVER_A_BOMB, _MOST_EXPANSION * self._file.stat().st_size):
            raise foreign(self._file, f"it would grow to {record.size} bytes")

    def extract(self, record: FileRecord, folder: Path) -> None:
        """Extract a file into a folder; raises DamagedLibrary if its size or checksum differs from the record."""
        digest, size = hashlib.sha256(), 0
        with (folder / record.name).open("xb") as target:
            for piece in self._pieces(record.name):
                size += len(piece)
                if size > record.size:
                    raise damaged(self._file, f"{record.name} has more than {record.size} bytes")
                digest.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        if (size, digest.hexdigest()) != (record.size, record.sha256):
            raise damaged(self._file, f"{record.name} doesn't match its checksum")

    def _pieces(self, name: str) -> Iterator[bytes]:
        with _archive_errors(self._file), self._zip.open(self._entries[name]) as source:
            while piece := source.read(PIECE):
                yield piece


class _Bounded(io.BufferedReader):
    """Refuses large reads: zipfile reads the list of entries at once, however long the file claims it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(PIECE + 1 if size is None or size < 0 else min(size, PIECE + 1))
        if len(data) > PIECE:
            raise BadZipFile("too many entries")
        return data


@contextmanager
def _archive_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise damaged(file, "it isn't a whole zip file") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise LibraryError(f"can't read {file} ({reason}): check its permissions and the disk") from error


class Contents(NamedTuple):
    """Numbers of an exported or imported library; `size` is the size of the file in bytes.

    `unopened` are the addresses that `is_openable` refuses, `sources` the lists that name its resources. `added` and
    `moments` are the files and the kept moments that an import took over from the library that it replaced; `None` for
    moments that can't be read.
    """

    resources: int
    chunks: int
    size: int
    card: ModelCard
    unopened: tuple[str, ...]
    sources: tuple[str, ...]
    added: int = 0
    moments: int | None = 0


def contents_of(folder: Path, file: Path, card: ModelCard) -> Contents:
    """Count the resources and chunks of the library in a folder; `file` is its export. Raises LibraryError."""
    with library_errors(folder), open_immutable(folder) as connection:
        resources, chunks = connection.execute(
            "SELECT (SELECT count(*) FROM resource), (SELECT count(*) FROM chunk)"
        ).fetchone()
        urls = sorted(url for (url,) in connection.execute("SELECT url FROM resource"))
        sources = connection.execute("SELECT DISTINCT source FROM listing WHERE listed ORDER BY source").fetchall()
    unopened = tuple(url for url in urls if not is_openable(url))
    return Contents(resources, chunks, file.stat().st_size, card, unopened, tuple(source for (source,) in sources))
