"""Answers as playlists for media players. All pure."""

from __future__ import annotations

from collections.abc import Iterator

from seekpoint.index.file_types import is_openable
from seekpoint.index.text.clean import clean
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links import timestamp


def to_m3u(answer: Answer) -> str:
    """The moments of recordings and videos as a playlist.

    VLC reads the start of each from the option `start-time`, other players from the link.
    """
    lines = ["#EXTM3U", f"#PLAYLIST:{clean(answer.question)}"]
    for moment in answer.moments:
        if moment.start is not None and is_openable(moment.link):
            lines += _entry(moment, int(moment.start))
    return "\n".join(lines)


def _entry(moment: Moment, start: int) -> Iterator[str]:
    yield f"#EXTINF:-1,{clean(moment.resource.title)} {timestamp(moment.start)}"
    yield f"#EXTVLCOPT:start-time={start}"
    yield clean(moment.link).removesuffix(f"#t={start}")  # a player takes it for a part of the file's name
