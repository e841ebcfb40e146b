"""Where in a resource an address leads: what timestamps.py made, read back, and addresses that people copy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

from seekpoint.index.errors import UsageError
from seekpoint.index.types import Resource

_VIDEO_ID = re.compile(r"(?:[?&]v=|youtu\.be/|/(?:shorts|live|embed|v)/)([A-Za-z0-9_-]{11})(?![A-Za-z0-9_-])")
_TIME = re.compile(r"[?&#]t=([0-9hms.]+)")
_PAGE = re.compile(r"#(?:.*&)?page=([0-9]{1,9})")
_PHRASE = re.compile(r":~:(?:.*&)?text=(?:[^,&]*-,)?([^,&]+)")
_ARXIV_PDF = re.compile(r"(https://arxiv\.org)/pdf/")
_CLOCK = re.compile(r"(?:(?:([0-9]{1,4}):)?([0-9]{1,4}):)?([0-9]{1,9}(?:\.[0-9]*)?)")
_UNITS = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9}(?:\.[0-9]*)?)s?)?")


class Place(NamedTuple):
    """A position in a resource, as far as an address tells one: at most one of these is set, or anchor and phrase."""

    seconds: float | None = None
    page: int | None = None
    anchor: str | None = None
    phrase: str | None = None

    @property
    def is_beginning(self) -> bool:
        """Whether no position was told."""
        return self == Place()


def seconds_of(time: float | str) -> float:
    """The seconds of `754`, `12:34`, `1:02:03`, `12m34s`; raises UsageError."""
    if isinstance(time, float):
        return time
    text = time.strip()
    found = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if not text or not found:
        raise UsageError(f"{text[:40]!r} is no time: give seconds, such as 754, or 12:34")
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def place_of(address: str) -> Place:
    """The position that an address carries."""
    if page := _PAGE.search(address):
        return Place(page=int(page[1]))
    fragment = address.partition("#")[2]
    # Of a page, `?t=` may be anything.
    if time := _TIME.search(address if _VIDEO_ID.search(address) else f"#{fragment}"):
        return Place(seconds=seconds_of(time[1]))
    phrase = _PHRASE.search(fragment)
    anchor = unquote(fragment.partition(":~:")[0])
    return Place(anchor=anchor or None, phrase=unquote(phrase[1]) if phrase else None)


def resource_at(address: str, resources: Iterable[Resource]) -> Resource | None:
    """The resource that an id, an address or a link to a place in it means."""
    wanted = address.strip()
    video = _VIDEO_ID.search(wanted)
    base = _ARXIV_PDF.sub(r"\1/abs/", wanted.partition("#")[0])
    for resource in resources:
        if resource.id in (wanted, video and video[1]) or resource.url in (wanted, base):
            return resource
    return None
