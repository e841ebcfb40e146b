"""A video's metadata: title, channel, duration, date and chapters.

The watch page and the player's JSON often change their structure: every field is optional.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from math import isfinite

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Chapter, Details

_PUBLISHED = re.compile(r'(?:itemprop="datePublished" content="|"publishDate":")(\d{4}-\d\d-\d\d)')
_INITIAL_DATA = re.compile(r"\bytInitialData[\"'\]]*\s*=\s*")
# More than any table of contents has. Chapter titles are indexed, and more would outweigh the spoken words.
_MOST_CHAPTERS = 1000
_LONGEST_TITLE = 200
# Seconds. A date has no time of day, and is the uploader's: a day more than a week.
_NEW = 8 * 86_400.0
_STAMPED = re.compile(r"^[^\w\n]*((?:\d+:)?\d{1,2}:\d\d)[^\w\n]+(\w.*)$", re.MULTILINE)


def details_of(page: str, player: object) -> Details:
    """Extract details from the watch page and the player's JSON; missing or malformed fields stay empty."""
    video = _get(player, "videoDetails")
    published = _PUBLISHED.search(page)
    duration = _seconds(_get(video, "lengthSeconds")) or None
    chapters = _page_chapters(page) or _description_chapters(_get(video, "shortDescription"))
    return Details(
        title=_text(_get(video, "title")) or None,
        channel=_text(_get(video, "author")) or None,
        duration=duration,
        published=published[1] if published else None,
        chapters=tuple(c for c in chapters if duration is None or c.start < duration)[:_MOST_CHAPTERS],
    )


def is_new(page: str, player: object, now: float) -> bool:
    """Whether a video is live, or was published in the last week before `now` (Unix seconds)."""
    if _get(player, "videoDetails", "isLive") is True:
        return True
    published = _PUBLISHED.search(page)
    try:
        return published is not None and now - datetime.fromisoformat(f"{published[1]}T00:00Z").timestamp() < _NEW
    except ValueError:
        return False


def _page_chapters(page: str) -> tuple[Chapter, ...]:
    assignment = _INITIAL_DATA.search(page)
    data = parse_json(page, assignment.end()) if assignment else None
    bar = _find_all(data, "chapterRenderer")
    panel = _find_all(data, "macroMarkersListItemRenderer")  # the same chapters, in whole seconds
    return _chapters((_seconds(_get(item, "timeRangeStartMillis"), 1000), _title(item)) for item in bar) or _chapters(
        (_seconds(_get(item, "timeDescription", "simpleText")), _title(item)) for item in panel
    )


def _title(item: object) -> object:
    return _get(item, "title", "simpleText")


def _description_chapters(description: object) -> tuple[Chapter, ...]:
    stamped = _STAMPED.findall(description) if isinstance(description, str) else []
    starts = [_seconds(stamp) or 0.0 for stamp, _ in stamped]
    # YouTube's own rule for chapters: at least three, in order, the first at 0:00.
    are_chapters = len(starts) >= 3 and starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    return _chapters(zip(starts, (title for _, title in stamped), strict=True)) if are_chapters else ()


def _chapters(marks: Iterable[tuple[float | None, object]]) -> tuple[Chapter, ...]:
    titles: dict[float, str] = {}
    for start, title in marks:
        if start is not None and _text(title):
            titles.setdefault(start, _text(title)[:_LONGEST_TITLE].rstrip())
    return tuple(Chapter(start, titles[start]) for start in sorted(titles))


def caption_addresses(player: object) -> list[object]:
    """The addresses of the caption tracks, from the player's JSON."""
    tracks = _get(player, "captions", "playerCaptionsTracklistRenderer", "captionTracks")
    return [_get(track, "baseUrl") for track in tracks] if isinstance(tracks, list) else []


def parse_json(text: str, offset: int = 0) -> object:
    """Parse the JSON value at `offset`, ignoring what follows it; `None` if there is none."""
    try:
        return json.JSONDecoder().raw_decode(text, offset)[0]
    except (ValueError, RecursionError):
        return None


def _get(data: object, *path: str) -> object:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _find_all(data: object, key: str) -> Iterator[object]:
    stack = [data]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if key in node:
                yield node[key]
            stack.extend(reversed(node.values()))
        elif isinstance(node, list):
            stack.extend(reversed(node))


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _seconds(value: object, per_second: float = 1) -> float | None:
    """Parse a number or a time such as 1:02:03."""
    if not isinstance(value, str | int | float):
        return None
    seconds = 0.0
    try:
        for part in str(value).split(":"):
            seconds = 60 * seconds + float(part) / per_second
    except ValueError:
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None
