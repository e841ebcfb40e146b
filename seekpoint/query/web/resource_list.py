"""The reading list's page: a part of the list at a time, in its order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class ListBlock:
    """A heading at its depth, if there is one, and the ids of its own entries on the page.

    `entries` are all that stand under it and its subheadings on any page, `found` those of them that the filters leave.
    """

    depth: int = 0
    heading: str = ""
    section: Section | None = None
    ids: Sequence[str] = ()
    path: tuple[str, ...] = ()
    entries: set[str] = field(default_factory=set)
    found: int = 0


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of the list; `found` is how many entries the filters leave on all pages, of `total` on the list."""

    number: int
    pages: int
    found: int
    total: int
    blocks: Sequence[ListBlock]


def list_page(cache: ResourceCache, parameters: ListPageParameters, answering: Collection[str] = ()) -> ListPage:
    """The page that is asked for, else the last one.

    A question leaves only the resources that are `answering` it, in their order unless another one is chosen.
    """
    sought = folded(parameters.narrow).split()
    found = {
        key: None
        for key in answering or cache.standings
        if not (parameters.problems and cache.standings[key].is_indexed) and _says(cache, key, sought)
    }
    if parameters.sort == "list":
        blocks = [ListBlock(ids=[*found])] if answering else _under_headings(cache.sections, found)
    else:
        dated, undated = _ordered(cache, parameters.sort, found)
        blocks = [ListBlock(ids=dated)]
        blocks += [ListBlock(heading="no_date", ids=undated, entries={*undated})] if undated else []
    rows = sum(len(block.ids) for block in blocks)
    pages = max(-(-rows // ENTRIES), 1)
    number = min(parameters.page, pages)
    start, shown = (number - 1) * ENTRIES, []
    for block in blocks:
        own, block.ids = len(block.ids), block.ids[max(start, 0) : max(start + ENTRIES, 0)]
        start -= own
    parent_of = 0  # a heading without entries on the page stands above those that have some
    for block in reversed(blocks):
        if block.ids or block.depth < parent_of:
            block.found, parent_of = len(block.entries & found.keys()), block.depth
            shown.append(block)
    cache.prefetch(key for block in shown for key in block.ids)
    return ListPage(number, pages, len(found), len(cache.standings), shown[::-1])


def _under_headings(sections: Sequence[Section], found: Collection[str]) -> list[ListBlock]:
    """The outline of the lists, with the entries that the filters leave."""
    blocks: list[ListBlock] = []
    above: list[ListBlock] = []
    for depth, heading, section in outlined(sections):
        own = [key for key in section.entries if key in found] if section else []
        if section and section.path and section.path == (above[-1].path if above else ()):  # of another source
            above[-1].ids = [*dict.fromkeys([*above[-1].ids, *own])]
        else:
            path = section.path if section else (*(each.heading for each in above[:depth]), heading)
            above[depth:] = [ListBlock(depth, heading, section, own, path)]
            blocks.append(above[-1])
        if section:
            for each in above:
                each.entries.update(section.entries)
    return blocks


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
    if not parts:
        return True
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


def _ordered(cache: ResourceCache, sort: str, found: Collection[str]) -> tuple[list[str], list[str]]:
    """The ids of those that were found, in an order that isn't the lists', and of those without a date for it."""
    statuses = cache.statuses
    if sort == "title":
        return sorted(found, key=lambda key: (statuses[key].title.casefold(), statuses[key].title)), []
    if sort == "length":
        in_order = (key for key in statuses if key in found)
        return sorted(in_order, key=lambda key: -cache.duration(key)), []
    newest = [key for key in reversed(cache.standings) if key in found]
    dates = {key: date for key in newest if (date := getattr(statuses[key], sort))}
    return sorted(dates, key=lambda key: dates[key], reverse=True), [key for key in newest if key not in dates]
