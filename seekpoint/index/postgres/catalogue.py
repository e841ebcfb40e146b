"""The resources of a library: how the reading lists name them, under which headings, and the state of each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from seekpoint.files import parsed_json
from seekpoint.index.address import ServerAddress
from seekpoint.index.postgres import schema
from seekpoint.index.postgres.session import Session, connect
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


class ServerCatalogue:
    """Reads the resources, listings, playlists and settings of a library."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def statuses(self, ids: Collection[str] | None = None) -> list[ResourceStatus]:
        """Every resource with its state, or those with the given ids, in the order of the lists."""
        listings = self._listings(ids)
        rows = self._session.records(
            """SELECT resource.*, held.*,
                      (SELECT chapters FROM transcript WHERE resource_id = resource.id ORDER BY id LIMIT 1)
                        AS chapters,
                      CASE WHEN kind IN ('video', 'recording') THEN held.longest ELSE 0 END AS seconds
               FROM resource, LATERAL (
                 SELECT min(origin COLLATE "C") AS origin, string_agg(DISTINCT language, ',') AS languages,
                        coalesce(sum(chunks), 0)::int AS chunks, coalesce(max(seconds), 0) AS longest
                 FROM transcript WHERE resource_id = resource.id) AS held
               WHERE %s OR resource.id = ANY(%s)""",
            ids is None,
            list(ids or ()),
        )
        statuses = {row["id"]: status_of(row, listings[row["id"]]) for row in rows}
        return [statuses[resource_id] for resource_id in listings]

    def order(self) -> list[str]:
        """Every resource's id, in the order of the lists."""
        rows = self._session.rows(
            """SELECT resource_id FROM listing AS here
               WHERE listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id)
               ORDER BY listed DESC, source, position, path"""
        )
        return list(dict.fromkeys(resource_id for (resource_id,) in rows))

    def amounts(self) -> Amounts:
        """How much there is, counted without reading each resource."""
        return amounts_of(self._session.rows)

    def listed_under(self, words: str) -> list[str]:
        """The ids of the resources under any heading that contains these words, ignoring case."""
        paths = [path for (path,) in self._session.rows("SELECT DISTINCT path FROM listing")]
        matching = [path for path in paths if any(words.casefold() in part.casefold() for part in parsed_json(path))]
        rows = self._session.rows(
            """SELECT DISTINCT resource_id FROM listing AS here WHERE path = ANY(%s)
               AND (listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id))""",
            matching,
        )
        return [resource_id for (resource_id,) in rows]

    def sections(self) -> list[Section]:
        """Every list's heading paths in its order; resources that have left every list come last."""
        # Sections are ordered by the entries that are listed there for the first time (`again` is false).
        rows = self._session.records(
            """SELECT CASE WHEN listed THEN source ELSE '' END AS source, path, named_by, resource_id, state,
                      position > min(position) OVER (PARTITION BY listed, source, resource_id) AS again
               FROM listing AS here JOIN resource ON resource.id = resource_id
               WHERE listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id)
               ORDER BY listed DESC, here.source, again, position, path"""
        )
        return sections_of(rows)

    def resources(self, ids: Collection[str]) -> dict[str, Resource]:
        """Resources by id; ids that the library doesn't have are left out."""
        rows = self._session.records("SELECT * FROM resource WHERE id = ANY(%s)", list(ids))
        listings = self._listings(ids)
        return {row["id"]: resource_of(row, listings[row["id"]]) for row in rows}

    def details(self, ids: Collection[str]) -> dict[str, Details]:
        """The details that the sources gave of resources, by id; unknown ids are left out."""
        rows = self._session.rows("SELECT id, details FROM resource WHERE id = ANY(%s)", list(ids))
        return {resource_id: details_of(details) for resource_id, details in rows}

    def standings(self) -> dict[str, Standing]:
        """The state of each resource, what its transcripts were made from, and when to try again."""
        return standings_of(self._session.records(f"{STANDINGS} ORDER BY number"))

    def playlists(self, only: str | None = None) -> dict[str, Playlist]:
        """What each playlist and channel held when it was last listed, by its id; `only` limits this to one id."""
        rows = self._session.rows(
            "SELECT id, details FROM resource WHERE kind = %s AND inputs = %s AND (%s::text IS NULL OR id = %s)",
            Kind.PLAYLIST.value,
            LISTED,
            only,
            only,
        )
        titles = {playlist_id: details_of(details).title or "" for playlist_id, details in rows}
        entries: dict[str, list[PlaylistEntry]] = {playlist_id: [] for playlist_id in titles}
        videos = self._session.records(
            "SELECT * FROM playlist_entry WHERE playlist_id = ANY(%s) ORDER BY playlist_id, position", list(titles)
        )
        for row in videos:
            resource = Resource(row["resource_id"], Kind(row["kind"]), row["title"], row["url"])
            entries[row["playlist_id"]].append(PlaylistEntry(resource, row["fault"] and Reason.stored(row["fault"])))
        return {playlist_id: Playlist(title, tuple(entries[playlist_id])) for playlist_id, title in titles.items()}

    def setting(self, name: str) -> str | None:
        """A value that an earlier build stored under this name, or `None`."""
        rows = self._session.rows("SELECT value FROM setting WHERE name = %s", name)
        return rows[0][0] if rows else None

    def _listings(self, ids: Collection[str] | None = None) -> dict[str, Listing]:
        """The listing of each resource, or of those with the given ids; those on no list any more come last."""
        rows = self._session.records(
            """SELECT * FROM listing AS here
               WHERE (listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id))
               AND (%s OR resource_id = ANY(%s)) ORDER BY listed DESC, source, position, path""",
            ids is None,
            list(ids or ()),
        )
        return listings_of(rows)


_INSERT = f"INSERT INTO kept ({KEPT_COLUMNS}) VALUES ({', '.join(['%s'] * 15)}) ON CONFLICT DO NOTHING"
# How long a writer's own transaction is waited for, as in a folder.
_WAIT_SECONDS = 10.0


class PostgresKeeper:
    """A library on a server, open for changes of what is kept; `store.Keeper` documents the methods."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @classmethod
    def open(cls, address: ServerAddress) -> Self:
        """Open a library; raises LibraryError."""
        session = connect(address)
        try:
            schema.check(session)
            keeper = cls(session)
            keeper.wait_for_writers(_WAIT_SECONDS)
        except BaseException:
            session.close()
            raise
        return keeper

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def wait_for_writers(self, seconds: float) -> None:
        """Set how long a change waits for the transaction of a writer, before it raises LockedLibrary."""
        self._session.rows("SELECT set_config('lock_timeout', %s, false)", f"{seconds}s")

    def keep(self, moment: KeptMoment) -> None:
        with self._change():
            self._session.run(_INSERT, *values_of(moment))

    def annotate(self, resource_id: str, place: str, note: str, collection: str) -> bool:
        with self._change():
            changed = self._session.rows(
                "UPDATE kept SET note = %s, collection = %s WHERE (resource_id, place) = (%s, %s) RETURNING 1",
                note,
                collection,
                resource_id,
                place,
            )
            return bool(changed)

    def drop(self, resource_id: str, place: str) -> None:
        with self._change():
            self._session.run("DELETE FROM kept WHERE (resource_id, place) = (%s, %s)", resource_id, place)

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._session.transaction():
            yield
            self._session.run("UPDATE meta SET committed = committed + 1")


def read_kept(session: Session) -> list[KeptMoment]:
    """The kept moments, in the order in which they were kept; raises ValueError."""
    return [moment_of(row) for row in session.records("SELECT * FROM kept ORDER BY added, resource_id, place")]


def move_kept(session: Session, resource_id: str, target: Resource) -> None:
    """Let what is kept of a resource belong to another one; within the caller's transaction."""
    session.run(
        """UPDATE kept SET resource_id = %s, kind = %s, url = %s WHERE resource_id = %s
           AND place NOT IN (SELECT place FROM kept WHERE resource_id = %s)""",
        target.id,
        target.kind.value,
        target.url,
        resource_id,
        target.id,
    )
