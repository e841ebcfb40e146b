"""What YouTube says of a video beside its words: title, channel, duration, day, chapters.

The watch page and the player's JSON have changed their shape often: nothing of it is relied on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import isfinite

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Chapter, Details

_PUBLISHED = re.compile(r'(?:itemprop="datePublished" content="|"publishDate":")(\d{4}-\d\d-\d\d)')
_INITIAL_DATA = re.compile(r"\bytInitialData[\"'\]]*\s*=\s*")
# More than any table of contents has: what is longer would only drown the words that are said.
_MOST_CHAPTERS = 1000
_LONGEST_TITLE = 200
_STAMPED = re.compile(r"^[^\w\n]*((?:\d+:)?\d{1,2}:\d\d)[^\w\n]+(\w.*)$", re.MULTILINE)


def details_of(page: str, player: object) -> Details:
    """Read details from the watch page and the player's JSON; what is missing or malformed stays empty."""
    video = _at(player, "videoDetails")
    published = _PUBLISHED.search(page)
    duration = _seconds(_at(video, "lengthSeconds")) or None
    chapters = _page_chapters(page) or _description_chapters(_at(video, "shortDescription"))
    return Details(
        title=_text(_at(video, "title")) or None,
        channel=_text(_at(video, "author")) or None,
        duration=duration,
        published=published[1] if published else None,
        chapters=tuple(c for c in chapters if duration is None or c.start < duration)[:_MOST_CHAPTERS],
    )


def _page_chapters(page: str) -> tuple[Chapter, ...]:
    begin = _INITIAL_DATA.search(page)
    data = parse_json(page, begin.end()) if begin else None
    bar = _found(data, "chapterRenderer")
    panel = _found(data, "macroMarkersListItemRenderer")  # repeats the bar, in whole seconds
    return _chapters((_seconds(_at(item, "timeRangeStartMillis"), 1000), _title(item)) for item in bar) or _chapters(
        (_seconds(_at(item, "timeDescription", "simpleText")), _title(item)) for item in panel
    )


def _title(item: object) -> object:
    return _at(item, "title", "simpleText")


def _description_chapters(description: object) -> tuple[Chapter, ...]:
    stamped = _STAMPED.findall(description) if isinstance(description, str) else []
    starts = [_seconds(stamp) or 0.0 for stamp, _ in stamped]
    # What YouTube itself takes for chapters: three or more, in order, the first at 0:00.
    is_a_table = len(starts) >= 3 and starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    return _chapters(zip(starts, (title for _, title in stamped), strict=True)) if is_a_table else ()


def _chapters(marks: Iterable[tuple[float | None, object]]) -> tuple[Chapter, ...]:
    titles: dict[float, str] = {}
    for start, title in marks:
        if start is not None and _text(title):
            titles.setdefault(start, _text(title)[:_LONGEST_TITLE].rstrip())
    return tuple(Chapter(start, titles[start]) for start in sorted(titles))


def caption_addresses(player: object) -> list[object]:
    """Where the player says that the captions lie."""
    tracks = _at(player, "captions", "playerCaptionsTracklistRenderer", "captionTracks")
    return [_at(track, "baseUrl") for track in tracks] if isinstance(tracks, list) else []


def parse_json(text: str, begin: int = 0) -> object:
    """Parse the JSON value that starts at `begin`, whatever follows it; `None` where there is none."""
    try:
        return json.JSONDecoder().raw_decode(text, begin)[0]
    except (ValueError, RecursionError):
        return None


def _at(data: object, *path: str) -> object:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _found(data: object, key: str) -> Iterator[object]:
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
    """Read a number or a stamp such as 1:02:03."""
    if not isinstance(value, str | int | float):
        return None
    seconds = 0.0
    try:
        for part in str(value).split(":"):
            seconds = 60 * seconds + float(part) / per_second
    except ValueError:
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None
