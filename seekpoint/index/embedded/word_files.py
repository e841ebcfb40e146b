"""The folder of a word index, in which the engine commits and merges by itself.

Any of its states serves any snapshot of the library: transcripts that only the index has are hidden, and those that it
lacks are indexed in memory. So readers need no copy of it while a build changes it.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import tantivy

from seekpoint.index.embedded import stored_terms
from seekpoint.index.embedded.chunk_ranges import Holdings, TranscriptSpan
from seekpoint.index.embedded.database import FILE as DATABASE
from seekpoint.index.embedded.database import content_errors
from seekpoint.index.embedded.manifest import FileRecord, Manifest, WordsRecord
from seekpoint.index.embedded.word_index import Entry, WordIndex, engine_errors, new_index, update

_PREFIX = "words-"
# The files that the engine replaces, and lets only their owner read.
_REPLACED = ("meta.json", ".managed.json")


def current(library: Path, manifest: Manifest, holdings: Holdings) -> WordIndex | None:
    """The index that a manifest names, or that a build has replaced it by; `None` if a build is making it.

    Raises ValueError if the index is damaged.
    """
    words = manifest.words
    for _ in range(2):
        if words is None:
            return None
        try:
            return _snapshot(library / words.folder, holdings)
        except (ValueError, OSError):
            words = Manifest.load(library).words
            if words and not words.files:
                return None
    raise ValueError("it isn't as it was written")


def _snapshot(folder: Path, holdings: Holdings) -> WordIndex:
    """The index in a folder as it is now.

    The engine creates a lock file beside its files. Where it mustn't, it gets a temporary folder of links to them, to
    be deleted at once, since the files are open by then.
    """
    opened = partial(WordIndex, languages=holdings.spoken, transcripts=holdings.first_chunks.tolist())
    try:
        return opened(_index(folder))
    except ValueError:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="seekpoint-", ignore_cleanup_errors=True) as links:
            for path in _files(folder):
                try:
                    (Path(links) / path.name).symlink_to(path.resolve())
                except OSError:  # a system without symbolic links
                    shutil.copyfile(path, Path(links) / path.name)
            return opened(_index(Path(links)))


def _index(folder: Path) -> tantivy.Index:
    with engine_errors():
        return tantivy.Index.open(str(folder))


def _files(folder: Path) -> list[Path]:
    """The files of an index but for the engine's locks."""
    return sorted(path for path in folder.iterdir() if path.suffix != ".lock")


def seal(
    folder: Path,
    connection: sqlite3.Connection,
    manifest: Manifest,
    holdings: Holdings,
    progress: Callable[[int], None] = lambda chunks: None,
) -> Manifest:
    """Bring the index up to date, or make a damaged one anew in another folder; returns the manifest that names it.

    Old folders aren't deleted. Raises DamagedLibrary if the stored terms are damaged, OSError if the disk fails.
    """

    def change(index: tantivy.Index) -> int:
        def added(transcripts: Collection[int]) -> Iterator[Entry]:
            spans = [span for span in holdings.transcripts if span.first in transcripts]
            return entries(folder, connection, spans, progress)

        return update(index, holdings.first_chunks.tolist(), added)

    if manifest.words:
        current = folder / manifest.words.folder
        with suppress(ValueError, FileNotFoundError):  # the index is damaged, or the disk has failed once
            if change(_index(current)) == len(holdings.alive):
                _let_others_read(current)
                return manifest
    taken = [int(path.name.removeprefix(_PREFIX)) for path in folder.glob(f"{_PREFIX}[0-9]*")]
    target = folder / f"{_PREFIX}{max(taken, default=0) + 1}"
    target.mkdir()
    try:
        change(new_index(str(target)))
    except ValueError as error:  # a new index is only written
        raise OSError("the search engine can't write its files") from error
    _let_others_read(target)
    return replace(manifest, words=WordsRecord(target.name))


def _let_others_read(folder: Path) -> None:
    for name in _REPLACED:
        shutil.copymode(folder.parent / DATABASE, folder / name)


def recorded(library: Path, words: WordsRecord, former: WordsRecord | None) -> WordsRecord:
    """The record with the files as they are; those that the former record knows aren't read again."""
    known = {record.name: record for record in former.files} if former else {}
    records = []
    for path in _files(library / words.folder):
        name, stat = f"{words.folder}/{path.name}", path.stat()
        record = known.get(name)
        if not record or (record.size, record.modified) != (stat.st_size, stat.st_mtime_ns):
            record = FileRecord.of(path, name)
        records.append(record)
    return replace(words, files=tuple(records))


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
