"""The reading list's page: a part of the list at a time, in its order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache as cached
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from seekpoint.index.text.languages import primary
from seekpoint.index.types import Section, State, outlined
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.serving.suggestions import folded
from seekpoint.query.web.parameters import ListPageParameters
from seekpoint.query.web.translations import LANGUAGES, WORDS, language_name, words_in

if TYPE_CHECKING:
    from seekpoint.query.web.parameters import PageParameters

ENTRIES = 200
"""How many entries a page has at most."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list: under headings, or without them in another order.

    `found` is how many entries there are on all pages, of `total` on the list. A block is a heading at its depth and,
    if it has entries of its own, its section, and the ids of those on the page; `ids` stand before all blocks.
    """

    number: int
    pages: int
    found: int
    total: int
    blocks: Sequence[tuple[int, str, Section | None, Sequence[str]]] = ()
    ids: Sequence[str] = ()


def list_page(cache: ResourceCache, parameters: ListPageParameters, answering: Collection[str] = ()) -> ListPage:
    """The page that is asked for, else the last one.

    The resources that are `answering` a question come first, in their order, unless another one is chosen; of a list
    that is longer than a page, a question leaves only them.
    """
    sections: Sequence[Section] = cache.sections
    if parameters.sort != "list":
        sections = [Section("", (), {key: cache.standings[key].state for key in ordered(cache, parameters.sort)})]
    total = sum(len(section.entries) for section in sections)
    first = list(answering) if parameters.sort == "list" else []
    left_out = () if total <= ENTRIES or not answering else cache.standings.keys() - set(answering)
    sought = folded(parameters.narrow).split()
    runs: list[tuple[Section | None, list[str]]] = []
    for section, keys in [(None, first), *((section, [*section.entries]) for section in sections)]:
        ids = [key for key in keys if key not in left_out and (section is None or key not in first)]
        runs.append((section, [key for key in ids if _says(cache, key, sought)] if sought else ids))
    found = sum(len(ids) for _, ids in runs)
    pages = max(-(-found // ENTRIES), 1)
    number = min(parameters.page, pages)
    parts: dict[tuple[str, tuple[str, ...]] | None, list[str]] = {}
    start = (number - 1) * ENTRIES
    for section, ids in runs:
        if part := ids[max(start, 0) : max(start + ENTRIES, 0)]:
            parts[(section.source, section.path) if section else None] = part
        start -= len(ids)
    shown = [key for ids in parts.values() for key in ids]
    cache.prefetch(shown)
    if parameters.sort != "list":
        return ListPage(number, pages, found, total, ids=shown)
    blocks = [
        (depth, heading, section, parts[section.source, section.path] if section else ())
        for depth, heading, section in outlined([each for each in sections if (each.source, each.path) in parts])
    ]
    return ListPage(number, pages, found, total, blocks, parts.get(None, ()))


def list_href(parameters: ListPageParameters, **changed: object) -> str:
    """The address of the list with the same order and question, but for what is `changed`."""
    values = {**parameters.model_dump(), **changed}
    plain = (("sort", "list"), ("page", 1))
    kept = {name: value for name, value in values.items() if value and (name, value) not in plain}
    return f"/list?{urlencode(kept)}" if kept else "/list"


def list_of(parameters: PageParameters, language: str) -> str:
    """The address of the list with a page's question, narrowed by the page's words for the filters that it has too."""
    kind, spoken, words = parameters.kind, primary(parameters.language or ""), words_in(language)
    narrow = [words[_key(kind)]] if kind else []
    narrow += [words[spoken]] if spoken in WORDS else []
    return list_href(ListPageParameters(q=parameters.question, narrow=" ".join(narrow)))


def _key(kind: str) -> str:
    return "kind_page" if kind == "page" else kind


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
    keys = [_key(kind), *([state] if state is not State.INDEXED else [])]
    said = [words_in(ui)[key] for ui in LANGUAGES for key in keys]
    return folded("\n".join([*said, *(language_name(tag, ui) for ui in LANGUAGES for tag in languages)]))


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
