"""Search by words in one snapshot: the word index on disk, and one in memory of the chunks that it lacks.

In its folder the engine commits and merges by itself, and any state of it serves any snapshot of the library:
transcripts that only the index has are hidden, and those that it lacks (a build is running, or was killed) are indexed
in memory. So readers need no copy of it while a build changes it.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path

import tantivy

from seekpoint.background import in_background
from seekpoint.index.embedded import stored_transcripts
from seekpoint.index.embedded.chunk_ranges import Holdings, Ranges, TranscriptSpan
from seekpoint.index.embedded.database import FILE as DATABASE
from seekpoint.index.embedded.database import content_errors, damaged, library_errors
from seekpoint.index.embedded.manifest import FileRecord, Manifest, WordsRecord
from seekpoint.index.embedded.word_index import Entry, WordIndex, engine_errors, new_index, update
from seekpoint.index.types import Alternatives, WordGroup

_PREFIX = "words-"
# The files that the engine replaces, and lets only their owner read.
_REPLACED = ("meta.json", ".managed.json")


@dataclass(eq=False)
class WordSearch:
    """Counts and proposes the chunks of a snapshot by words. Raises DamagedLibrary."""

    _folder: Path
    _connection: sqlite3.Connection
    _manifest: Manifest
    _holdings: Holdings

    def frequencies(self, terms: Collection[str]) -> dict[str, int]:
        """The number of chunks with each term; terms that no chunk has are left out."""
        counts = {term: self._count(term) for term in dict.fromkeys(terms)}
        return {term: count for term, count in counts.items() if count}

    def group_frequencies(self, groups: Sequence[WordGroup]) -> list[int]:
        """The number of chunks of each group's language that have any of its alternatives; counted by two threads."""
        with self._errors():
            self._indexes  # noqa: B018 - opened by this thread
        half = len(groups) // 2
        with in_background(lambda: [*map(self._count, groups[:half])]) as first_half:
            rest = [*map(self._count, groups[half:])]
            return [*first_half(), *rest]

    def by_terms(
        self, weights: Mapping[str, float], k: int, keep: Ranges | None, without: Collection[str] = ()
    ) -> list[int]:
        """The ids of about the k best chunks by weighted terms; `sql.candidates.Words` describes the rest."""
        return self._best(lambda index: index.by_terms(weights), k, keep, without)

    def by_groups(
        self,
        groups: Sequence[tuple[WordGroup, float]],
        k: int,
        keep: Ranges | None,
        without: Collection[str] = (),
    ) -> list[int]:
        """The ids of about the k best chunks by weighted groups."""
        return self._best(lambda index: index.by_groups(groups), k, keep, without)

    def by_phrases(
        self,
        phrases: Sequence[Alternatives],
        weights: Mapping[str, float],
        k: int,
        keep: Ranges | None,
        without: Collection[str] = (),
    ) -> list[int]:
        """The ids of about the k best chunks, by weighted terms, that have all phrases."""
        return self._best(lambda index: index.by_phrases(phrases, weights), k, keep, without)

    def _best(
        self,
        queries: Callable[[WordIndex], list[tantivy.Query]],
        k: int,
        keep: Ranges | None,
        without: Collection[str],
    ) -> list[int]:
        """The ids of about the k best chunks by any query: those that `keep` keeps, `without` those with terms."""
        within = None if keep is None else self._holdings.transcripts_in(keep)
        with self._errors():
            proposals = [hit for index in self._indexes for hit in index.best(queries(index), k, within, without)]
        return [chunk for _, chunk in sorted(proposals, reverse=True)[:k]]

    def _count(self, sought: str | WordGroup) -> int:
        with self._errors():
            count = sum(index.count(sought) for index in self._indexes)
            if count > len(self._holdings.alive):
                raise ValueError("it counts more chunks than there are")
            return count

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with library_errors(self._folder), engine_errors():
                yield
        except ValueError as error:
            reason = " ".join(str(error).split())  # the engine's own may have several lines
            raise damaged(self._folder, f"its word index can't be read ({reason})") from error

    @cached_property
    def _indexes(self) -> list[WordIndex]:
        stored = _stored(self._folder, self._manifest, self._holdings)
        lacking = [span for span in self._holdings.transcripts if not stored or span.first in stored.lacking]
        indexes = [stored] if stored else []
        if lacking:
            in_memory, transcripts = new_index(), [span.first for span in lacking]
            update(in_memory, transcripts, lambda added: _entries(self._folder, self._connection, lacking))
            indexes.append(WordIndex(in_memory, self._holdings.spoken, transcripts))
        return indexes


def _stored(library: Path, manifest: Manifest, holdings: Holdings) -> WordIndex | None:
    """The index that a manifest names, or that a build has replaced it by; `None` if a build is making it.

    Raises ValueError if the index is damaged.
    """
    words = manifest.words
    for _ in range(2):
        if words is None:
            return None
        try:
            return _snapshot(library / words.folder, holdings)
        except (ValueError, FileNotFoundError):
            words = Manifest.load(library).words
            if words and not words.files:
                return None
    raise ValueError(f"{words.folder} isn't as it was written" if words else "its folder is gone")


def _snapshot(folder: Path, holdings: Holdings) -> WordIndex:
    """The index in a folder as it is now.

    The engine creates a lock file beside its files. Where it mustn't, it gets a temporary folder of links to them, to
    be deleted at once, since the files are open by then.
    """
    snapshot = partial(WordIndex, languages=holdings.spoken, transcripts=holdings.first_chunks.tolist())
    try:
        return snapshot(_opened(folder))
    except ValueError:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory(prefix="seekpoint-", ignore_cleanup_errors=True) as links:
            for path in _files(folder):
                try:
                    (Path(links) / path.name).symlink_to(path.resolve())
                except OSError:  # a system without symbolic links
                    shutil.copyfile(path, Path(links) / path.name)
            return snapshot(_opened(Path(links)))


def _opened(folder: Path) -> tantivy.Index:
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
            return _entries(folder, connection, spans, progress)

        return update(index, holdings.first_chunks.tolist(), added)

    if manifest.words:
        target = folder / manifest.words.folder
        with suppress(ValueError, FileNotFoundError):  # the index is damaged, or the disk has failed once
            try:
                if change(_opened(target)) == len(holdings.alive):
                    return manifest
            finally:
                _let_others_read(target)
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


def _entries(
    library: Path,
    connection: sqlite3.Connection,
    spans: Sequence[TranscriptSpan],
    progress: Callable[[int], None] = lambda chunks: None,
) -> Iterator[Entry]:
    """The chunks of some transcripts; raises DamagedLibrary, to tell damaged terms from a failure of the engine."""
    with content_errors(library):
        stored = stored_transcripts.terms_of(connection, [(span.first, span.stop) for span in spans])
        for span in spans:
            chunks = list(islice(stored, span.stop - span.first))
            if len(chunks) < span.stop - span.first:
                raise ValueError("a transcript has fewer chunks than it should")
            yield from ((chunk, span.first, span.language, terms) for chunk, terms in chunks)
            progress(len(chunks))
