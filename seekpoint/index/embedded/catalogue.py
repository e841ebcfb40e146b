"""The resources of a library: how the reading lists name them, under which headings, and the state of each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from seekpoint.files import parsed_json
from seekpoint.index.embedded import database
from seekpoint.index.embedded.database import decoding, library_errors, transaction
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.errors import LibraryError
from seekpoint.index.reasons import Reason
from seekpoint.index.records.stored_rows import (
    KEPT_COLUMNS,
    STANDINGS,
    Listing,
    amounts_of,
    details_of,
    listings_of,
    moment_of,
    resource_of,
    sections_of,
    standings_of,
    status_of,
    values_of,
)
from seekpoint.index.store import LISTED, Amounts
from seekpoint.index.types import (
    Details,
    KeptMoment,
    Kind,
    Playlist,
    PlaylistEntry,
    Resource,
    ResourceStatus,
    Section,
    Standing,
)


class Catalogue:
    """Reads the resources, listings, playlists and settings of a library from its database."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection

    @decoding
    def statuses(self, ids: Collection[str] | None = None) -> list[ResourceStatus]:
        """Every resource with its state, or those with the given ids, in the order of the lists."""
        listings = self._listings(ids)
        rows = self._query(
            f"""SELECT resource.*, min(origin) AS origin, group_concat(DISTINCT language) AS languages,
                       coalesce(sum(held.chunks), 0) AS chunks,
                       (SELECT chapters FROM transcript WHERE resource_id = resource.id ORDER BY id LIMIT 1)
                         AS chapters,
                       iif(kind IN ('video', 'recording'), coalesce(max(held.seconds), 0.0), 0.0) AS seconds
                FROM resource LEFT JOIN transcript AS held ON resource_id = resource.id
                {"" if ids is None else "WHERE resource.id IN (SELECT value FROM json_each(?))"}
                GROUP BY resource.id""",
            *([] if ids is None else [json.dumps(list(ids))]),
        )
        statuses = {row["id"]: status_of(row, listings[row["id"]]) for row in rows}
        return [statuses[resource_id] for resource_id in listings]

    @decoding
    def order(self) -> list[str]:
        """Every resource's id, in the order of the lists."""
        rows = self._query(
            """SELECT resource_id FROM listing AS here
               WHERE listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id)
               ORDER BY listed DESC, source, position, path"""
        )
        return list(dict.fromkeys(row["resource_id"] for row in rows))

    @decoding
    def amounts(self) -> Amounts:
        """How much there is, counted without reading each resource."""
        return amounts_of(self._query)

    @decoding
    def listed_under(self, words: str) -> set[str]:
        """The ids of the resources under any heading that contains these words, ignoring case."""
        paths = [row["path"] for row in self._query("SELECT DISTINCT path FROM listing")]
        matching = [path for path in paths if any(words.casefold() in part.casefold() for part in parsed_json(path))]
        rows = self._query(
            """SELECT DISTINCT resource_id FROM listing AS here WHERE path IN (SELECT value FROM json_each(?))
               AND (listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id))""",
            json.dumps(matching),
        )
        return {row["resource_id"] for row in rows}

    @decoding
    def sections(self) -> list[Section]:
        """Every list's heading paths in its order, with the resources there.

        Resources that have left every list come last.
        """
        # Sections are ordered by the entries that are listed there for the first time (`again` is 0).
        rows = self._query(
            """SELECT iif(listed, source, '') AS source, path, named_by, resource_id, state,
                      position > min(position) OVER (PARTITION BY listed, source, resource_id) AS again
               FROM listing AS here JOIN resource ON resource.id = resource_id
               WHERE listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id)
               ORDER BY listed DESC, here.source, again, position, path"""
        )
        return sections_of(rows)

    @decoding
    def resources(self, ids: Collection[str]) -> dict[str, Resource]:
        """Resources by id; ids that the library doesn't have are left out."""
        rows = self._query("SELECT * FROM resource WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))
        listings = self._listings(ids)
        return {row["id"]: resource_of(row, listings[row["id"]]) for row in rows}

    @decoding
    def details(self, ids: Collection[str]) -> dict[str, Details]:
        """The details that the sources gave of resources, by id; unknown ids are left out."""
        rows = self._query(
            "SELECT id, details FROM resource WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids))
        )
        return {row["id"]: details_of(row["details"]) for row in rows}

    @decoding
    def standings(self) -> dict[str, Standing]:
        """The state of each resource, what its transcripts were made from, and when to try again."""
        return standings_of(self._query(f"{STANDINGS} ORDER BY resource.rowid"))

    @decoding
    def playlists(self, only: str | None = None) -> dict[str, Playlist]:
        """What each playlist and channel held when it was last listed, by its id; `only` limits this to one id."""
        rows = self._query("SELECT id, details FROM resource WHERE kind = ? AND inputs = ?", Kind.PLAYLIST, LISTED)
        titles = {row["id"]: details_of(row["details"]).title or "" for row in rows if only in (None, row["id"])}
        entries: dict[str, list[PlaylistEntry]] = {playlist_id: [] for playlist_id in titles}
        videos = self._query(
            """SELECT * FROM playlist_entry WHERE playlist_id IN (SELECT value FROM json_each(?))
               ORDER BY playlist_id, position""",
            json.dumps(list(titles)),
        )
        for row in videos:
            resource = Resource(row["resource_id"], Kind(row["kind"]), row["title"], row["url"])
            entries[row["playlist_id"]].append(PlaylistEntry(resource, row["fault"] and Reason.stored(row["fault"])))
        return {playlist_id: Playlist(title, tuple(entries[playlist_id])) for playlist_id, title in titles.items()}

    @decoding
    def setting(self, name: str) -> str | None:
        """A value that an earlier build stored under this name, or `None`."""
        return database.setting(self._connection, name)

    def _listings(self, ids: Collection[str] | None = None) -> dict[str, Listing]:
        """The listing of each resource, or of those with the given ids, in the order of the lists.

        Resources that have left every list come last.
        """
        only = "" if ids is None else "AND resource_id IN (SELECT value FROM json_each(?))"
        rows = self._query(
            f"""SELECT * FROM listing AS here
                WHERE (listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id))
                {only} ORDER BY listed DESC, source, position, path""",
            *([] if ids is None else [json.dumps(list(ids))]),
        )
        return listings_of(rows)

    def _query(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._connection.execute(sql, values).fetchall()


# What people keep: reading it, and changing it beside the one writer of a library.
#
# A keeper doesn't take the writer's lock, since a build may hold that for hours. SQLite's lock is enough: a change is
# one short transaction, and in it the manifest's record of the database is taken out, as a writer does.

_INSERT = f"INSERT INTO kept ({KEPT_COLUMNS}) VALUES ({', '.join('?' * 15)}) ON CONFLICT DO NOTHING"


class EmbeddedKeeper:
    """A library in a folder, open for changes of what is kept; `store.Keeper` documents the methods."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a library; raises LibraryError, also for one in which damage was found."""
        with library_errors(folder):
            Manifest.load(folder)
            database.check_exists(folder)
        if (folder / database.DAMAGE_MARK).exists():  # mending may replace the whole database
            raise LibraryError(f"the library {folder} is damaged, so nothing can be kept. {database.BUILD_MENDS}")
        return cls(folder, database.connect(folder, writable=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def keep(self, moment: KeptMoment) -> None:
        with self._change():
            self._connection.execute(_INSERT, values_of(moment))

    def annotate(self, resource_id: str, place: str, note: str, collection: str) -> bool:
        with self._change():
            changed = self._connection.execute(
                "UPDATE kept SET note = ?, collection = ? WHERE (resource_id, place) = (?, ?)",
                (note, collection, resource_id, place),
            )
            return changed.rowcount > 0

    def drop(self, resource_id: str, place: str) -> None:
        with self._change():
            self._connection.execute("DELETE FROM kept WHERE (resource_id, place) = (?, ?)", (resource_id, place))

    @contextmanager
    def _change(self) -> Iterator[None]:
        with library_errors(self._folder), transaction(self._connection):
            manifest = Manifest.load(self._folder)
            if manifest.database:
                manifest.unsealed().save(self._folder)
            yield


def read_kept(connection: sqlite3.Connection) -> list[KeptMoment]:
    """The kept moments, in the order in which they were kept."""
    return [moment_of(row) for row in connection.execute("SELECT * FROM kept ORDER BY added, resource_id, place")]


def move_kept(connection: sqlite3.Connection, resource_id: str, target: Resource) -> None:
    """Let what is kept of a resource belong to another one; within the caller's transaction."""
    connection.execute(
        """UPDATE kept SET resource_id = :target, kind = :kind, url = :url WHERE resource_id = :old
           AND place NOT IN (SELECT place FROM kept WHERE resource_id = :target)""",
        {"target": target.id, "kind": target.kind, "url": target.url, "old": resource_id},
    )
