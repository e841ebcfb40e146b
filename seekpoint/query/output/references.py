"""Who wrote a resource, when, and where it appeared: in a line, as a citation key, and in CSL JSON. All pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import chain

from seekpoint.index.text.clean import clean, without_passwords
from seekpoint.index.types import FAMILY, Kind, Resource
from seekpoint.safe_links import is_web

_SHOWN, _KEY = 2, re.compile(r"[^\s,;{}\[\]<>`\\@\"]{1,200}")
_WORD, _NO_LETTERS = re.compile(r"[^\W_]{4,}|[^\W_a-zA-Z0-9]{2,}"), re.compile(r"[\W_]+")
_BOOK = re.compile(r"\.epub(?:[?#]|\Z)", re.IGNORECASE)
_TYPES = {
    **{Kind.VIDEO: "motion_picture", Kind.RECORDING: "broadcast", Kind.PAGE: "webpage", Kind.PAPER: "article"},
    **{Kind.DOCUMENT: "document", Kind.PLAYLIST: "document"},
}


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


def keys_of(resources: Iterable[Resource]) -> dict[str, str]:
    """The citation keys of resources, by id: a bibliography's, else one that follows from the resource alone."""
    keys, taken = dict[str, str](), set[str]()
    for resource in {each.id: each for each in resources}.values():
        key, own = clean(resource.key or ""), _NO_LETTERS.sub("", resource.id)[:4]
        if not _KEY.fullmatch(key):
            name = next(iter(authors_of(resource)), "").rpartition(FAMILY)[2].split()[-1:]
            word = _WORD.search(clean(_title(resource)))
            parts = (*name, (resource.stated.published or "")[:4], word[0][:12] if word else "")
            key = f"{_NO_LETTERS.sub('', ''.join(parts)).lower() or resource.kind}-{own}"
        while key in taken:
            key, own = f"{key}-{own}", _NO_LETTERS.sub("", resource.id)
        keys[resource.id] = key
        taken.add(key)
    return keys


def to_csl_json(read: Mapping[str, tuple[Resource, str | None]]) -> str:
    """The entries of resources, by id, each with when it was read (ISO 8601): https://citeproc-js.readthedocs.io."""
    keys = keys_of(resource for resource, _ in read.values())
    entries = (json.dumps(_entry(keys[key], *read[key]), ensure_ascii=False) for key in read)
    return "[\n" + ",\n".join(entries) + "\n]"


def _entry(key: str, resource: Resource, read: str | None) -> dict[str, object]:
    known, is_online = resource.stated, is_web(resource.url)
    kind = "book" if known.isbn and not known.container else _TYPES[resource.kind]
    if known.container and (kind == "article" or (known.doi and not resource.kind.plays)):
        kind = "article-journal"
    names = [name.rpartition(FAMILY) for name in authors_of(resource) if clean(name)]
    entry = {
        "id": key,
        "type": kind,
        "title": _title(resource),
        "author": [
            {"family": clean(family), "given": clean(given)} if given else {"literal": clean(family)}
            for given, _, family in names
        ],
        "issued": _date(known.published),
        "container-title": known.container,
        "publisher": known.channel if known.authors else None,
        "DOI": known.doi,
        "ISBN": known.isbn,
        "URL": without_passwords(resource.url) if is_online else None,
        "accessed": _date(read) if is_online else None,
    }
    return {name: clean(value) if isinstance(value, str) else value for name, value in entry.items() if value}


def _title(resource: Resource) -> str:
    """The title to cite: an EPUB's own, unless a bibliography names it; other files' own are often leftovers."""
    own = resource.stated.title if _BOOK.search(resource.url) and not resource.key else None
    return own or resource.title


def _date(text: str | None) -> dict[str, list[list[int]]] | None:
    parts = [int(part) for part in re.findall(r"\d{1,4}", (text or "")[:10], re.ASCII)]
    return {"date-parts": [parts[:3]]} if parts else None
