"""The manifest of a library: its format, its model, its current index files, and checksums of the files.

It is replaced atomically, so a reader sees either the old or the new state. While a build is running, and after one was
killed, `database` is null and the word index has no files; then only the engines' own checks protect these.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from seekpoint.files import parsed_json, replacing
from seekpoint.index.address import ADDED_FILES, ADDED_LISTS, LOCK, check_not_a_file
from seekpoint.index.embedded.database import FILE as DATABASE
from seekpoint.index.embedded.database import SCHEMA_VERSION, check_version, damaged, stored_model
from seekpoint.index.errors import ForeignLibrary, LibraryNotFound
from seekpoint.index.types import ModelCard, Revision

FILE = "manifest.json"
SUCCESSOR = "reembedding"
"""The folder of a library's successor inside the library's; the successor has the vectors of another model."""

_FORMAT = "seekpoint"
# Bytes. Hashing a larger database after every build would take longer than a small build does.
_MOST_HASHED = 1 << 28


def holds_other_files(folder: Path) -> bool:
    """Whether a folder without a manifest has files that are no library's, so that none is built in it."""
    names = {path.name for path in folder.iterdir()}
    return bool(names - {LOCK, ADDED_FILES, ADDED_LISTS}) and DATABASE not in names


@dataclass(frozen=True, slots=True)
class FileRecord:
    """Size, checksum and modification time (nanoseconds) of a file as it was written.

    The checksum of a large database is empty, since it would be hashed after every build; SQLite's checks protect it.
    """

    name: str
    size: int
    sha256: str
    modified: int

    @classmethod
    def of(cls, path: Path, name: str = "") -> FileRecord:
        """The record of a file; `name` is its path in the library's folder, if that isn't just its name."""
        stat = path.stat()
        return cls(name or path.name, stat.st_size, _sha256(path), stat.st_mtime_ns)

    @classmethod
    def of_database(cls, path: Path) -> FileRecord:
        """The record of a database, which later builds change in place; it has no checksum if the file is large."""
        stat = path.stat()
        checksum = _sha256(path) if stat.st_size <= _MOST_HASHED else ""
        return cls(path.name, stat.st_size, checksum, stat.st_mtime_ns)

    def check(self, folder: Path, *, reads_all: bool = False) -> None:
        """Raise DamagedLibrary if the file differs from its record; reads it if it has changed, or with `reads_all`."""
        path = folder / self.name
        if not path.exists():
            raise damaged(folder, f"{self.name} is missing")
        stat = path.stat()
        if stat.st_size != self.size:
            raise damaged(folder, f"{self.name} has {stat.st_size} bytes, not {self.size}")
        if reads_all or stat.st_mtime_ns != self.modified:
            self.check_content(folder)

    def check_content(self, folder: Path) -> None:
        """Read the whole file, and raise DamagedLibrary if it doesn't match its checksum."""
        if self.sha256 and _sha256(folder / self.name) != self.sha256:
            raise damaged(folder, f"{self.name} doesn't match its checksum")


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A vector file: `count` vectors, of chunks with ids in [first, stop)."""

    file: FileRecord
    first: int
    stop: int
    count: int


@dataclass(frozen=True, slots=True)
class WordsRecord:
    """The word index: the name of its folder, and its files; none while a build changes them, and after a kill."""

    folder: str
    files: tuple[FileRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of `manifest.json`; `version` is the format on disk.

    `segments` are the vector files by ascending chunk ids. `numbered` is the highest number that any vector file had.
    """

    model: ModelCard
    segments: tuple[SegmentRecord, ...] = ()
    numbered: int = 0
    database: FileRecord | None = None
    words: WordsRecord | None = None
    version: int = SCHEMA_VERSION

    def save(self, folder: Path) -> None:
        """Replace the manifest on disk atomically and durably."""
        with replacing(folder / FILE) as file:
            file.write(self.encoded())

    def encoded(self) -> bytes:
        """The manifest as JSON, with its own checksum."""
        content = {"format": _FORMAT} | asdict(self)
        return json.dumps(content | {"checksum": _checksum(content)}).encode()

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read and check the manifest; raises LibraryNotFound, ForeignLibrary or DamagedLibrary."""
        check_not_a_file(folder)
        path = folder / FILE
        if not path.exists():
            if folder.is_dir() and holds_other_files(folder):
                raise LibraryNotFound(
                    f"there is no library in {folder}, which holds other files: name another folder with --index"
                )
            raise LibraryNotFound(
                f"there is no library in {folder}: build one with `seekpoint build SOURCE`, or name it with --index"
            )
        return cls.decoded(path.read_bytes(), folder)

    @classmethod
    def decoded(cls, data: bytes, folder: Path) -> Manifest:
        """Parse and check the JSON of the manifest in a folder; raises ForeignLibrary or DamagedLibrary."""
        try:
            content = parsed_json(data)
        except ValueError as error:
            raise damaged(folder, f"{FILE} isn't JSON any more") from error
        if not isinstance(content, dict):
            raise damaged(folder, f"{FILE} isn't a JSON object")
        checksum = content.pop("checksum", None)
        if content.get("format") != _FORMAT and checksum is None:
            raise ForeignLibrary(f"{folder / FILE} isn't a Seekpoint manifest: name another folder with --index")
        if checksum != _checksum(content):
            raise damaged(folder, f"{FILE} doesn't match its checksum")
        check_version(folder, content["version"] if content["format"] == _FORMAT else 0)
        segments, database, words = content["segments"], content["database"], content["words"]
        return cls(
            model=ModelCard(**content["model"]),
            segments=tuple(SegmentRecord(**record | {"file": FileRecord(**record["file"])}) for record in segments),
            words=words and WordsRecord(words["folder"], tuple(FileRecord(**record) for record in words["files"])),
            numbered=content["numbered"],
            database=database and FileRecord(**database),
            version=content["version"],
        )

    def with_current_model(self, connection: sqlite3.Connection) -> Manifest:
        """The manifest with the model that the database names; raises sqlite3.Error.

        If the two differ, a successor has taken over and was interrupted: the database is right, and the indexes, which
        are the old model's, are left out.
        """
        card = stored_model(connection) or self.model
        return self if card == self.model else replace(self, model=card, segments=(), words=None)

    @property
    def index_files(self) -> list[FileRecord]:
        """The files that can be made again from the database."""
        return [*(segment.file for segment in self.segments), *(self.words.files if self.words else ())]

    def unsealed(self) -> Manifest:
        """The manifest without the record of the database, as it is saved before the database changes."""
        return replace(self, database=None)

    def in_progress(self) -> Manifest:
        """The manifest without records of what a build changes in place: the database and the word index."""
        return replace(self, database=None, words=self.words and WordsRecord(self.words.folder))


def current_revision(folder: Path) -> Revision:
    """The revision of a library, from the file states of its manifest, its database and the database's journal."""

    def stamp(name: str) -> tuple[int, ...] | None:
        """The modification time, size and inode of a file; `None` if it is missing or empty."""
        try:
            stat = (folder / name).stat()
        except OSError:
            return None
        return (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat.st_size else None

    return Revision(stamp(FILE), (stamp(DATABASE), stamp(f"{DATABASE}-wal")))


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
