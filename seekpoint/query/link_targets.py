"""Parse links to a place in a resource: those that Seekpoint makes, and addresses that people copy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote

from seekpoint.index.errors import UsageError
from seekpoint.index.types import Resource, shown_url
from seekpoint.video_sites import video_at

_VIDEO_ID = re.compile(r"(?:[?&]v=|youtu\.be/|/(?:shorts|live|embed|v)/)([A-Za-z0-9_-]{11})(?![A-Za-z0-9_-])")
_TIME = re.compile(r"[?&#]t=([0-9hms.:]+)")
_CLOCK_TIME = re.compile(r"[?&]t=([0-9]+:[0-9.:]+)")
_PAGE = re.compile(r"#(?:.*&)?page=([0-9]{1,9})")
_PHRASE = re.compile(r":~:(?:.*&)?text=(?:[^,&]*-,)?([^,&]+)")
_ARXIV_PDF = re.compile(r"(https://arxiv\.org)/pdf/")
_CLOCK = re.compile(r"(?:(?:([0-9]{1,4}):)?([0-9]{1,4}):)?([0-9]{1,9}(?:\.[0-9]*)?)")
_UNITS = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9}(?:\.[0-9]*)?)s?)?")


class LinkTarget(NamedTuple):
    """The position in a resource that a link names: no field, one, or `anchor` and `phrase` together."""

    seconds: float | None = None
    page: int | None = None
    anchor: str | None = None
    phrase: str | None = None


def parse_seconds(time: float | str) -> float:
    """Parse `754`, `12:34`, `1:02:03` or `12m34s`; raises UsageError."""
    if isinstance(time, float):
        return time
    text = time.strip()
    match = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if not text or not match:
        raise UsageError(f"{text[:40]!r} is no time: give seconds, such as 754, or 12:34")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def parse_target(address: str) -> LinkTarget:
    """The position that a link names."""
    if page := _PAGE.search(address):
        return LinkTarget(page=int(page[1]))
    fragment = address.partition("#")[2]
    video = video_at(address)
    if video and video.site.mark:
        mark = "[?&]" if video.site.mark[0] == "?" else "#(?:[^#]*&)?"
        if time := re.search(rf"{mark}{video.site.mark[1:]}=([0-9hms.:]+)", address):
            return LinkTarget(seconds=parse_seconds(time[1]))
    # `?t=754` is a time in addresses of videos alone.
    if time := _TIME.search(address if _VIDEO_ID.search(address) else f"#{fragment}") or _CLOCK_TIME.search(address):
        return LinkTarget(seconds=parse_seconds(time[1]))
    phrase = _PHRASE.search(fragment)
    anchor = unquote(fragment.partition(":~:")[0])
    return LinkTarget(anchor=anchor or None, phrase=unquote(phrase[1]) if phrase else None)


def find_resource(name: str, resources: Iterable[Resource]) -> Resource | None:
    """The resource with that id or address, or the one that a link to a place leads to."""
    name = name.strip()
    video, of_a_site = _VIDEO_ID.search(name), video_at(name)
    address = of_a_site.url if of_a_site else _ARXIV_PDF.sub(r"\1/abs/", name.partition("#")[0])
    for resource in resources:
        if resource.id in (name, video and video[1]) or {resource.url, shown_url(resource)} & {name, address}:
            return resource
        if (to := resource.deep_link) and (name.startswith(to) or name.partition("#")[0] == to.removesuffix("#t=")):
            return resource
    return None
