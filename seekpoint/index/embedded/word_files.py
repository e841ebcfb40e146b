"""The folder of a word index: tantivy's files, and the list of the transcripts that are indexed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from seekpoint.index.embedded import stored_terms
from seekpoint.index.embedded.chunk_ranges import Holdings, TranscriptSpan
from seekpoint.index.embedded.database import content_errors
from seekpoint.index.embedded.manifest import FileRecord, Manifest, WordsRecord
from seekpoint.index.embedded.word_index import Entry, WordIndex, engine_errors, new_index, update

TRANSCRIPTS = "transcripts"
"""The name of the list: the first chunk id of each transcript, ascending, in 64 bits."""

_ATTEMPTS = 3


def current(library: Path, manifest: Manifest, holdings: Holdings) -> tuple[WordIndex, NDArray[np.int64]] | None:
    """The index that a manifest names, or that a build has replaced it by, and the transcripts that it lacks.

    The engine creates a lock file beside its files. Where it mustn't, it gets a temporary folder of links to them, to
    be deleted at once, since the files are open by then. Raises ValueError if the index is damaged.
    """
    for _ in range(_ATTEMPTS):
        if manifest.words is None:
            return None
        folder, wanted = library / manifest.words.folder, holdings.first_chunks
        try:
            indexed = transcripts_in(folder)
            snapshot = partial(
                WordIndex,
                languages=holdings.spoken,
                hidden=_without(indexed, wanted).tolist(),
                has_all=not any(folder.glob("*.del")),
            )
            try:
                index = snapshot(opened(folder))
            except ValueError:
                from tempfile import TemporaryDirectory

                with TemporaryDirectory(prefix="seekpoint-", ignore_cleanup_errors=True) as links:
                    for path in files_in(folder):
                        appear(os.symlink, path.resolve(), Path(links) / path.name)
                    index = snapshot(opened(Path(links)))
            return index, _without(wanted, indexed)
        except (ValueError, FileNotFoundError) as error:
            newer = Manifest.load(library)
            if newer.words == manifest.words:
                raise ValueError(f"{folder.name} isn't as it was written") from error
            manifest = newer
    return None


def _without(ids: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ids that aren't among the others; both ascend. They are mostly equal, and comparing sets imports numpy.ma."""
    return ids[:0] if np.array_equal(ids, others) else np.setdiff1d(ids, others)


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
        shutil.copyfile(source, target)


# Bringing the word index up to date: a new folder without removed transcripts and with added ones.
#
# tantivy never changes a file after writing it, but for two small ones. So the new folder links to the files of the old
# one, which readers may go on using. The manifest names the new folder afterwards, so a kill leaves either of them.

_PREFIX = "words-"
_REPLACED = ("meta.json", ".managed.json")


def seal(
    folder: Path,
    connection: sqlite3.Connection,
    manifest: Manifest,
    holdings: Holdings,
    progress: Callable[[int], None] = lambda chunks: None,
) -> Manifest:
    """Write a word index unless the current one has just the library's transcripts; returns the manifest that names it.

    Old folders aren't deleted. Raises DamagedLibrary if the stored terms are damaged, OSError if the disk fails.
    """
    wanted = holdings.first_chunks
    former = folder / manifest.words.folder if manifest.words else None
    indexed = transcripts_in(former) if former else wanted[:0]
    if former and np.array_equal(wanted, indexed):
        return manifest
    taken = [int(path.name.removeprefix(_PREFIX)) for path in folder.glob(f"{_PREFIX}[0-9]*")]
    target = folder / f"{_PREFIX}{max(taken, default=0) + 1}"
    removed, added = np.setdiff1d(indexed, wanted).tolist(), set(np.setdiff1d(wanted, indexed).tolist())
    spans = [span for span in holdings.transcripts if span.first in added]
    total = -1
    with suppress(ValueError):  # the former index is damaged, or the disk has failed once
        total = update(_created(target, former), removed, entries(folder, connection, spans, progress))
    if total != len(holdings.alive):  # the former index wasn't what its list says
        try:
            total = update(_created(target, None), (), entries(folder, connection, holdings.transcripts))
        except ValueError as error:  # a new index is only written
            raise OSError("the search engine can't write its files") from error
    assert total == len(holdings.alive)
    return replace(manifest, words=_finished(target, wanted, manifest.words))


def _created(folder: Path, former: Path | None) -> tantivy.Index:
    """Make a folder with an index to add to: an empty one, or one with the contents of the former folder's."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if former is None:
        return new_index(str(folder))
    for path in files_in(former):
        if path.name in _REPLACED:
            shutil.copyfile(path, folder / path.name)
        elif path.name != TRANSCRIPTS:
            appear(os.link, path, folder / path.name)
    return opened(folder)


def _finished(folder: Path, transcripts: NDArray[np.int64], former: WordsRecord | None) -> WordsRecord:
    """Complete a folder with the list of its transcripts; returns its record. Files of the former aren't read again."""
    (folder / TRANSCRIPTS).write_bytes(transcripts.astype("<i8").tobytes())  # `tofile` ignores a full disk
    for name in _REPLACED:  # the engine lets only their owner read them
        shutil.copymode(folder / TRANSCRIPTS, folder / name)
    known = {Path(record.name).name: record for record in former.files} if former else {}
    records = []
    for path in files_in(folder):
        name, stat, record = f"{folder.name}/{path.name}", path.stat(), known.get(path.name)
        if record and (record.size, record.modified) == (stat.st_size, stat.st_mtime_ns):
            records.append(replace(record, name=name))
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            records.append(FileRecord.of(path, name))
    return WordsRecord(folder.name, tuple(records))


def entries(
    library: Path,
    connection: sqlite3.Connection,
    spans: Sequence[TranscriptSpan],
    progress: Callable[[int], None] = lambda chunks: None,
) -> Iterator[Entry]:
    """The chunks of some transcripts; raises DamagedLibrary, to tell damaged terms from a failure of the engine."""
    with content_errors(library):
        stored = stored_terms.terms_of(connection, [(span.first, span.stop) for span in spans])
        for span in spans:
            chunks = list(islice(stored, span.stop - span.first))
            if len(chunks) < span.stop - span.first:
                raise ValueError("a transcript has fewer chunks than it should")
            yield from ((chunk, span.first, span.language, terms) for chunk, terms in chunks)
            progress(len(chunks))
