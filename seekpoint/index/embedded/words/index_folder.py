"""The folder of a word index: tantivy's files, and the list of the transcripts that are indexed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import tantivy

from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.words.word_index import Engine, engine_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRANSCRIPTS = "transcripts"
"""The name of the list: the first chunk id of each transcript, ascending, in 64 bits."""

_ATTEMPTS = 3


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


def transcripts_in(folder: Path) -> NDArray[np.int64]:
    """The indexed transcripts by first chunk id, ascending; raises OSError."""
    return np.fromfile(folder / TRANSCRIPTS, "<i8").astype(np.int64)


def opened(folder: Path) -> tantivy.Index:
    """The index in a folder, where the engine may create its lock file; raises ValueError."""
    with engine_errors():
        return tantivy.Index.open(str(folder))


def files_in(folder: Path) -> list[Path]:
    """The files of an index but for the engine's locks."""
    return sorted(path for path in folder.iterdir() if path.suffix != ".lock")


def appear(link: Callable[[Path, Path], None], source: Path, target: Path) -> None:
    """Link a file, or copy it where the system has no such links."""
    try:
        link(source, target)
    except OSError:
        from shutil import copyfile

        copyfile(source, target)


def _readable(folder: Path) -> Engine:
    """Open an index for reading.

    The engine creates a lock file beside its files. Where it mustn't, it gets a temporary folder of links to them, to
    be deleted at once, since the files are open by then.
    """
    has_all = not any(folder.glob("*.del"))
    try:
        return Engine.of(opened(folder), has_all=has_all)
    except ValueError:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="seekpoint-", ignore_cleanup_errors=True) as links:
            for path in files_in(folder):
                appear(os.symlink, path.resolve(), Path(links) / path.name)
            return Engine.of(opened(Path(links)), has_all=has_all)
