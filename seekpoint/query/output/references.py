"""Who wrote a resource, when, and where it appeared: in a line."""

from __future__ import annotations

from itertools import chain
from urllib.parse import quote

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Resource

_SHOWN = 2


def authors_of(resource: Resource) -> tuple[str, ...]:
    """The authors; its channel or publisher where the source names none."""
    known = resource.stated
    return known.authors or ((known.channel,) if known.channel else ())


def names_of(resource: Resource, others: str = "et al.") -> str:
    """The first authors, and the word for others if there are more."""
    names = [name for author in authors_of(resource) if (name := clean(author))]
    return ", ".join(names[:_SHOWN]) + (f" {others}" if len(names) > _SHOWN else "")


def byline(resource: Resource, others: str = "et al.") -> str:
    """The authors, the year (the day, of what plays) and the container; none that is its title or a heading above."""
    published = clean(resource.stated.published or "")
    date = published if resource.kind.plays else published[:4]
    parts = (names_of(resource, others), date, clean(resource.stated.container or ""))
    beside = {clean(name).casefold() for name in (resource.title, *chain.from_iterable(resource.sections))}
    return " · ".join(part for part in dict.fromkeys(parts) if part and part.casefold() not in beside)


def doi_link(resource: Resource) -> str | None:
    """The address that a DOI leads to."""
    return f"https://doi.org/{quote(resource.stated.doi, safe='/:;()')}" if resource.stated.doi else None
