"""A library in a folder, open for reading: one consistent snapshot, even while a build commits.

The snapshot is a read transaction of the database and the indexes that the manifest names. Chunks that these lack (a
build is running, or was killed) are looked through one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import SqliteDatabase, library_errors
from seekpoint.index.embedded.manifest import Manifest, current_revision
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.settings import LibrarySettings
from seekpoint.index.sql.catalogue import Catalogue
from seekpoint.index.sql.passages import Passages
from seekpoint.index.sql.port import decoding
from seekpoint.index.store import Closing
from seekpoint.index.text.languages import primary
from seekpoint.index.text.stretches import stretch_id
from seekpoint.index.types import (
    CandidateQuery,
    Filters,
    Frequencies,
    Language,
    ModelCard,
    ReadStretch,
    Revision,
    Scope,
    Vectors,
    WordGroup,
)

if TYPE_CHECKING:
    from seekpoint.index.embedded.chunk_ranges import Holdings
    from seekpoint.index.embedded.vectors import VectorStore
    from seekpoint.index.embedded.word_search import WordSearch
    from seekpoint.index.sql.stored_vectors import Means


# Bytes. That is the whole file up to some 100,000 passages. There is a limit because mapped pages count as the
# process's memory.
_MOST_MAPPED = 1 << 28
_UNKNOWN = Revision(None, None)
# Stretches that a reader keeps decoded, some 13 KB each.
_MOST_READ = 2048
# As many times more chunks by meaning where those with some terms are excluded, since vector files don't know words.
_WHERE_SOME_ARE_EXCLUDED = 3


class EmbeddedLibrary:
    """The database and the indexes of a library in a folder; `store.Reader` documents the methods."""

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, manifest: Manifest, revision: Revision = _UNKNOWN
    ) -> None:
        self._folder = folder
        self._connection = connection
        self._manifest = manifest
        self.address, self.revision = folder, revision
        self.db = SqliteDatabase(folder, connection)

    @classmethod
    def open(cls, folder: Path, *, lasting: bool = False) -> Self:
        """Open a library, `lasting` for many questions; raises LibraryNotFound, ForeignLibrary or DamagedLibrary."""
        with library_errors(folder):
            manifest = Manifest.load(folder)
            for is_last in (False, False, True):
                try:
                    reader = cls._open(folder, manifest)
                    break
                except DamagedLibrary:  # try again if a build has replaced the manifest meanwhile
                    former, manifest = manifest, Manifest.load(folder)
                    if is_last or manifest == former:
                        raise
            if lasting:
                # This spares each question copying some hundred pages. If another process truncated a mapped file,
                # SIGBUS would kill the reader; builds never truncate it, nor vector files.
                reader._connection.execute(f"PRAGMA mmap_size = {_MOST_MAPPED}")
            return reader

    @classmethod
    def _open(cls, folder: Path, manifest: Manifest) -> Self:
        revision = current_revision(folder)  # first, so that a change during opening makes a later revision
        database.check_exists(folder)
        if manifest.database:
            manifest.database.check(folder)
        for file in manifest.index_files:  # the engines behind them crash on some damage
            file.check(folder, reads_all=(folder / database.DAMAGE_MARK).exists())
        connection = database.connect(folder, writable=False)
        with library_errors(folder):
            connection.execute("BEGIN")
            manifest = manifest.with_current_model(connection)  # the first read begins the snapshot
        return cls(folder, connection, manifest, revision)

    def close(self) -> None:
        self._connection.close()

    @property
    def card(self) -> ModelCard:
        return self._manifest.model

    def verify(self) -> None:
        from seekpoint.index.embedded.damage import verify

        verify(self._folder, self._connection, self._manifest)

    @property
    def settings(self) -> LibrarySettings:
        return LibrarySettings.read(self._setting)

    def _setting(self, name: str) -> str | None:
        with library_errors(self._folder):
            return database.setting(self._connection, name)

    @decoding
    def languages(self) -> Mapping[str, Language]:
        self.vectors, self.words  # noqa: B018 - opened on first use
        chunks, windows = self.means
        return {
            name: Language(len(ranges), chunks[name], windows.get(name), self.holdings.terms[name])
            for name, ranges in self.holdings.spoken.items()
        }

    @decoding
    def scope(self, filters: Filters, resources: Collection[str] | None = None) -> Scope:
        from seekpoint.index.embedded.chunk_ranges import RangeScope

        if filters == Filters() and resources is None:
            return RangeScope(None, len(self.holdings.alive))
        ids, language = Catalogue(self.db).kept_by(filters, resources), filters.language and primary(filters.language)
        ranges = self.holdings.where(
            lambda span: (
                (ids is None or span.resource_id in ids)
                and (not filters.kind or filters.kind == span.kind)
                and (not language or language == span.language)
            )
        )
        return RangeScope(ranges, len(ranges))

    @decoding
    def frequencies(self, terms: Collection[str], groups: Sequence[WordGroup] = ()) -> Frequencies:
        return Frequencies(self.words.frequencies(terms), self.words.group_frequencies(groups))

    @decoding
    def candidates(self, query: CandidateQuery) -> Sequence[int]:
        from seekpoint.index.embedded.chunk_ranges import Ranges, RangeScope
        from seekpoint.index.sql.candidates import candidates

        def nearest(vector: Vectors, k: int, keep: Ranges | None, without: Collection[str]) -> list[int]:
            most = _WHERE_SOME_ARE_EXCLUDED * k if without else k
            return [*map(int, self.vectors.nearest(vector, most, keep).chunks)]

        def kept(scope: Scope | None) -> Ranges | None:
            return cast("RangeScope", scope).ranges if scope is not None else None

        ids = candidates(query, self.words, nearest, kept, may_share=database.THREADS_MAY_SHARE)
        return [*compress(ids, self.holdings.alive.contains(ids))]

    def _numbers(self, terms: Collection[str]) -> Mapping[str, int]:
        from seekpoint.index.sql.transcripts import term_numbers

        return term_numbers(self.db, terms)

    @cached_property
    def words(self) -> WordSearch:
        from seekpoint.index.embedded.word_search import WordSearch

        return WordSearch(self._folder, self._connection, self._manifest, self.holdings)

    @cached_property
    def vectors(self) -> VectorStore:
        from seekpoint.index.embedded.vectors import VectorStore

        return VectorStore(self._folder, self._connection, self._manifest, self.holdings, self.means.chunks)

    @cached_property
    def holdings(self) -> Holdings:
        from seekpoint.index.embedded.chunk_ranges import Holdings

        return Holdings.stored(self._connection)

    @cached_property
    def means(self) -> Means:
        from seekpoint.index.embedded import stored_transcripts

        return stored_transcripts.language_means(self._connection, self.card)


class EmbeddedReader(EmbeddedLibrary, Passages, Catalogue, Closing):
    """A library in a folder, open for reading."""

    db: SqliteDatabase

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, manifest: Manifest, revision: Revision = _UNKNOWN
    ) -> None:
        super().__init__(folder, connection, manifest, revision)
        self._read: dict[tuple[str, str], ReadStretch | None] = {}

    def stretches(
        self, ids: Collection[str] | None = None, language: str = "", *, resources: Collection[str] | None = None
    ) -> list[ReadStretch]:
        """As `store.Reader` says; a snapshot keeps those that it has decoded, which many questions look up."""
        if ids is None:
            return super().stretches(resources=resources)
        read = self._read
        known = {key: read[key, language] for key in ids if (key, language) in read}
        if missing := [key for key in ids if key not in known]:
            found = {stretch_id(each.resource_id, each.number): each for each in super().stretches(missing, language)}
            known |= {key: found.get(key) for key in missing}
            self._read = read if len(read) <= _MOST_READ else {}  # others may be reading the old one
            self._read.update({(key, language): stretch for key, stretch in known.items()})
        return [stretch for key in sorted(known) if (stretch := known[key])]
