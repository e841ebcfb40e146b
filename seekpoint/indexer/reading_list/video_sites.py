"""Addresses of well-known video sites: their one spelling, and whether they are a video or a playlist."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult

from seekpoint.index.types import Kind


class _Form(NamedTuple):
    """The addresses of a kind, without their scheme, and their one spelling; `kept` parameters stay."""

    kind: Kind
    address: re.Pattern[str]
    spelling: str
    kept: tuple[str, ...] = ()


def _form(kind: Kind, address: str, spelling: str, *kept: str) -> _Form:
    return _Form(kind, re.compile(rf"(?:www\.|m\.)?(?:{address})"), spelling, kept)


_END = r"/?(?:\?.*)?\Z"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PANOPTO = r"([^/]+)/Panopto/Pages/(?:Viewer|Embed)\.aspx\?(?:.*&)?"
# SoundCloud's own pages, and the parts of a user's page.
_OF_SOUNDCLOUD = (
    "(?:charts|discover|feed|jobs|pages|player|search|settings|stations|stream|tags|terms-of-use|upload|you)"
)
_OF_A_USER = "(?:albums|comments|followers|following|likes|popular-tracks|reposts|spotlight|toptracks|tracks)"
# The first that matches counts.
_FORMS = (
    _form(Kind.VIDEO, rf"bilibili\.com/video/(BV\w{{10}}|av\d+){_END}", r"https://www.bilibili.com/video/\1", "p"),
    _form(
        Kind.PLAYLIST,
        rf"space\.bilibili\.com/(\d+(?:/(?:video|upload/video|lists(?:/\d+)?|favlist|channel/\w+))?){_END}",
        r"https://space.bilibili.com/\1",
        *("type", "fid", "sid"),
    ),
    _form(Kind.PLAYLIST, rf"bilibili\.com/(list/\w+){_END}", r"https://www.bilibili.com/\1", "sid"),
    _form(Kind.VIDEO, r"player\.vimeo\.com/video/(\d+)\?(?:.*&)?h=([0-9a-f]+)", r"https://vimeo.com/\1/\2"),
    _form(Kind.VIDEO, rf"player\.vimeo\.com/video/(\d+){_END}", r"https://vimeo.com/\1"),
    _form(
        Kind.VIDEO,
        rf"vimeo\.com/(?:(?:channels/[^/]+|groups/[^/]+/videos|showcase/\d+/video)/)?(\d+(?:/[0-9a-f]{{10}})?){_END}",
        r"https://vimeo.com/\1",
    ),
    _form(Kind.PLAYLIST, rf"vimeo\.com/(?:album|showcase)/(\d+){_END}", r"https://vimeo.com/showcase/\1"),
    _form(Kind.PLAYLIST, rf"vimeo\.com/channels/([^/?]+){_END}", r"https://vimeo.com/channels/\1"),
    _form(Kind.VIDEO, rf"ted\.com/talks/(?!subtitle)([^/?]+){_END}", r"https://www.ted.com/talks/\1"),
    _form(Kind.PLAYLIST, rf"ted\.com/playlists/(\d+(?:/[^/?]+)?){_END}", r"https://www.ted.com/playlists/\1"),
    _form(
        Kind.VIDEO,
        rf"(?:(?:sp|embed)\.)?(?:nicovideo\.jp/watch|nico\.ms)/((?:sm|so|nm)?\d+){_END}",
        r"https://www.nicovideo.jp/watch/\1",
    ),
    _form(
        Kind.PLAYLIST,
        rf"nicovideo\.jp/((?:user/\d+/)?(?:mylist|series)/\d+){_END}",
        r"https://www.nicovideo.jp/\1",
    ),
    _form(
        Kind.PLAYLIST,
        rf"soundcloud\.com/(?!{_OF_SOUNDCLOUD}/)([\w-]+/(?:sets/[\w-]+|{_OF_A_USER})){_END}",
        r"https://soundcloud.com/\1",
    ),
    _form(
        Kind.VIDEO,
        rf"soundcloud\.com/(?!{_OF_SOUNDCLOUD}/)([\w-]+/(?!sets\b)[\w-]+(?:/s-\w+)?){_END}",
        r"https://soundcloud.com/\1",
    ),
    _form(Kind.VIDEO, rf"(?:dailymotion\.com/video|dai\.ly)/(\w+){_END}", r"https://www.dailymotion.com/video/\1"),
    _form(Kind.VIDEO, rf"media\.ccc\.de/v/([^/?]+){_END}", r"https://media.ccc.de/v/\1"),
    _form(Kind.PLAYLIST, rf"media\.ccc\.de/c/([^/?]+){_END}", r"https://media.ccc.de/c/\1"),
    # Panopto and Kaltura's MediaSpace, at any university's host.
    _Form(Kind.VIDEO, re.compile(rf"{_PANOPTO}id=({_UUID})"), r"https://\1/Panopto/Pages/Viewer.aspx?id=\2"),
    _Form(Kind.PLAYLIST, re.compile(rf"{_PANOPTO}pid=({_UUID})"), r"https://\1/Panopto/Pages/Viewer.aspx?pid=\2"),
    _Form(Kind.VIDEO, re.compile(rf"([^/]+/media(?:/[^/?]+){{0,2}}/\d_[0-9a-z]{{8}}){_END}"), r"https://\1"),
)


def video_or_playlist(parts: SplitResult) -> tuple[Kind, str] | None:
    """The kind and the canonical address of a video or playlist of a well-known site; `None` for any other address."""
    address = f"{parts.netloc}{parts.path}{'?' if parts.query else ''}{parts.query}"
    for form in _FORMS:
        if found := form.address.match(address):
            parameters = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
            kept = "&".join(f"{name}={parameters[name]}" for name in form.kept if name in parameters)
            return form.kind, found.expand(form.spelling) + (f"?{kept}" if kept else "")
    return None
