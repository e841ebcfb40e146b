"""What the lists name, under which headings, and where each resource stands."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from seekpoint.index.embedded.database import library_errors
from seekpoint.index.sections import Section
from seekpoint.index.store import LISTED
from seekpoint.index.types import (
    Chapter,
    Details,
    Kind,
    Origin,
    Playlist,
    PlaylistEntry,
    Resource,
    ResourceStatus,
    Standing,
    State,
)


class Listing(NamedTuple):
    """How the lists name a resource, and under which headings."""

    title: str
    sections: tuple[tuple[str, ...], ...]


class Catalogue:
    """What the lists name and where each resource stands, read from the database."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self._folder = folder
        self._connection = connection

    def statuses(self) -> list[ResourceStatus]:
        """Every resource, in the lists' order, with its state."""
        listings = self._listings()
        rows = self._query(
            """SELECT resource.*, min(origin) AS origin, group_concat(DISTINCT language) AS languages,
                       coalesce(sum(held.chunks), 0) AS chunks,
                       iif(kind IN ('video', 'recording'), coalesce(max(held.seconds), 0.0), 0.0) AS seconds
                FROM resource LEFT JOIN transcript AS held ON resource_id = resource.id
                GROUP BY resource.id"""
        )
        found = {row["id"]: _status(row, listings[row["id"]]) for row in rows}
        return [found[resource_id] for resource_id in listings]

    def listed_under(self, words: str) -> set[str]:
        """The resources under any heading that has these words, whatever their case."""
        headings = [row["path"] for row in self._query("SELECT DISTINCT path FROM listing")]
        under = [path for path in headings if any(words.casefold() in part.casefold() for part in json.loads(path))]
        rows = self._query(
            """SELECT DISTINCT resource_id FROM listing AS here WHERE path IN (SELECT value FROM json_each(?))
               AND (listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id))""",
            json.dumps(under),
        )
        return {row["resource_id"] for row in rows}

    def sections(self) -> list[Section]:
        """Every list's heading paths in its order, with what stands there; what has left every list comes last."""
        # An entry that comes up again doesn't tell where its second section begins.
        rows = self._query(
            """SELECT iif(listed, source, '') AS source, path, resource_id, state,
                      position > min(position) OVER (PARTITION BY listed, source, resource_id) AS again
               FROM listing AS here JOIN resource ON resource.id = resource_id
               WHERE listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id)
               ORDER BY listed DESC, here.source, again, position, path"""
        )
        found: dict[tuple[str, str], dict[str, State]] = {}
        for row in rows:
            found.setdefault((row["source"], row["path"]), {})[row["resource_id"]] = State(row["state"])
        return [Section(source, tuple(json.loads(path)), entries) for (source, path), entries in found.items()]

    def resources(self, ids: Collection[str]) -> dict[str, Resource]:
        """The resources of those ids that are here."""
        rows = self._query("SELECT * FROM resource WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))
        listings = self._listings(ids)
        return {row["id"]: _resource(row, listings[row["id"]]) for row in rows}

    def details(self, ids: Collection[str]) -> dict[str, Details]:
        """What the sources said about the resources of those ids that are here."""
        rows = self._query(
            "SELECT id, details FROM resource WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids))
        )
        return {row["id"]: _details(row["details"]) for row in rows}

    def standings(self) -> dict[str, Standing]:
        """Where each resource stands."""
        rows = self._query("SELECT id, state, inputs, retry_after FROM resource")
        return {row["id"]: Standing(State(row["state"]), row["inputs"], row["retry_after"]) for row in rows}

    def playlists(self, only: str | None = None) -> dict[str, Playlist]:
        """What each playlist and channel held when it was last listed, by its id; or one of them."""
        rows = self._query("SELECT id, details FROM resource WHERE kind = ? AND inputs = ?", Kind.PLAYLIST, LISTED)
        titles = {row["id"]: _details(row["details"]).title or "" for row in rows if only in (None, row["id"])}
        entries: dict[str, list[PlaylistEntry]] = {playlist_id: [] for playlist_id in titles}
        held = self._query(
            """SELECT * FROM playlist_entry WHERE playlist_id IN (SELECT value FROM json_each(?))
               ORDER BY playlist_id, position""",
            json.dumps(list(titles)),
        )
        for row in held:
            resource = Resource(row["resource_id"], Kind(row["kind"]), row["title"], row["url"])
            entries[row["playlist_id"]].append(PlaylistEntry(resource, row["fault"]))
        return {playlist_id: Playlist(title, tuple(entries[playlist_id])) for playlist_id, title in titles.items()}

    def setting(self, name: str) -> str | None:
        """A value that was kept for the next build."""
        rows = self._query("SELECT value FROM setting WHERE name = ?", name)
        return rows[0]["value"] if rows else None

    def _listings(self, ids: Collection[str] | None = None) -> dict[str, Listing]:
        """How each resource is listed, or those of some ids, in the lists' order, what has left them last."""
        found: dict[str, Listing] = {}
        only = "" if ids is None else "AND resource_id IN (SELECT value FROM json_each(?))"
        rows = self._query(
            f"""SELECT * FROM listing AS here
                WHERE (listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id))
                {only} ORDER BY listed DESC, source, position, path""",
            *([] if ids is None else [json.dumps(list(ids))]),
        )
        for row in rows:
            title, sections = found.get(row["resource_id"], Listing("", ()))
            path = tuple(json.loads(row["path"]))
            found[row["resource_id"]] = Listing(
                title or row["title"], sections if path in sections or not path else (*sections, path)
            )
        return found

    def _query(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with library_errors(self._folder):
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
