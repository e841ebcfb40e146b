"""The catalogue of a library: resources, listings, playlists, settings and kept moments, for both backends."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from seekpoint.files import parsed_json
from seekpoint.index.reasons import Reason, row_of
from seekpoint.index.settings import LibrarySettings, encoded
from seekpoint.index.sql.names import update_titles
from seekpoint.index.sql.stored_rows import (
    KEPT_COLUMNS,
    Database,
    decode_chapters,
    details_of,
    details_text,
    moment_of,
    time_of,
    values_of,
)
from seekpoint.index.store import LISTED, Due, Reader, Successor, Writer
from seekpoint.index.text.languages import primary
from seekpoint.index.types import (
    Amounts,
    Cue,
    CueSpan,
    Details,
    Filters,
    KeptMoment,
    Kind,
    NamedBy,
    Origin,
    Playlist,
    PlaylistEntry,
    Resource,
    ResourceStatus,
    Section,
    Standing,
    State,
    Transcript,
)

# A feed's inputs go on with its version.
_LISTED = f"substr(inputs, 1, {len(LISTED)}) = '{LISTED}'"
# The listings that count: those on the lists, and those that were there of resources that have left every list.
_CURRENT = "(listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id))"
_SECONDS = """
    SELECT coalesce(sum(longest), 0) FROM (
      SELECT max(seconds) AS longest FROM transcript JOIN resource ON resource.id = resource_id
      WHERE kind IN ('video', 'recording') GROUP BY resource_id) AS talks"""
_SPOKEN = """
    SELECT DISTINCT kind, language FROM transcript JOIN resource ON resource.id = resource_id
    WHERE state = 'indexed' AND transcript.chunks > 0"""
_STANDINGS = f"""
    SELECT id, state, inputs, retry_after,
           EXISTS (SELECT 1 FROM listing WHERE resource_id = id)
             AND NOT EXISTS (SELECT 1 FROM listing WHERE resource_id = id AND named_by <> '{NamedBy.IMPORT}')
    FROM resource ORDER BY """
_ALIASES = "SELECT name, value FROM setting WHERE name = 'aliases'"
# Sections are ordered by the entries that are listed there for the first time (`again` is false).
_SECTIONS = f"""
    SELECT CASE WHEN listed THEN source ELSE '' END AS source, path, named_by, resource_id, state,
           position > min(position) OVER (PARTITION BY listed, source, resource_id) AS again
    FROM listing AS here JOIN resource ON resource.id = resource_id
    WHERE {_CURRENT} ORDER BY listed DESC, here.source, again, position, path"""


class Catalogue:
    """Reads the catalogue of a library; `store.Reader` documents the methods. They raise ValueError and the like."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def statuses(self, ids: Collection[str] | None = None) -> list[ResourceStatus]:
        listings, held = self._listings(ids), dict[str, list[Sequence[Any]]]()
        of_resource = "SELECT resource_id, language, origin, chunks, seconds, chapters FROM transcript"
        for resource_id, *transcript in self._some(of_resource, "resource_id", ids, "ORDER BY id"):
            held.setdefault(resource_id, []).append(transcript)
        found: dict[str, ResourceStatus] = {}
        aliases = {str(name): str(text) for name, text in self._db.rows(_ALIASES)}
        led_there = LibrarySettings.read(aliases.get).listed
        rows = self._some("SELECT id, kind, url, state, reason, retry_after, details FROM resource", "id", ids)
        for resource_id, kind, url, state, reason, retry_after, stored in rows:
            details, transcripts = details_of(stored), held.get(resource_id, ())
            title, sections = listings[resource_id]
            resource = Resource(
                resource_id, Kind(kind), title or details.title or url, url, sections, details.deep_link
            )
            made = decode_chapters(transcripts[0][-1]) if transcripts and not details.chapters else ()
            found[resource_id] = ResourceStatus(
                resource=resource,
                state=State(state),
                reason=Reason.stored(reason) if reason else None,
                retry_after=time_of(retry_after),
                languages=tuple(sorted({language for language, *_ in transcripts})),
                transcript=min((Origin(origin) for _, origin, *_ in transcripts), default=None),
                chunks=sum(chunks for _, _, chunks, *_ in transcripts),
                seconds=max((seconds for *_, seconds, _ in transcripts), default=0.0) if resource.kind.plays else 0.0,
                chapters=(details.chapters or made) if resource.kind.plays else (),
                details=details,
                listed=led_there.get(url, ()),
            )
        return [found[resource_id] for resource_id in listings]

    def amounts(self) -> Amounts:
        states = dict.fromkeys(State, 0)
        for state, number in self._db.rows("SELECT state, count(*) FROM resource GROUP BY state"):
            states[State(state)] = number
        [(chunks,)] = self._db.rows("SELECT coalesce(sum(chunks), 0) FROM transcript")
        [(seconds,)], spoken = self._db.rows(_SECONDS), self._db.rows(_SPOKEN)
        kinds = {kind for kind, _ in spoken}
        languages = sorted({primary(language) for _, language in spoken})
        return Amounts(states, int(chunks), float(seconds), [kind for kind in Kind if kind in kinds], languages)

    def sections(self) -> list[Section]:
        sections: dict[tuple[str, str], Section] = {}
        for source, path, named_by, resource_id, state, _ in self._db.rows(_SECTIONS):
            if (source, path) not in sections:
                sections[source, path] = Section(source, tuple(parsed_json(path)), {}, NamedBy(named_by))
            sections[source, path].entries[resource_id] = State(state)
        return list(sections.values())

    def playlists(self, only: Collection[str] | None = None) -> dict[str, Playlist]:
        """The contents of each playlist and channel when it was last listed, by id; `only` limits them to some ids."""
        listed = f"SELECT id, details FROM resource WHERE kind = '{Kind.PLAYLIST}' AND {_LISTED}"
        titles = {
            playlist_id: details_of(details).title or ""
            for playlist_id, details in self._db.rows(listed)
            if only is None or playlist_id in only
        }
        entries: dict[str, list[PlaylistEntry]] = {playlist_id: [] for playlist_id in titles}
        for playlist_id, resource_id, kind, title, url, fault in self._db.rows(
            """SELECT playlist_id, resource_id, kind, title, url, fault FROM playlist_entry
               WHERE playlist_id IN ?* ORDER BY playlist_id, position""",
            list(titles),
        ):
            entries[playlist_id].append(
                PlaylistEntry(Resource(resource_id, Kind(kind), title, url), fault and Reason.stored(fault))
            )
        return {playlist_id: Playlist(title, tuple(entries[playlist_id])) for playlist_id, title in titles.items()}

    def standings(self) -> dict[str, Standing]:
        return {
            resource_id: Standing(State(state), inputs, time_of(retry_after), is_foreign=bool(is_foreign))
            for resource_id, state, inputs, retry_after, is_foreign in self._db.rows(_STANDINGS + self._db.added)
        }

    def kept(self) -> list[KeptMoment]:
        rows = self._db.rows(f"SELECT {KEPT_COLUMNS} FROM kept ORDER BY added, resource_id, place")
        return [moment_of(row) for row in rows]

    def transcripts(
        self,
        resource_id: str,
        language: str | None,
        first: int,
        stop: int,
        read: Callable[[Sequence[CueSpan]], Sequence[Sequence[Cue]]],
    ) -> list[Transcript]:
        """The transcripts of a resource, whose cues `read` reads."""
        query = "SELECT id, language, origin, chapters FROM transcript WHERE resource_id = ? ORDER BY id"
        rows = [row for row in self._db.rows(query, resource_id) if language in (None, row[1])]
        cues = read([CueSpan(row[0], max(first, 0), stop) for row in rows])
        return [
            Transcript(spoken, Origin(origin), tuple(said), decode_chapters(chapters))
            for (_, spoken, origin, chapters), said in zip(rows, cues, strict=True)
        ]

    def listed_under(self, words: str) -> set[str]:
        """The ids of the resources under any heading that contains these words, ignoring case."""
        paths = [path for (path,) in self._db.rows("SELECT DISTINCT path FROM listing")]
        matching = [path for path in paths if any(words.casefold() in part.casefold() for part in parsed_json(path))]
        rows = self._db.rows(f"SELECT resource_id FROM listing AS here WHERE path IN ?* AND {_CURRENT}", matching)
        return {resource_id for (resource_id,) in rows}

    def spoken_by(self, filters: Filters) -> set[str]:
        """The ids of the resources in which someone speaks whom a filter names."""
        stored = self._db.rows("SELECT id, details FROM resource")
        return {key for key, text in stored if any(map(filters.is_spoken_by, details_of(text).speakers))}

    def _listings(self, ids: Collection[str] | None) -> dict[str, tuple[str, tuple[tuple[str, ...], ...]]]:
        """Each resource's title on the lists and its heading paths, in their order; those on no list come last.

        A list on the web gives no title to a resource that another list, which comes first, names without one.
        """
        rows = self._some(
            f"SELECT resource_id, title, path, source FROM (SELECT * FROM listing AS here WHERE {_CURRENT}) AS current",
            "resource_id",
            ids,
            "ORDER BY listed DESC, source, position, path",
        )
        listings: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {}
        first: dict[str, str] = {}
        for resource_id, listed, text, source in rows:
            title, sections = listings.get(resource_id, ("", ()))
            is_first = first.setdefault(resource_id, source) == source
            listed = listed if is_first or "://" not in source else ""
            path = tuple(parsed_json(text))
            sections = sections if path in sections or not path else (*sections, path)
            listings[resource_id] = (title or listed, sections)
        return listings

    def _some(self, query: str, column: str, ids: Collection[str] | None, order: str = "") -> Sequence[Sequence[Any]]:
        """The rows of all resources, or of those with the given ids."""
        if ids is None:
            return self._db.rows(f"{query} {order}")
        return self._db.rows(f"{query} WHERE {column} IN ?* {order}", list(ids))


@dataclass(eq=False)
class Changes:
    """Changes a catalogue in blocks of `change`, as `store.Writer` says; `forget` deletes a resource's transcripts."""

    _db: Database
    _change: Callable[[], AbstractContextManager[None]]
    _forget: Callable[[str], None]

    def register(self, source: str, resources: Sequence[Resource], named_by: NamedBy = NamedBy.OWNER) -> None:
        entries = ((resource, path) for resource in resources for path in resource.sections or ((),))
        rows = {
            (resource.id, json.dumps(path, ensure_ascii=False)): (position, resource.title)
            for position, (resource, path) in enumerate(entries)
        }
        query = "SELECT resource_id, path, position, title, named_by FROM listing WHERE source = ? AND listed"
        listed = self._db.rows(query, source)
        stored = {(resource_id, path): (position, title) for resource_id, path, position, title, _ in listed}
        if rows == stored and all(row[-1] == named_by for row in listed):
            return
        with self._change():
            self._add(resources)
            self._db.run("UPDATE listing SET listed = false WHERE source = ?", source)
            ids = [resource.id for resource in resources]
            self._db.run("DELETE FROM listing WHERE source = ? AND resource_id IN ?*", source, ids)
            self._db.add(
                "listing (named_by, source, resource_id, path, position, title)",
                [(named_by.value, source, *key, *value) for key, value in rows.items()],
            )
            before, now = ({(key[0], title) for key, (_, title) in state.items()} for state in (stored, rows))
            update_titles(self._db, {resource_id for resource_id, _ in before ^ now})

    def keep_playlist(self, playlist_id: str, playlist: Playlist, inputs: str = LISTED) -> None:
        query = "SELECT 1 FROM resource WHERE id = ? AND reason IS NULL AND inputs = ?"
        if (
            self._db.rows(query, playlist_id, inputs)
            and Catalogue(self._db).playlists([playlist_id]).get(playlist_id) == playlist
        ):
            return
        with self._change():
            self._db.run("DELETE FROM playlist_entry WHERE playlist_id = ?", playlist_id)
            self._db.add(
                "playlist_entry (playlist_id, position, resource_id, kind, url, title, fault)",
                [
                    (playlist_id, position, video.id, video.kind.value, video.url, video.title, row_of(entry.fault))
                    for position, entry in enumerate(playlist.entries)
                    for video in (entry.resource,)
                ],
            )
            # An episode of a podcast stays the same where its address changes.
            addresses = [(entry.resource.url, entry.resource.id, entry.resource.url) for entry in playlist.entries]
            self._db.run_many("UPDATE resource SET url = ? WHERE id = ? AND url <> ?", addresses)
            self.set_indexed(playlist_id, inputs, Details(title=playlist.title or None))

    def remove(self, ids: Collection[str] = (), unlisted_by: Collection[str] = ()) -> int:
        gone = self._db.rows(
            f"SELECT resource_id FROM listing AS here WHERE NOT listed AND source IN ?* AND {_CURRENT}",
            list(unlisted_by),
        )
        all_ids = dict.fromkeys([*ids, *(resource_id for (resource_id,) in gone)])
        if all_ids:
            with self._change():
                for resource_id in all_ids:
                    self._forget(resource_id)
                    self._db.run("DELETE FROM resource WHERE id = ?", resource_id)
        return len(all_ids)

    def move(self, resource_id: str, target: Resource) -> None:
        with self._change():
            self._add([target])
            self._db.run(
                """DELETE FROM listing WHERE resource_id = ? AND (source, path) IN (
                     SELECT source, path FROM listing WHERE resource_id = ? AND listed)""",
                target.id,
                resource_id,
            )
            self._db.run("UPDATE listing SET resource_id = ? WHERE resource_id = ? AND listed", target.id, resource_id)
            self._db.run(
                """UPDATE kept SET resource_id = ?, kind = ?, url = ? WHERE resource_id = ?
                   AND place NOT IN (SELECT place FROM kept WHERE resource_id = ?)""",
                *(target.id, target.kind.value, target.url, resource_id, target.id),
            )
            self.remove([resource_id])
            update_titles(self._db, [target.id])

    def set_indexed(self, resource_id: str, inputs: str, details: Details, kind: Kind | None = None) -> None:
        """Set a resource's state to indexed; within the caller's transaction."""
        self._db.run(
            """UPDATE resource SET state = ?, reason = NULL, retry_after = NULL, inputs = ?, details = ?,
                                   kind = coalesce(?, kind) WHERE id = ?""",
            *(State.INDEXED.value, inputs, details_text(details), kind and kind.value, resource_id),
        )
        update_titles(self._db, [resource_id])

    def set_state(
        self,
        resource_id: str,
        state: State,
        reason: str | None = None,
        retry_after: float | None = None,
        inputs: str | None = None,
    ) -> None:
        values = (state.value, row_of(reason), retry_after, inputs)
        stored = self._db.rows("SELECT state, reason, retry_after, inputs FROM resource WHERE id = ?", resource_id)
        if [*map(tuple, stored)] != [values]:
            with self._change():
                statement = "UPDATE resource SET state = ?, reason = ?, retry_after = ?, inputs = ? WHERE id = ?"
                self._db.run(statement, *values, resource_id)

    def put_settings(self, settings: Mapping[str, object]) -> None:
        # another builder may be at it
        upsert = "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        for name, value in settings.items():
            text = encoded(name, value)
            stored = [row[0] for row in self._db.rows("SELECT value FROM setting WHERE name = ?", name)]
            if stored != ([] if text is None else [text]):
                with self._change():
                    if text is None:
                        self._db.run("DELETE FROM setting WHERE name = ?", name)
                    else:
                        self._db.run(upsert, name, text)

    def _add(self, resources: Iterable[Resource]) -> None:
        """Store resources that are new; one that an imported library has at another address gets its own."""
        self._db.run_many(
            """INSERT INTO resource (id, kind, url, state, details) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET url = excluded.url WHERE resource.url <> excluded.url""",
            [
                (
                    *(one.id, one.kind.value, one.url, State.PENDING.value),
                    details_text(Details(one.file_title)) if one.is_local and one.file_title else "{}",
                )
                for one in resources
            ],
        )


@dataclass(eq=False)
class MomentKeeper:
    """Changes what a library keeps, each time in a block of `change`; `store.Keeper` documents the methods."""

    _db: Database
    _change: Callable[[], AbstractContextManager[None]]
    _close: Callable[[], None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def keep(self, moment: KeptMoment) -> None:
        values, statement = values_of(moment), f"INSERT INTO kept ({KEPT_COLUMNS}) VALUES ({', '.join('?' * 15)})"
        with self._change():
            self._db.run(f"{statement} ON CONFLICT DO NOTHING", *values)

    def annotate(self, resource_id: str, place: str, note: str, collection: str) -> bool:
        with self._change():
            self._db.run(
                "UPDATE kept SET note = ?, collection = ? WHERE (resource_id, place) = (?, ?)",
                *(note, collection, resource_id, place),
            )
            return bool(self._db.rows("SELECT 1 FROM kept WHERE (resource_id, place) = (?, ?)", resource_id, place))

    def drop(self, resource_id: str, place: str) -> None:
        with self._change():
            self._db.run("DELETE FROM kept WHERE (resource_id, place) = (?, ?)", resource_id, place)


_SOURCE = "the library"


def succession(library: Reader, editions: Mapping[str, str], writer: Writer) -> Successor:
    """The resources still to embed for another model, by the editions of their transcripts in the library.

    `writer` is that of the successor, from which everything is removed that the library no longer has.
    """
    done = {resource_id: standing.inputs for resource_id, standing in writer.standings().items()}
    writer.remove([resource_id for resource_id in done if resource_id not in editions])
    resources = {status.id: status.resource for status in library.statuses(list(editions))}
    writer.register(_SOURCE, [resources[resource_id] for resource_id in editions])
    return Successor(
        writer, [Due(resources[key], edition) for key, edition in editions.items() if done.get(key) != edition]
    )
