"""Collects the entries of a list in a format of its own, and counts those that are left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from seekpoint.index.errors import SourceError
from seekpoint.index.text.clean import clean, counted
from seekpoint.index.types import Resource
from seekpoint.indexer.reading_list.addresses import resource_of, resource_of_link
from seekpoint.indexer.sources.metadata import stated_text

MAX_DEPTH = 100
"""The most folders within each other; deeper ones are no one's, and each entry stores its path."""

MOST_ENTRIES = 100_000
"""The most entries of a list, those that are left out among them."""

BOOKMARKS_MARK = re.compile(
    r"\s*(?:<!--(?>.*?-->)\s*)*<!doctype\s+netscape-bookmark-file-1\b", re.IGNORECASE | re.DOTALL
)
"""The beginning of a file of a browser's bookmarks; other HTML is a page."""

# Tags that an entry is listed under.
_MOST_TAGS = 20
_BETWEEN_TAGS = re.compile(r"[,|]")
# The kinds of left out entries that a remark names.
_MOST_KINDS = 6
SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}:", re.IGNORECASE)


class Entries:
    """The entries of one list, in order. `base` is its folder, or its address if it may name no files."""

    def __init__(self, base: Path | str) -> None:
        self.base = base
        self.resources: list[Resource] = []
        self._left_out: Counter[str] = Counter()
        self._number = 0

    def add(
        self,
        href: str,
        title: str = "",
        path: Iterable[str] = (),
        *paths: Iterable[str],
        make: Callable[[str, str, Iterable[tuple[str, ...]]], Resource | None] = resource_of,
    ) -> None:
        """Add the resource that `make` gives of an address, under its folders; count an entry that has none.

        A relative address leads nowhere outside the program that wrote it, as `javascript:` and `place:` do.
        """
        sections = tuple(filter(None, (tuple(filter(None, map(stated_text, names))) for names in (path, *paths))))
        address, name = href.strip(), stated_text(title)
        name = "" if name in (clean(href), clean(address.partition("//")[2])) else name
        resource = make(address, name, sections)
        if resource is None and address.lower().startswith("file:"):
            resource = resource_of_link(address, name, sections, self.base)
        if resource:
            self.append(resource)
        else:
            scheme = SCHEME.match(address)
            self.leave_out(scheme[0].lower() if scheme else "without an address")

    def append(self, resource: Resource) -> None:
        """Add a resource; raises SourceError if there are too many."""
        self._count(1)
        self.resources.append(resource)

    def leave_out(self, kind: str, number: int = 1) -> None:
        """Count entries that are left out; raises SourceError if there are too many."""
        self._count(number)
        self._left_out[kind] += number

    @property
    def remark(self) -> str:
        """One line on the entries that are left out; empty if there are none."""
        if not self._left_out:
            return ""
        left_out, kinds = self._left_out.total(), kinds_of(self._left_out, _MOST_KINDS)
        return f"{left_out:,} of {counted(left_out + len(self.resources), 'entry')} left out: {kinds}"

    def _count(self, number: int) -> None:
        self._number += number
        if self._number > MOST_ENTRIES:
            raise SourceError(f"more than {MOST_ENTRIES:,} entries are too much for a reading list: split it")


def kinds_of(left_out: Counter[str], most: int) -> str:
    """The most common kinds of what is left out, each with its number."""
    kinds = [f"{number:,} {clean(kind)}" for kind, number in left_out.most_common(most)]
    return ", ".join(kinds + ["others"] * (len(left_out) > most))


def tagged(tags: str) -> list[tuple[str]]:
    """The sections of an entry that is in no folder: each of its first tags."""
    return [(tag,) for tag in _BETWEEN_TAGS.split(tags, _MOST_TAGS)[:_MOST_TAGS]]


def deeper(path: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """The path of a folder within another; raises SourceError if they are nested too deep."""
    if len(path) >= MAX_DEPTH:
        raise SourceError(f"more than {MAX_DEPTH} folders within each other: no list of yours, so it isn't read")
    return (*path, folder)
