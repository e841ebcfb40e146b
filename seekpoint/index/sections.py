"""The sections of reading lists: headings, with the resources under each and their states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple

from seekpoint.index.types import NamedBy, State


class Section(NamedTuple):
    """The entries under one heading path of a list, by resource id; `source` is empty if they have left every list.

    `named_by` says who named the source.
    """

    source: str
    path: tuple[str, ...]
    entries: dict[str, State]
    named_by: NamedBy = NamedBy.OWNER

    @property
    def states(self) -> Counter[State]:
        """The number of entries in each state."""
        return Counter(self.entries.values())


def union(sections: Iterable[Section], source: str = "", path: tuple[str, ...] = ()) -> Section:
    """The union of sections, in which each resource counts once."""
    return Section(source, path, {key: state for section in sections for key, state in section.entries.items()})


def outlined(sections: Iterable[Section]) -> Iterator[tuple[int, str, Section | None]]:
    """Each heading's depth, text and section, as an outline; `None` for a heading without entries of its own."""
    above: tuple[str, ...] = ()
    for section in sections:
        path = section.path or ("(no heading)",)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(above, path, strict=False)))
        for depth in range(shared, len(path) - 1):
            yield depth, path[depth], None
        yield len(path) - 1, path[-1], section
        above = path
