"""Links that open a resource at a place, and times as text."""

from __future__ import annotations

import re
from urllib.parse import quote

from seekpoint.index.types import Cue, Kind, Resource

_ARXIV_ABSTRACT = re.compile(r"https://arxiv\.org/abs/")


def link(resource: Resource, start: float) -> str:
    """The address of a resource at `start` seconds, rounded down so that no word is cut off."""
    seconds = int(start)
    if resource.kind is Kind.VIDEO:
        return f"{resource.url}&t={seconds}s"
    return f"{resource.url}#t={seconds}"


def text_link(resource: Resource, cue: Cue, fragment: str = "") -> str:
    """The address of a text at a cue: its page in a PDF, else its heading and the text fragment, if there is one."""
    if cue.page is not None:
        return f"{_ARXIV_ABSTRACT.sub('https://arxiv.org/pdf/', resource.url)}#page={cue.page}"
    directive = f":~:{fragment}" if fragment else ""
    anchor = quote(cue.anchor or "", safe="!$&'()*+,;=@/?")  # a colon would begin a directive
    return f"{resource.url}#{anchor}{directive}" if anchor or directive else resource.url


def timestamp(seconds: float | None) -> str | None:
    """Seconds as `12:34`, or `1:02:03` from an hour on."""
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
