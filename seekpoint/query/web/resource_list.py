"""The reading list's page: a part of the list at a time, its order, the pictures and the remedies."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache as cached
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from seekpoint.index.types import Resource, Section, State, outlined
from seekpoint.query.serving.resource_cache import ResourceCache, folded
from seekpoint.query.web.translations import WORDS, language_name

if TYPE_CHECKING:
    from seekpoint.query.web.query_parameters import ListPageParameters

ENTRIES = 200
"""How many entries a page has at most."""

_HUES = 8


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list: under headings, or without them in another order.

    `found` is how many entries there are on all pages, of `total` on the list. A block is a heading at its depth and,
    if it has entries of its own, its section, and the ids of those on the page.
    """

    number: int
    pages: int
    found: int
    total: int
    blocks: Sequence[tuple[int, str, Section | None, Sequence[str]]] = ()
    ids: Sequence[str] = ()


def list_page(cache: ResourceCache, parameters: ListPageParameters, answering: Collection[str] = ()) -> ListPage:
    """The page that is asked for, else the last one.

    On a list that is longer than a page, a question leaves only the resources that are `answering` it.
    """
    sections: Sequence[Section] = cache.sections
    if parameters.sort != "list":
        sections = [Section("", (), {key: cache.standings[key].state for key in ordered(cache, parameters.sort)})]
    total = sum(len(section.entries) for section in sections)
    if total <= ENTRIES:
        answering = ()
    sought = folded(parameters.narrow).split()
    runs: list[tuple[Section, list[str]]] = []
    for section in sections:
        ids = [key for key in section.entries if not answering or key in answering]
        runs.append((section, [key for key in ids if _says(cache, key, sought)] if sought else ids))
    found = sum(len(ids) for _, ids in runs)
    pages = max(-(-found // ENTRIES), 1)
    number = min(parameters.page, pages)
    parts: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    start = (number - 1) * ENTRIES
    for section, ids in runs:
        if part := ids[max(start, 0) : max(start + ENTRIES, 0)]:
            parts[section.source, section.path] = part
        start -= len(ids)
    shown = [key for ids in parts.values() for key in ids]
    cache.prefetch(shown)
    if parameters.sort != "list":
        return ListPage(number, pages, found, total, ids=shown)
    blocks = [
        (depth, heading, section, parts[section.source, section.path] if section else ())
        for depth, heading, section in outlined([each for each in sections if (each.source, each.path) in parts])
    ]
    return ListPage(number, pages, found, total, blocks)


def list_href(parameters: ListPageParameters, **changed: object) -> str:
    """The address of the list with the same order and question, but for what is `changed`."""
    values = {**parameters.model_dump(), **changed}
    plain = (("sort", "list"), ("page", 1))
    kept = {name: value for name, value in values.items() if value and (name, value) not in plain}
    return f"/list?{urlencode(kept)}" if kept else "/list"


def _says(cache: ResourceCache, resource_id: str, parts: Sequence[str]) -> bool:
    """Whether a resource's entry says all parts of what is looked for."""
    status = cache.statuses[resource_id]
    said = (
        cache.folded_names[resource_id],
        _said_of(status.resource.kind, status.languages, status.state),
        folded("\n".join([status.reason or "", *status.listed])),
    )
    return all(any(part in text for text in said) for part in parts)


@cached
def _said_of(kind: str, languages: tuple[str, ...], state: State) -> str:
    """The page's words for such a resource, in all of its languages."""
    keys = ["kind_page" if kind == "page" else kind, *([state] if state is not State.INDEXED else [])]
    said = [words[key] for words in WORDS.values() for key in keys]
    return folded("\n".join([*said, *(language_name(tag, ui) for ui in WORDS for tag in languages)]))


def ordered(cache: ResourceCache, sort: str) -> list[str]:
    """The ids of all resources: by title, the longest, the newest, or those with a fault first."""
    if sort == "added":
        return [*reversed(cache.standings)]
    if sort == "state":
        states = list(State)
        return sorted(cache.order, key=lambda key: -states.index(cache.standings[key].state))
    statuses = cache.statuses
    if sort == "title":
        return sorted(statuses, key=lambda key: (statuses[key].title.casefold(), statuses[key].title))
    cache.prefetch(statuses)
    return sorted(statuses, key=lambda key: -cache.duration(key))


def hue(resource: Resource) -> int:
    """The colour of a resource's drawn picture, the same each time: 0 to 7."""
    return zlib.crc32(resource.id.encode()) % _HUES
