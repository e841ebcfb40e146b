"""A moment's link: the address that opens the resource at the right place."""

from __future__ import annotations

from index.types import Kind, Resource


def link(resource: Resource, start: float | None) -> str:
    """The address of a resource at `start` seconds; whole seconds, rounded down, so that no word is cut off."""
    if start is None:
        return resource.url
    seconds = int(start)
    if resource.kind is Kind.VIDEO:
        return f"{resource.url}&t={seconds}s"
    return f"{resource.url}#t={seconds}"


def timestamp(seconds: float | None) -> str | None:
    """Seconds as people read them: `12:34`, or `1:02:03` from an hour on."""
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
