"""Resources out of rows: what the lists call them, and their states."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any, LiteralString, NamedTuple, Protocol

from seekpoint.files import parsed_json
from seekpoint.index.records import stored_chapters
from seekpoint.index.store import Amounts
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import (
    Chapter,
    Details,
    Kind,
    NamedBy,
    Origin,
    Resource,
    ResourceStatus,
    Section,
    Standing,
    State,
)

LATEST = 253402300799
"""The Unix time at which Python's dates end, with the year 9999."""


class Row(Protocol):
    """A row whose values are found by the names of columns."""

    def __getitem__(self, key: str, /) -> Any: ...  # noqa: ANN401 - of the type of its column


class Listing(NamedTuple):
    """A resource's title on the reading lists, and the heading paths it is listed under."""

    title: str
    sections: tuple[tuple[str, ...], ...]


# In both dialects of SQL.
_STATES = "SELECT state, count(*) FROM resource GROUP BY state"
_CHUNKS = "SELECT coalesce(sum(chunks), 0) FROM transcript"
_SECONDS = """
    SELECT coalesce(sum(longest), 0) FROM (
      SELECT max(seconds) AS longest FROM transcript JOIN resource ON resource.id = resource_id
      WHERE kind IN ('video', 'recording') GROUP BY resource_id) AS talks"""
STANDINGS = f"""
    SELECT id, state, inputs, retry_after,
           EXISTS (SELECT 1 FROM listing WHERE resource_id = id)
             AND NOT EXISTS (SELECT 1 FROM listing WHERE resource_id = id AND named_by <> '{NamedBy.IMPORT}')
             AS is_foreign
    FROM resource"""
"""The standings of all resources, in both dialects of SQL."""
_SPOKEN = """
    SELECT DISTINCT kind, language FROM transcript JOIN resource ON resource.id = resource_id
    WHERE state = 'indexed' AND transcript.chunks > 0"""


def amounts_of(rows: Callable[[LiteralString], Sequence[Sequence[Any]]]) -> Amounts:
    """How much there is, by what gives the rows of a query."""
    states = dict.fromkeys(State, 0) | {State(state): number for state, number in rows(_STATES)}
    [(chunks,)], [(seconds,)], spoken = rows(_CHUNKS), rows(_SECONDS), rows(_SPOKEN)
    kinds = {kind for kind, _ in spoken}
    languages = {primary(language) for _, language in spoken}
    return Amounts(states, int(chunks), float(seconds), [kind for kind in Kind if kind in kinds], sorted(languages))


def listings_of(rows: Iterable[Row]) -> dict[str, Listing]:
    """The listing of each resource, from rows with resource_id, title and path, in the order of the lists."""
    listings: dict[str, Listing] = {}
    for row in rows:
        title, sections = listings.get(row["resource_id"], Listing("", ()))
        path = tuple(parsed_json(row["path"]))
        listings[row["resource_id"]] = Listing(
            title or row["title"], sections if path in sections or not path else (*sections, path)
        )
    return listings


def sections_of(rows: Iterable[Row]) -> list[Section]:
    """Sections, from rows with source, path, named_by, resource_id and state, in their order."""
    sections: dict[tuple[str, str], Section] = {}
    for row in rows:
        key = source, path = row["source"], row["path"]
        if key not in sections:
            sections[key] = Section(source, tuple(parsed_json(path)), {}, NamedBy(row["named_by"]))
        sections[key].entries[row["resource_id"]] = State(row["state"])
    return list(sections.values())


def standings_of(rows: Iterable[Row]) -> dict[str, Standing]:
    """The standing of each resource, from the rows of STANDINGS."""
    return {
        row["id"]: Standing(
            State(row["state"]), row["inputs"], time_of(row["retry_after"]), is_foreign=bool(row["is_foreign"])
        )
        for row in rows
    }


def resource_of(row: Row, listing: Listing) -> Resource:
    """A resource, from a row with id, kind, url and details."""
    title = listing.title or details_of(row["details"]).title or row["url"]
    return Resource(row["id"], Kind(row["kind"]), title, row["url"], listing.sections)


def status_of(row: Row, listing: Listing) -> ResourceStatus:
    """A resource's status, from its row and what its transcripts are together; `languages` are joined by commas."""
    resource = resource_of(row, listing)
    return ResourceStatus(
        resource=resource,
        state=State(row["state"]),
        reason=row["reason"],
        retry_after=time_of(row["retry_after"]),
        languages=tuple(sorted(row["languages"].split(","))) if row["languages"] else (),
        transcript=Origin(row["origin"]) if row["origin"] else None,
        chunks=row["chunks"],
        seconds=row["seconds"],
        chapters=_chapters_of(row) if resource.kind.plays else (),
    )


def _chapters_of(row: Row) -> tuple[Chapter, ...]:
    return details_of(row["details"]).chapters or stored_chapters.decode(row["chapters"] or "[]")


def time_of(seconds: float | None) -> float | None:
    """A Unix time; raises ValueError if Python has no date for it."""
    if seconds is not None and not 0 <= seconds <= LATEST:
        raise ValueError("a time is out of range")
    return seconds


def details_of(text: str) -> Details:
    """Details out of their JSON."""
    values = parsed_json(text)
    chapters = tuple(Chapter(**chapter) for chapter in values.pop("chapters", ()))
    return Details(**values, chapters=chapters)


def check_details(stored: Iterable[str], longest: float) -> None:
    """Read details; raises ValueError for some that `details_text` can't have written, or times beyond `longest`."""
    for text in stored:
        try:
            details = details_of(text)
            texts = (details.title, details.channel, details.published)
            are_valid = (
                all(isinstance(value, str | None) for value in texts)
                and (details.duration is None or _is_second(details.duration, longest))
                and all(_is_chapter(chapter, longest) for chapter in details.chapters)
            )
        except (TypeError, AttributeError, ValueError, OverflowError):
            are_valid = False
        if not are_valid:
            raise ValueError("a resource has details that make no sense")


def _is_chapter(chapter: Chapter, longest: float) -> bool:
    is_plain = isinstance(chapter.title, str) and isinstance(chapter.generated, bool)
    return is_plain and _is_second(chapter.start, longest)


def _is_second(value: object, longest: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= longest and isfinite(value)


def details_text(details: Details) -> str:
    """Details as JSON."""
    return json.dumps(asdict(details), ensure_ascii=False)
