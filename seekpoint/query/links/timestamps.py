"""A moment's link: the address that opens the resource at the right place."""

from __future__ import annotations

import re
from urllib.parse import quote

from seekpoint.index.types import Cue, Kind, Resource

_ARXIV_ABSTRACT = re.compile(r"https://arxiv\.org/abs/")
_OPENABLE = re.compile(r"(?:https?|file)://", re.IGNORECASE)


def link(resource: Resource, start: float) -> str:
    """The address of a resource at `start` seconds; whole seconds, rounded down, so that no word is cut off."""
    seconds = int(start)
    if resource.kind is Kind.VIDEO:
        return f"{resource.url}&t={seconds}s"
    return f"{resource.url}#t={seconds}"


def text_link(resource: Resource, place: Cue, fragment: str = "") -> str:
    """The address of a text at a page of a PDF, or at a heading and the words of a fragment directive there."""
    if place.page is not None:
        return f"{_ARXIV_ABSTRACT.sub('https://arxiv.org/pdf/', resource.url)}#page={place.page}"
    directive = f":~:{fragment}" if fragment else ""
    anchor = quote(place.anchor or "", safe="!$&'()*+,;=@/?")  # without the colon, which begins a directive
    return f"{resource.url}#{anchor}{directive}" if anchor or directive else resource.url


def is_openable(address: str) -> bool:
    """Whether an address leads to the web or to a file; an imported library may hold any, such as what would be run."""
    return bool(_OPENABLE.match(address))


def timestamp(seconds: float | None) -> str | None:
    """Seconds as people read them: `12:34`, or `1:02:03` from an hour on."""
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
