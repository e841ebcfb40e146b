"""The catalogue of a library: resources, listings, playlists, transcripts, titles and kept moments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from seekpoint.index.reasons import Reason
from seekpoint.index.settings import LibrarySettings
from seekpoint.index.sql import names, read_stretches
from seekpoint.index.sql.port import COLUMNS, Database, decoding
from seekpoint.index.sql.read_stretches import titled
from seekpoint.index.sql.stored_rows import decode_chapters, details_of, moment_of, time_of
from seekpoint.index.store import LISTED
from seekpoint.index.text.clean import without_passwords
from seekpoint.index.text.languages import primary
from seekpoint.index.types import (
    Alternatives,
    Amounts,
    Details,
    Filters,
    KeptMoment,
    Kind,
    NamedBy,
    Origin,
    Playlist,
    PlaylistEntry,
    ReadStretch,
    Resource,
    ResourceStatus,
    Section,
    Standing,
    State,
    completed,
    iso_time,
)

# A feed's inputs go on with its version.
_LISTED = f"substr(inputs, 1, {len(LISTED)}) = '{LISTED}'"
# The listings that count: those on the lists, and those that were there of resources that have left every list.
CURRENT = "(listed OR NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = here.resource_id))"
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
             AND NOT EXISTS (SELECT 1 FROM listing WHERE resource_id = id AND named_by <> '{NamedBy.IMPORT}'),
           reason
    FROM resource ORDER BY """
_UNEMBEDDED = "SELECT count(DISTINCT stretch_id) FROM question_block WHERE length(vectors) = 0"
_UNDATED = "SELECT count(*) FROM resource WHERE state = 'indexed' AND kind <> 'playlist' AND published IS NULL"
_ALIASES = "SELECT name, value FROM setting WHERE name = 'aliases'"
_UNSTATED = Details()
_HEADINGS = "SELECT name, value FROM setting WHERE name = 'headings'"
# Sections are ordered by the entries that are listed there for the first time (`again` is false).
_SECTIONS = f"""
    SELECT CASE WHEN listed THEN source ELSE '' END AS source, path, named_by, resource_id, state,
           position > min(position) OVER (PARTITION BY listed, source, resource_id) AS again
    FROM listing AS here JOIN resource ON resource.id = resource_id
    WHERE {CURRENT} ORDER BY listed DESC, here.source, again, position, path"""


class Catalogue:
    """Reads what both backends store alike; `store.Reader` documents the methods."""

    def __init__(self, db: Database) -> None:
        self.db = db

    @decoding
    def statuses(self, ids: Collection[str] | None = None) -> list[ResourceStatus]:
        listings, held = self._listings(ids), dict[str, list[Sequence[Any]]]()
        of_resource = "SELECT resource_id, language, origin, chunks, seconds, chapters FROM transcript"
        for resource_id, *transcript in self._some(of_resource, "resource_id", ids, "ORDER BY id"):
            held.setdefault(resource_id, []).append(transcript)
        statuses: dict[str, ResourceStatus] = {}
        aliases = {str(name): str(text) for name, text in self.db.rows(_ALIASES)}
        led_there = LibrarySettings.read(aliases.get).listed
        read = dict[str, list[tuple[str, str, str]]]()
        of_stretch = "SELECT resource_id, id, language, titles FROM stretch"
        for resource_id, key, language, titles in self._some(of_stretch, "resource_id", ids):
            read.setdefault(resource_id, []).append((key, language, titles))
        rows = self._some("SELECT id, kind, url, state, reason, retry_after, details, added FROM resource", "id", ids)
        for resource_id, kind, url, state, reason, retry_after, stored, added in rows:
            title, sections, stated = listings[resource_id]
            details, transcripts = details_of(stored), held.get(resource_id, ())
            details = completed(stated, details) if stated != _UNSTATED else details
            title = title or details.title or without_passwords(url)
            resource = Resource(resource_id, Kind(kind), title, url, sections, details.deep_link, stated=details)
            texts, (_, summary) = read_stretches.apart(read.get(resource_id, ()))
            made = decode_chapters(transcripts[0][-1]) if transcripts and not details.chapters else ()
            if texts and not details.chapters:
                noted = {number: decode_chapters(titles) for number, titles in texts.items()}
                made = titled(made, noted) or made
            statuses[resource_id] = ResourceStatus(
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
                added=None if added is None else iso_time(added),
                summary=summary,
            )
        return [statuses[resource_id] for resource_id in listings]

    @decoding
    def amounts(self) -> Amounts:
        states = dict.fromkeys(State, 0)
        for state, number in self.db.rows("SELECT state, count(*) FROM resource GROUP BY state"):
            states[State(state)] = number
        [(chunks,)] = self.db.rows("SELECT coalesce(sum(chunks), 0) FROM transcript")
        [(seconds,)], spoken = self.db.rows(_SECONDS), self.db.rows(_SPOKEN)
        kinds = {kind for kind, _ in spoken}
        languages = sorted({primary(language) for _, language in spoken})
        counts = ("SELECT count(*) FROM stretch", _UNEMBEDDED, _UNDATED)
        numbers = [int(number) for count in counts for (number,) in self.db.rows(count)]
        spoken_kinds = [kind for kind in Kind if kind in kinds]
        return Amounts(states, int(chunks), float(seconds), spoken_kinds, languages, *numbers)

    @decoding
    def sections(self) -> list[Section]:
        sections: dict[tuple[str, tuple[str, ...]], Section] = {}
        settings = self._headings()
        placed = lru_cache(None)(settings.placed)
        for source, path, named_by, resource_id, state, _ in self.db.rows(_SECTIONS):
            section = Section(source, placed(source, path), {}, NamedBy(named_by))
            sections.setdefault((source, section.path), section).entries[resource_id] = State(state)
        if not settings.headings:
            return [*sections.values()]
        first: dict[object, int] = {}  # where a heading stands first, all below it stand, of any source
        in_outline = {
            key: [first.setdefault(key[1][:depth] or key, len(first)) for depth in range(1, max(len(key[1]), 1) + 1)]
            for key in sections
            if key[0]
        }
        return sorted(sections.values(), key=lambda each: in_outline.get((each.source, each.path), [len(first)]))

    @decoding
    def playlists(self, only: Collection[str] | None = None) -> dict[str, Playlist]:
        """The contents of each playlist and channel when it was last listed, by id; `only` limits them to some ids."""
        listed = f"SELECT id, details FROM resource WHERE kind = '{Kind.PLAYLIST}' AND {_LISTED}"
        titles = {
            playlist_id: details_of(details).title or ""
            for playlist_id, details in self.db.rows(listed)
            if only is None or playlist_id in only
        }
        entries: dict[str, list[PlaylistEntry]] = {playlist_id: [] for playlist_id in titles}
        for playlist_id, resource_id, kind, title, url, fault in self.db.rows(
            """SELECT playlist_id, resource_id, kind, title, url, fault FROM playlist_entry
               WHERE playlist_id IN ?* ORDER BY playlist_id, position""",
            list(titles),
        ):
            entries[playlist_id].append(
                PlaylistEntry(Resource(resource_id, Kind(kind), title, url), fault and Reason.stored(fault))
            )
        return {playlist_id: Playlist(title, tuple(entries[playlist_id])) for playlist_id, title in titles.items()}

    @decoding
    def standings(self) -> dict[str, Standing]:
        return {
            key: Standing(
                State(state), inputs, time_of(due), bool(is_foreign), Reason.stored(reason) if reason else None
            )
            for key, state, inputs, due, is_foreign, reason in self.db.rows(_STANDINGS + self.db.added)
        }

    @decoding
    def kept(self) -> list[KeptMoment]:
        rows = self.db.rows(f"SELECT {COLUMNS['kept']} FROM kept ORDER BY added, resource_id, place")
        return [moment_of(row) for row in rows]

    @decoding
    def stretches(
        self, ids: Collection[str] | None = None, language: str = "", *, resources: Collection[str] | None = None
    ) -> list[ReadStretch]:
        if ids is None:
            return read_stretches.all_of(self.db, resources)
        return read_stretches.by_id(self.db, ids, language)

    @decoding
    def titles(self, terms: Collection[str]) -> list[tuple[str, Sequence[str]]]:
        return [*names.title_candidates(self.db, terms)]

    @decoding
    def translations(self, source: str, words: Collection[str]) -> dict[str, dict[str, Alternatives]]:
        return names.lookup_translations(self.db, source, words)

    @decoding
    def vocabulary(self, prefixes: Collection[str]) -> dict[str, bool]:
        return names.terms_beginning_with(self.db, prefixes)

    def kept_by(self, filters: Filters, resources: Collection[str] | None) -> set[str] | None:
        """The ids of `resources`, or of all, that the filters by anything but kind and language keep; `None` for all.

        A section is looked for in any heading, ignoring case.
        """
        limits = [] if resources is None else [set(resources)]
        limits += [{filters.resource}] if filters.resource else []
        limits += [self._listed_under(filters.section.casefold())] if filters.section else []
        if filters.speaker:
            stored = self.db.rows("SELECT id, details FROM resource")
            limits += [{key for key, text in stored if any(map(filters.is_spoken_by, details_of(text).speakers))}]
        if filters.is_dated:
            dates = {"published >= ?": filters.after, "published < ?": filters.before, "added >= ?": filters.added}
            given = {condition: value for condition, value in dates.items() if value is not None}
            rows = self.db.rows(f"SELECT id FROM resource WHERE {' AND '.join(given)}", *given.values())
            limits += [{resource_id for (resource_id,) in rows}]
        return set.intersection(*limits) if limits else None

    def _listed_under(self, words: str) -> set[str]:
        """The ids of the resources under any heading that contains these words, which are case-folded."""
        placed = self._headings().placed
        listed = map(tuple, self.db.rows("SELECT DISTINCT source, path FROM listing"))
        matching = {place for place in listed if any(words in heading.casefold() for heading in placed(*place))}
        query = f"SELECT resource_id, source, path FROM listing AS here WHERE path IN ?* AND {CURRENT}"
        rows = self.db.rows(query, [*{path for _, path in matching}])
        return {resource_id for resource_id, *place in rows if (*place,) in matching}

    def _listings(self, ids: Collection[str] | None) -> dict[str, tuple[str, tuple[tuple[str, ...], ...], Details]]:
        """Each resource's title on the lists, its heading paths, and what they state; in order, the unlisted last.

        A list on the web gives no title to a resource that another list, which comes first, names without one, and
        states nothing of it.
        """
        columns = "resource_id, title, path, source, details"
        rows = self._some(
            f"SELECT {columns} FROM (SELECT * FROM listing AS here WHERE {CURRENT}) AS current",
            "resource_id",
            ids,
            "ORDER BY listed DESC, source, position, path",
        )
        listings: dict[str, tuple[str, tuple[tuple[str, ...], ...], Details]] = {}
        first: dict[str, str] = {}
        placed = lru_cache(None)(self._headings().placed)
        for resource_id, listed, text, source, details in rows:
            title, sections, stated = listings.get(resource_id, ("", (), _UNSTATED))
            if names.may_state(source, first.setdefault(resource_id, source)):
                title = title or listed
                stated = completed(stated, details_of(details)) if details != "{}" else stated
            path = placed(source, text)
            sections = sections if path in sections or not path else (*sections, path)
            listings[resource_id] = (title, sections, stated)
        return listings

    def _headings(self) -> LibrarySettings:
        return LibrarySettings.read({str(name): str(text) for name, text in self.db.rows(_HEADINGS)}.get)

    def _some(self, query: str, column: str, ids: Collection[str] | None, order: str = "") -> Sequence[Sequence[Any]]:
        """The rows of all resources, or of those with the given ids."""
        if ids is None:
            return self.db.rows(f"{query} {order}")
        return self.db.rows(f"{query} WHERE {column} IN ?* {order}", list(ids))
