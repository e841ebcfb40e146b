"""The one door to what is stored: a library, open for reading.

A reader sees one moment of the library, whatever a build commits meanwhile: a database snapshot, and the vector files
that the manifest names. Chunks that none of these has (a build is at work, or was killed) are searched beside them.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seekpoint.index.embedded import cue_blocks, database, succession, translations
from seekpoint.index.embedded.catalogue import Catalogue
from seekpoint.index.embedded.database import explained
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import DamagedLibrary, LibraryNotFound
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Cue, Filters, ModelCard, Origin, StoredChunk, Transcript

if TYPE_CHECKING:
    from seekpoint.index.embedded.chunk_ranges import Ranges
    from seekpoint.index.embedded.holdings import Holdings
    from seekpoint.index.embedded.vectors.language_sums import Means
    from seekpoint.index.embedded.vectors.search import VectorStore
    from seekpoint.index.embedded.words.lexicon import Lexicon
    from seekpoint.index.embedded.words.synonyms import Synonyms
    from seekpoint.index.types import Pieces

_OPEN_ATTEMPTS = 3


class Library(Catalogue):
    """A library, open for reading; use it as a context manager."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, manifest: Manifest) -> None:
        super().__init__(folder, connection)
        self._manifest = manifest

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a library; raises LibraryNotFound, ForeignLibrary or DamagedLibrary."""
        with explained(folder):
            return cls._open_settled(folder)

    @classmethod
    def _open_settled(cls, folder: Path) -> Self:
        if not folder.is_dir() or not any(folder.iterdir()):
            raise LibraryNotFound(
                f"there is no library in {folder}: build one with `seekpoint build SOURCE`, or name it with --index"
            )
        for attempt in range(_OPEN_ATTEMPTS):
            manifest = Manifest.load(folder)
            try:
                return cls._open(folder, manifest)
            except DamagedLibrary:  # or a build that replaced a file meanwhile
                if attempt == _OPEN_ATTEMPTS - 1 or Manifest.load(folder) == manifest:
                    raise
        raise AssertionError("unreachable")

    @classmethod
    def _open(cls, folder: Path, manifest: Manifest) -> Self:
        if manifest.database:
            manifest.database.check(folder)
        for segment in manifest.segments:
            segment.file.check(folder, database.BUILD_MENDS)
        if not (folder / database.FILE).exists():
            raise database.damaged(folder, f"{database.FILE} is missing")
        library = cls(folder, database.connect(folder, writable=False), manifest)
        with explained(folder):
            library._connection.execute("BEGIN")
            library._manifest = succession.settled(manifest, library._connection)  # the snapshot starts here
        return library

    @classmethod
    def open_to_stay(cls, folder: Path) -> Self:
        """Open a library that is going to be asked again and again, in more memory; raises as `open` does."""
        library = cls.open(folder)
        with explained(folder):
            database.map_into_memory(library._connection)
        return library

    def close(self) -> None:
        """Let go of the library's files."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def card(self) -> ModelCard:
        """The model that made the vectors."""
        return self._manifest.model

    def verify(self) -> None:
        """Read all that is stored; raises DamagedLibrary for what isn't as it was written."""
        from seekpoint.index.embedded.verification import verify

        verify(self.folder, self._connection, self._manifest)

    # What was said

    def cues(self, transcript_id: int, first: int, stop: int) -> list[Cue]:
        """Cues `first` up to, not including, `stop` of a transcript."""
        try:
            with explained(self.folder):
                return cue_blocks.read(self._connection, transcript_id, first, stop)
        except ValueError as error:
            raise database.damaged(self.folder, f"in {database.FILE}, {error}") from error

    def transcripts(self, resource_id: str) -> list[Transcript]:
        """The transcripts of a resource."""
        rows = self._query("SELECT id, language, origin FROM transcript WHERE resource_id = ? ORDER BY id", resource_id)
        return [
            Transcript(row["language"], Origin(row["origin"]), tuple(self.cues(row["id"], 0, sys.maxsize)))
            for row in rows
        ]

    def pieces(self, chunks: Sequence[StoredChunk], margin: float) -> dict[int, Pieces]:
        """The pieces of each chunk and of so many seconds before and after it; none where none are stored.

        They begin with the one that the first of these seconds lies in.
        """
        from seekpoint.index.embedded.pieces import quantisation as pieces

        with explained(self.folder):
            return pieces.around(self._connection, chunks, margin, self.card)

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """The chunks of those ids that are here."""
        rows = self._query(
            """SELECT chunk.id, transcript_id, resource_id, language, first, stop, start, end, is_reference
               FROM chunk JOIN transcript ON transcript.id = chunk.transcript_id
               WHERE chunk.id IN (SELECT value FROM json_each(?))""",
            json.dumps(list(ids)),
        )
        return {row["id"]: StoredChunk(*row) for row in rows}

    def kept(self, filters: Filters) -> Ranges | None:
        """The chunks that a filter keeps; `None` for all."""
        if filters == Filters():
            return None
        listed = self.listed_under(filters.section) if filters.section else set()
        return self.holdings.where(
            lambda one: (
                (not filters.resource or filters.resource == one.resource_id)
                and (not filters.kind or filters.kind == one.kind)
                and (not filters.language or primary(filters.language) == one.language)
                and (not filters.section or one.resource_id in listed)
            )
        )

    @cached_property
    def holdings(self) -> Holdings:
        """Which chunks belong to which transcript."""
        return self._read_holdings()

    def _read_holdings(self) -> Holdings:
        from seekpoint.index.embedded.holdings import Holdings

        return Holdings.of(
            self._query(
                """SELECT first_chunk, chunks, language, resource_id, kind
                   FROM transcript JOIN resource ON resource.id = resource_id"""
            )
        )

    # Searching

    @cached_property
    def vectors(self) -> VectorStore:
        """The vectors, for searching by meaning."""
        from seekpoint.index.embedded.vectors.search import VectorStore

        return VectorStore(self.folder, self._connection, self._manifest, self.holdings, self._read_means())

    def _read_means(self) -> Means:
        with explained(self.folder):
            from seekpoint.index.embedded.vectors import language_sums

            return language_sums.means(self._connection, self.card.name)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The terms, for searching by words."""
        from seekpoint.index.embedded.words.lexicon import Lexicon

        return Lexicon(self.folder, self._connection, self.holdings.alive)

    @cached_property
    def synonyms(self) -> Synonyms:
        """Words by their translations, for searching in another language."""
        from seekpoint.index.embedded.words.synonyms import Synonyms

        return Synonyms(self.lexicon, self.holdings.spoken)

    @property
    def languages(self) -> Collection[str]:
        """The primary subtags of what can be searched."""
        return self.holdings.spoken.keys()

    def names(self, question_terms: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
        """The ids of resources with what they are called, as terms, as far as a question of these terms may say it."""
        from seekpoint.index.embedded import titles as names

        with explained(self.folder):
            return [*names.candidates(self._connection, question_terms)]

    def translations(self, source: str, target: str, words: Sequence[str]) -> dict[str, translations.Alternatives]:
        """What those of the words mean that the library has a translation of."""
        with explained(self.folder):
            return translations.lookup(self._connection, source, target, words)
