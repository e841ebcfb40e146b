"""Well-known video sites: the addresses of their videos and playlists, and how a link there names a second."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from seekpoint.index.types import Kind


class _Form(NamedTuple):
    """The addresses of a kind, as a pattern without their scheme, and their one spelling; `kept` parameters stay."""

    kind: Kind
    address: str
    spelling: str
    kept: tuple[str, ...] = ()


class VideoSite(NamedTuple):
    """A site with the forms of its addresses, of which the first that matches counts.

    A link to a second ends with `mark`, such as `?t`, and a time in this form; without a mark there is none.
    """

    forms: tuple[_Form, ...]
    mark: str = ""
    time: str = "{seconds}"
    prefix: str = r"(?:www\.|m\.)?"


_END = r"/?(?:\?.*)?\Z"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PANOPTO = r"([^/]+)/Panopto/Pages/(?:Viewer|Embed)\.aspx\?(?:.*&)?"
# SoundCloud's own pages, and the parts of a user's page.
_OF_SOUNDCLOUD = (
    "(?:charts|discover|feed|jobs|pages|player|search|settings|stations|stream|tags|terms-of-use|upload|you)"
)
_OF_A_USER = "(?:albums|comments|followers|following|likes|popular-tracks|reposts|spotlight|toptracks|tracks)"
_SPACE = r"\d+(?:/(?:video|upload/video|lists(?:/\d+)?|favlist|channel/\w+))?"
_VIMEO_PAGE = r"(?:(?:channels/[^/]+|groups/[^/]+/videos|showcase/\d+/video)/)?"

# Without a source of its own, the form of a link is the one that the site's player copies and public code makes.
_BILIBILI = VideoSite(
    (
        _Form(
            Kind.VIDEO, rf"bilibili\.com/video/(BV\w{{10}}|av\d+){_END}", r"https://www.bilibili.com/video/\1", ("p",)
        ),
        _Form(
            Kind.PLAYLIST,
            rf"space\.bilibili\.com/({_SPACE}){_END}",
            r"https://space.bilibili.com/\1",
            ("type", "fid", "sid"),
        ),
        _Form(Kind.PLAYLIST, rf"bilibili\.com/(list/\w+){_END}", r"https://www.bilibili.com/\1", ("sid",)),
    ),
    "?t",
)
_VIMEO = VideoSite(
    (
        _Form(Kind.VIDEO, r"player\.vimeo\.com/video/(\d+)\?(?:.*&)?h=([0-9a-f]+)", r"https://vimeo.com/\1/\2"),
        _Form(Kind.VIDEO, rf"player\.vimeo\.com/video/(\d+){_END}", r"https://vimeo.com/\1"),
        _Form(Kind.VIDEO, rf"vimeo\.com/{_VIMEO_PAGE}(\d+(?:/[0-9a-f]{{10}})?){_END}", r"https://vimeo.com/\1"),
        _Form(Kind.PLAYLIST, rf"vimeo\.com/(?:album|showcase)/(\d+){_END}", r"https://vimeo.com/showcase/\1"),
        _Form(Kind.PLAYLIST, rf"vimeo\.com/channels/([^/?]+){_END}", r"https://vimeo.com/channels/\1"),
    ),
    "#t",
    "{seconds}s",
)
_TED = VideoSite(
    (
        _Form(Kind.VIDEO, rf"ted\.com/talks/(?!subtitle)([^/?]+){_END}", r"https://www.ted.com/talks/\1"),
        _Form(Kind.PLAYLIST, rf"ted\.com/playlists/(\d+(?:/[^/?]+)?){_END}", r"https://www.ted.com/playlists/\1"),
    )
)
_NICONICO = VideoSite(
    (
        _Form(
            Kind.VIDEO,
            rf"(?:(?:sp|embed)\.)?(?:nicovideo\.jp/watch|nico\.ms)/((?:sm|so|nm)?\d+){_END}",
            r"https://www.nicovideo.jp/watch/\1",
        ),
        _Form(
            Kind.PLAYLIST,
            rf"nicovideo\.jp/((?:user/\d+/)?(?:mylist|series)/\d+){_END}",
            r"https://www.nicovideo.jp/\1",
        ),
    ),
    "?from",
)
_SOUNDCLOUD = VideoSite(
    (
        _Form(
            Kind.PLAYLIST,
            rf"soundcloud\.com/(?!{_OF_SOUNDCLOUD}/)([\w-]+/(?:sets/[\w-]+|{_OF_A_USER})){_END}",
            r"https://soundcloud.com/\1",
        ),
        _Form(
            Kind.VIDEO,
            rf"soundcloud\.com/(?!{_OF_SOUNDCLOUD}/)([\w-]+/(?!sets\b)[\w-]+(?:/s-\w+)?){_END}",
            r"https://soundcloud.com/\1",
        ),
    ),
    "#t",
    "{clock}",
)
# The form of links: https://lists.w3.org/Archives/Public/public-media-fragment/2011Dec/0016.html
_DAILYMOTION = VideoSite(
    (
        _Form(
            Kind.VIDEO,
            rf"(?:dailymotion\.com/video|dai\.ly)/(\w+){_END}",
            r"https://www.dailymotion.com/video/\1",
        ),
    ),
    "?start",
)
_CCC = VideoSite(
    (
        _Form(Kind.VIDEO, rf"media\.ccc\.de/v/([^/?]+){_END}", r"https://media.ccc.de/v/\1"),
        _Form(Kind.PLAYLIST, rf"media\.ccc\.de/c/([^/?]+){_END}", r"https://media.ccc.de/c/\1"),
    ),
    "#t",
)
# The next two are at any university's host.
_OF_PANOPTO = VideoSite(
    (
        _Form(Kind.VIDEO, rf"{_PANOPTO}id=({_UUID})", r"https://\1/Panopto/Pages/Viewer.aspx?id=\2"),
        _Form(Kind.PLAYLIST, rf"{_PANOPTO}pid=({_UUID})", r"https://\1/Panopto/Pages/Viewer.aspx?pid=\2"),
    ),
    "?start",
    prefix="",
)
# The form of links: `kalturaStartTime` of the share overlay, https://github.com/kaltura/playkit-js-ui
_MEDIASPACE = VideoSite(
    (_Form(Kind.VIDEO, rf"([^/]+/media(?:/[^/?]+){{0,2}}/\d_[0-9a-z]{{8}}){_END}", r"https://\1"),),
    "?kalturaStartTime",
    prefix="",
)
SITES = (_BILIBILI, _VIMEO, _TED, _NICONICO, _SOUNDCLOUD, _DAILYMOTION, _CCC, _OF_PANOPTO, _MEDIASPACE)


class FoundVideo(NamedTuple):
    """A video or a playlist of a well-known site: its canonical address, and its site."""

    kind: Kind
    url: str
    site: VideoSite


def video_or_playlist(parts: SplitResult) -> FoundVideo | None:
    """The video or playlist of a well-known site at an address; `None` for any other address."""
    address = f"{parts.netloc}{parts.path}{'?' if parts.query else ''}{parts.query}"
    for site in SITES:
        for form in site.forms:
            if found := re.match(site.prefix + form.address, address):
                parameters = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
                kept = "&".join(f"{name}={parameters[name]}" for name in form.kept if name in parameters)
                return FoundVideo(form.kind, found.expand(form.spelling) + (f"?{kept}" if kept else ""), site)
    return None


def video_at(address: str) -> FoundVideo | None:
    """The video of a well-known site that a link leads to, whatever the second that it names."""
    try:
        found = video_or_playlist(urlsplit(address))
    except ValueError:
        return None
    return found if found and found.kind is Kind.VIDEO else None
