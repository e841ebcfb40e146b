"""The one door to what is stored: a library, open for reading.

A reader sees one moment of the library, whatever a build commits meanwhile: a database snapshot, and the vector file
that the manifest names. Chunks that are newer than that file (a build is at work, or was killed) are searched beside
it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from index import database, translations
from index.answers import Filters
from index.catalogue import Catalogue
from index.database import explained
from index.errors import DamagedLibrary, LibraryNotFound
from index.languages import primary
from index.manifest import Manifest
from index.types import Cue, ModelCard, Origin, StoredChunk, Transcript

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from index.lexicon import Lexicon
    from index.types import Pieces
    from index.vector_store import VectorStore

_OPEN_ATTEMPTS = 3
_FIRST_WITH_TRANSLATIONS = 5
_FIRST_WITH_PLACES = 7


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
        if manifest.vectors and manifest.vectors.count:
            manifest.vectors.file.check(folder, database.BUILD_MENDS)
        if not (folder / database.FILE).exists():
            raise database.damaged(folder, f"{database.FILE} is missing")
        library = cls(folder, database.connect(folder, writable=False), manifest)
        with explained(folder):
            library._connection.execute("BEGIN")
            library._connection.execute("SELECT count(*) FROM setting").fetchone()  # the snapshot starts here
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

    # What was said

    def cues(self, transcript_id: int, first: int, stop: int) -> list[Cue]:
        """Cues `first` up to, not including, `stop` of a transcript."""
        rows = self._query(
            f"""SELECT start, end, text {", anchor, page, is_reference" if self._has_places else ""} FROM cue
               WHERE transcript_id = ? AND position >= ? AND position < ? ORDER BY position""",
            transcript_id,
            first,
            stop,
        )
        return [Cue(*row[:5], *map(bool, row[5:])) for row in rows]

    @cached_property
    def _has_places(self) -> bool:
        return self._version >= _FIRST_WITH_PLACES

    def transcripts(self, resource_id: str) -> list[Transcript]:
        """The transcripts of a resource."""
        rows = self._query("SELECT id, language, origin FROM transcript WHERE resource_id = ? ORDER BY id", resource_id)
        return [
            Transcript(row["language"], Origin(row["origin"]), tuple(self.cues(row["id"], 0, sys.maxsize)))
            for row in rows
        ]

    def pieces(self, chunk_ids: Sequence[int], margin: float) -> dict[int, Pieces]:
        """The pieces of each chunk and of so many seconds before and after it; none where none are stored.

        They begin with the one that the first of these seconds lies in.
        """
        from index import pieces

        if not self._has_pieces:
            return pieces.none(chunk_ids, self.card.dimension)
        with explained(self.folder):
            return pieces.around(self._connection, chunk_ids, margin, self.card.dimension)

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """The chunks of those ids that are here."""
        rows = self._query(
            f"""SELECT chunk.id, transcript_id, resource_id, language, first, stop, start, end
                      {", is_reference" if self._has_places else ""}
               FROM chunk JOIN transcript ON transcript.id = chunk.transcript_id
               WHERE chunk.id IN (SELECT value FROM json_each(?))""",
            json.dumps(list(ids)),
        )
        return {row["id"]: StoredChunk(*row[:8], *map(bool, row[8:])) for row in rows}

    def chunks_of(self, resource_ids: Iterable[str]) -> list[int]:
        """The chunks of those resources."""
        rows = self._query(
            """SELECT chunk.id FROM chunk JOIN transcript ON transcript.id = transcript_id
               WHERE resource_id IN (SELECT value FROM json_each(?))""",
            json.dumps(list(resource_ids)),
        )
        return [row["id"] for row in rows]

    def chunk_ids(self, filters: Filters) -> list[int] | None:
        """The chunks that a filter keeps; `None` for all."""
        if filters == Filters():
            return None
        rows = self._query(
            """SELECT chunk.id AS id, language, resource_id, kind
               FROM chunk JOIN transcript ON transcript.id = chunk.transcript_id
                          JOIN resource ON resource.id = resource_id"""
        )
        listings = self._listings() if filters.section else {}
        return [
            row["id"]
            for row in rows
            if (not filters.resource or filters.resource == row["resource_id"])
            and (not filters.kind or filters.kind == row["kind"])
            and (not filters.language or primary(filters.language) == primary(row["language"]))
            and (not filters.section or listings[row["resource_id"]].is_under(filters.section))
        ]

    # Searching

    @cached_property
    def vectors(self) -> VectorStore:
        """The vectors, for searching by meaning."""
        from index.vector_store import VectorStore

        return VectorStore(self.folder, self._connection, self._manifest)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The terms, for searching by words."""
        from index.lexicon import Lexicon

        return Lexicon(self.folder, self._connection)

    @cached_property
    def languages(self) -> set[str]:
        """The primary subtags of what can be searched."""
        return {primary(row["language"]) for row in self._query("SELECT DISTINCT language FROM transcript")}

    @cached_property
    def spoken(self) -> dict[str, NDArray[np.int64]]:
        """The chunks of each language, by ascending id."""
        import numpy as np

        found: dict[str, list[int]] = {language: [] for language in self.languages}
        rows = self._query(
            """SELECT language, json_group_array(chunk.id) AS ids
               FROM chunk JOIN transcript ON transcript.id = transcript_id GROUP BY language"""
        )
        for row in rows:
            found[primary(row["language"])] += json.loads(row["ids"])
        return {language: np.sort(np.array(ids, np.int64)) for language, ids in found.items()}

    def translations(self, source: str, target: str, words: Sequence[str]) -> dict[str, translations.Alternatives]:
        """What those of the words mean that the library has a translation of."""
        if self._version < _FIRST_WITH_TRANSLATIONS:
            return {}
        with explained(self.folder):
            return translations.lookup(self._connection, source, target, words)
