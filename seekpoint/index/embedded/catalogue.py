"""What the lists name, under which headings, and where each resource stands."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from seekpoint.index.embedded.database import explained
from seekpoint.index.types import (
    Chapter,
    Details,
    Kind,
    Origin,
    Playlist,
    PlaylistEntry,
    Resource,
    ResourceStatus,
    State,
)

LISTED = "listed"
"""The `inputs` of what a listing alone tells: a playlist that was listed, and a video that it says can't be had."""

WITHOUT_PIECES = "without pieces"
"""The setting of a library whose model gives no parts of passages, so that there are no pieces to be stored."""


class Listing(NamedTuple):
    """How the lists name a resource, and under which headings."""

    title: str
    sections: tuple[tuple[str, ...], ...]


class Standing(NamedTuple):
    """Where a resource stands: what its transcripts were made from, and when to try again (Unix seconds)."""

    state: State
    inputs: str | None = None
    retry_after: float | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether its transcripts can be searched."""
        return self.state is State.INDEXED


class Section(NamedTuple):
    """The entries under one heading path of a list, by id; `source` is empty for what has left every list."""

    source: str
    path: tuple[str, ...]
    entries: dict[str, State]

    @property
    def states(self) -> Counter[State]:
        """How many entries are in which state."""
        return Counter(self.entries.values())


def union(sections: Iterable[Section], source: str = "", path: tuple[str, ...] = ()) -> Section:
    """Several sections as one, where a resource that stands in more than one of them counts once."""
    return Section(source, path, {key: state for section in sections for key, state in section.entries.items()})


def outlined(sections: Iterable[Section]) -> Iterator[tuple[int, str, Section | None]]:
    """Each section's depth and heading, under the headings above it, which may have no entries of their own."""
    above: tuple[str, ...] = ()
    for section in sections:
        path = section.path or ("(no heading)",)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(above, path, strict=False)))
        for depth in range(shared, len(path) - 1):
            yield depth, path[depth], None
        yield len(path) - 1, path[-1], section
        above = path


class Catalogue:
    """The part of a library that answers without its vectors."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
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

    def resources(self, ids: Sequence[str]) -> dict[str, Resource]:
        """The resources of those ids that are here."""
        rows = self._query("SELECT * FROM resource WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))
        listings = self._listings(ids)
        return {row["id"]: _resource(row, listings[row["id"]]) for row in rows}

    def details(self, resource_id: str) -> Details:
        """What the source said about a resource."""
        return self.details_by_id([resource_id]).get(resource_id, Details())

    def details_by_id(self, ids: Sequence[str]) -> dict[str, Details]:
        """What the sources said about the resources of those ids that are here."""
        rows = self._query(
            "SELECT id, details FROM resource WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids))
        )
        return {row["id"]: _details(row["details"]) for row in rows}

    def standings(self) -> dict[str, Standing]:
        """Where each resource stands."""
        rows = self._query("SELECT id, state, inputs, retry_after FROM resource")
        return {row["id"]: Standing(State(row["state"]), row["inputs"], row["retry_after"]) for row in rows}

    def editions(self) -> dict[str, str]:
        """What tells of each resource whether it has the same transcripts as before, in the order of the chunks."""
        rows = self._query("SELECT resource_id, first_chunk, chunks, seconds FROM transcript ORDER BY first_chunk")
        found: dict[str, list[tuple[float, ...]]] = {}
        for resource_id, *edition in rows:  # chunks that are stored anew get ids that were never given before
            found.setdefault(resource_id, []).append(tuple(edition))
        return {resource_id: json.dumps(editions) for resource_id, editions in found.items()}

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

    def sources(self) -> list[str]:
        """Every list that names something here."""
        return [row["source"] for row in self._query("SELECT DISTINCT source FROM listing WHERE listed")]

    def setting(self, name: str) -> str | None:
        """A value that was kept for the next build."""
        rows = self._query("SELECT value FROM setting WHERE name = ?", name)
        return rows[0]["value"] if rows else None

    def _listings(self, ids: Sequence[str] | None = None) -> dict[str, Listing]:
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
