"""The folder of a word index: tantivy's files, and the list of the transcripts that are indexed.

tantivy never changes a file after writing it, but for two small ones. So the folder of a newer index links to the files
of the older one, which readers may go on using.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tantivy

from seekpoint.index.embedded.manifest import FileRecord, Manifest, WordsRecord
from seekpoint.index.embedded.words.word_index import Engine, engine_errors, new_index

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PREFIX = "words-"
_TRANSCRIPTS = "transcripts"
_REPLACED = ("meta.json", ".managed.json")
_ATTEMPTS = 3


def unused(library: Path) -> Path:
    """A folder for a new index of a library."""
    taken = [int(path.name.removeprefix(_PREFIX)) for path in library.glob(f"{_PREFIX}[0-9]*")]
    return library / f"{_PREFIX}{max(taken, default=0) + 1}"


class StoredIndex(NamedTuple):
    """An index on disk, and the transcripts in it, by first chunk id in ascending order."""

    engine: Engine
    transcripts: NDArray[np.int64]


def current(library: Path, manifest: Manifest) -> StoredIndex | None:
    """The index that a manifest names, or that a build has replaced it by; raises ValueError if it is damaged."""
    for _ in range(_ATTEMPTS):
        if manifest.words is None:
            return None
        folder = library / manifest.words.folder
        try:
            return StoredIndex(_readable(folder), transcripts_in(folder))
        except (ValueError, FileNotFoundError) as error:
            newer = Manifest.load(library)
            if newer.words == manifest.words:
                raise ValueError(f"{folder.name} isn't as it was written") from error
            manifest = newer
    return None


def _readable(folder: Path) -> Engine:
    """Open an index for reading.

    The engine creates a lock file beside its files. Where it mustn't, it gets a temporary folder of links to them, to
    be deleted at once, since the files are open by then.
    """
    try:
        return Engine.of(_opened(folder))
    except ValueError:
        with tempfile.TemporaryDirectory(prefix="seekpoint-", ignore_cleanup_errors=True) as links:
            for path in _files(folder):
                _appear(os.symlink, path.resolve(), Path(links) / path.name)
            return Engine.of(_opened(Path(links)))


def create(folder: Path, former: Path | None) -> tantivy.Index:
    """Make a folder with an index to add to: an empty one, or one with the contents of the former folder's."""
    shutil.rmtree(folder, ignore_errors=True)  # a killed build may have left it
    folder.mkdir()
    if former is None:
        return new_index(str(folder))
    for path in _files(former):
        if path.name in _REPLACED:
            shutil.copyfile(path, folder / path.name)
        elif path.name != _TRANSCRIPTS:
            _appear(os.link, path, folder / path.name)
    return _opened(folder)


def transcripts_in(folder: Path) -> NDArray[np.int64]:
    """The indexed transcripts by first chunk id, ascending; raises OSError."""
    return np.fromfile(folder / _TRANSCRIPTS, "<i8").astype(np.int64)


def finish(folder: Path, transcripts: NDArray[np.int64], former: WordsRecord | None) -> WordsRecord:
    """Complete a folder with the list of its transcripts; returns its record. Files of the former aren't read again."""
    transcripts.astype("<i8").tofile(folder / _TRANSCRIPTS)
    for name in _REPLACED:  # the engine lets only their owner read them
        shutil.copymode(folder / _TRANSCRIPTS, folder / name)
    known = {Path(record.name).name: record for record in former.files} if former else {}
    records = (_record(path, known.get(path.name)) for path in _files(folder))
    return WordsRecord(folder.name, tuple(records))


def _record(path: Path, former: FileRecord | None) -> FileRecord:
    name, stat = f"{path.parent.name}/{path.name}", path.stat()
    if former and (former.size, former.modified) == (stat.st_size, stat.st_mtime_ns):
        return FileRecord(name, former.size, former.sha256, former.modified)
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return FileRecord.of(path, name)


def _opened(folder: Path) -> tantivy.Index:
    with engine_errors():
        return tantivy.Index.open(str(folder))


def _files(folder: Path) -> list[Path]:
    """The files of an index but for the engine's locks."""
    return sorted(path for path in folder.iterdir() if path.suffix != ".lock")


def _appear(link: Callable[[Path, Path], None], source: Path, target: Path) -> None:
    """Link a file, or copy it where the system has no such links."""
    try:
        link(source, target)
    except OSError:
        shutil.copyfile(source, target)
