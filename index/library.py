"""The one door to what is stored: a library, open for reading.

A reader sees one moment of the library, whatever a build commits meanwhile: a database snapshot, and the vector file
that the manifest names. Chunks that are newer than that file (a build is at work, or was killed) are searched beside
it.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from index import database
from index.database import explained
from index.errors import DamagedLibrary, LibraryNotFound
from index.languages import primary
from index.manifest import Manifest
from index.types import (
    Chapter,
    Cue,
    Details,
    Filters,
    Kind,
    ModelCard,
    Origin,
    Resource,
    ResourceStatus,
    State,
    StoredChunk,
)

if TYPE_CHECKING:
    from index.vector_store import VectorStore

_OPEN_ATTEMPTS = 3


class Listing(NamedTuple):
    """How the lists name a resource, and under which headings."""

    title: str
    sections: tuple[tuple[str, ...], ...]


class Library:
    """A library, open for reading; use it as a context manager."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, manifest: Manifest) -> None:
        self.folder = folder
        self._connection = connection
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

    # What is on the list, and where it stands

    def statuses(self) -> list[ResourceStatus]:
        """Every resource, in the lists' order, with its state."""
        listings = self._listings()
        rows = self._query(
            """SELECT resource.*, min(transcript.origin) AS origin,
                      group_concat(DISTINCT transcript.language) AS languages,
                      count(chunk.id) AS chunks, coalesce(max(chunk.end), 0.0) AS seconds
               FROM resource LEFT JOIN transcript ON transcript.resource_id = resource.id
                             LEFT JOIN chunk ON chunk.transcript_id = transcript.id
               GROUP BY resource.id"""
        )
        found = {row["id"]: _status(row, listings[row["id"]]) for row in rows}
        return [found[resource_id] for resource_id in listings]

    def resources(self, ids: Sequence[str]) -> dict[str, Resource]:
        """The resources of those ids that are here."""
        rows = self._query("SELECT * FROM resource WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))
        listings = self._listings()
        return {row["id"]: _resource(row, listings[row["id"]]) for row in rows}

    def details(self, resource_id: str) -> Details:
        """What the source said about a resource."""
        rows = self._query("SELECT details FROM resource WHERE id = ?", resource_id)
        return _details(rows[0]["details"]) if rows else Details()

    def _listings(self) -> dict[str, Listing]:
        """How each resource is listed, in the lists' order, what has left them last."""
        found: dict[str, Listing] = {}
        rows = self._query(
            """SELECT * FROM listing AS here
               WHERE listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id)
               ORDER BY listed DESC, source, position, path"""
        )
        for row in rows:
            title, sections = found.get(row["resource_id"], Listing("", ()))
            path = tuple(json.loads(row["path"]))
            found[row["resource_id"]] = Listing(
                title or row["title"], sections if path in sections or not path else (*sections, path)
            )
        return found

    # What was said

    def cues(self, transcript_id: int, first: int, stop: int) -> list[Cue]:
        """Cues `first` up to, not including, `stop` of a transcript."""
        rows = self._query(
            """SELECT start, end, text FROM cue
               WHERE transcript_id = ? AND position >= ? AND position < ? ORDER BY position""",
            transcript_id,
            first,
            stop,
        )
        return [Cue(*row) for row in rows]

    def chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        """The chunks of those ids that are here."""
        rows = self._query(
            """SELECT chunk.id, transcript_id, resource_id, language, first, stop, start, end
               FROM chunk JOIN transcript ON transcript.id = chunk.transcript_id
               WHERE chunk.id IN (SELECT value FROM json_each(?))""",
            json.dumps(list(ids)),
        )
        return {row["id"]: StoredChunk(*row) for row in rows}

    def chunk_ids(self, filters: Filters) -> list[int] | None:
        """The chunks that a filter keeps; `None` for all."""
        if not (filters.kind or filters.section or filters.language):
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
            if (not filters.kind or filters.kind == row["kind"])
            and (not filters.language or primary(filters.language) == primary(row["language"]))
            and (not filters.section or _stands_under(listings[row["resource_id"]], filters.section))
        ]

    # Searching

    @cached_property
    def vectors(self) -> VectorStore:
        """The vectors, for searching by meaning."""
        from index.vector_store import VectorStore

        return VectorStore(self.folder, self._connection, self._manifest)

    def term_weights(self, terms: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each term that the library knows, as FTS5's bm25 weighs it."""
        (total,) = self._query("SELECT count(*) FROM chunk")[0]
        weights = {}
        for term in dict.fromkeys(terms):
            rows = self._query("SELECT doc FROM vocabulary WHERE term = ?", term)
            if rows:
                found = rows[0]["doc"]
                weights[term] = max(math.log((total - found + 0.5) / (found + 0.5)), 1e-6)
        return weights

    def lexical(self, terms: Sequence[str], k: int, keep: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The k chunks that match the terms best, as (chunk id, BM25), best first."""
        if not terms:
            return []
        match = " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
        limit = "" if keep is None else "AND rowid IN (SELECT value FROM json_each(:keep))"
        with explained(self.folder):
            rows = self._connection.execute(
                f"SELECT rowid, -rank FROM lexicon WHERE lexicon MATCH :match {limit} ORDER BY rank LIMIT :k",
                {"match": match, "k": k, "keep": json.dumps(list(keep or ()))},
            ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def _query(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with explained(self.folder):
            return self._connection.execute(sql, values).fetchall()


def _resource(row: sqlite3.Row, listing: Listing) -> Resource:
    title = listing.title or _details(row["details"]).title or row["url"]
    return Resource(row["id"], Kind(row["kind"]), title, row["url"], listing.sections)


def _status(row: sqlite3.Row, listing: Listing) -> ResourceStatus:
    return ResourceStatus(
        resource=_resource(row, listing),
        state=State(row["state"]),
        reason=row["reason"],
        retry_after=row["retry_after"],
        languages=tuple(sorted(row["languages"].split(","))) if row["languages"] else (),
        transcript=Origin(row["origin"]) if row["origin"] else None,
        chunks=row["chunks"],
        seconds=row["seconds"],
    )


def _details(text: str) -> Details:
    values = json.loads(text)
    chapters = tuple(Chapter(**chapter) for chapter in values.pop("chapters", ()))
    return Details(**values, chapters=chapters)


def _stands_under(listing: Listing, words: str) -> bool:
    return any(words.casefold() in heading.casefold() for path in listing.sections for heading in path)
