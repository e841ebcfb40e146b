"""Well-known video sites: the addresses of their videos and playlists, and how a link there names a second."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from seekpoint.index.types import Kind


class _Form(NamedTuple):
    """Addresses of a kind, as a pattern without scheme, and their one spelling after https://; `kept` parameters stay.

    Nothing but a slash and parameters follows what the pattern matches, unless it names a parameter itself.
    """

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


_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PANOPTO = r"([^/]+)/Panopto/Pages/(?:Viewer|Embed)\.aspx\?(?:.*&)?"
# SoundCloud's own pages, and the parts of a user's page.
_SOUNDCLOUD_PAGE = (
    "(?:charts|discover|feed|jobs|pages|player|search|settings|stations|stream|tags|terms-of-use|upload|you)"
)
_SOUNDCLOUD = rf"soundcloud\.com/(?!{_SOUNDCLOUD_PAGE}/)"
_OF_A_USER = "(?:albums|comments|followers|following|likes|popular-tracks|reposts|spotlight|toptracks|tracks)"
_SPACE = r"\d+(?:/(?:video|upload/video|lists(?:/\d+)?|favlist|channel/\w+))?"
_VIMEO_PAGE = r"(?:(?:channels/[^/]+|groups/[^/]+/videos|showcase/\d+/video)/)?"
_NICONICO = r"(?:(?:sp|embed)\.)?(?:nicovideo\.jp/watch|nico\.ms)"

# Without a source of its own, the form of a link is the one that the site's player copies and public code makes.
SITES = (
    VideoSite(
        (
            _Form(Kind.VIDEO, r"bilibili\.com/video/(BV\w{10}|av\d+)", r"www.bilibili.com/video/\1", ("p",)),
            _Form(Kind.PLAYLIST, rf"space\.bilibili\.com/({_SPACE})", r"space.bilibili.com/\1", ("type", "fid", "sid")),
            _Form(Kind.PLAYLIST, r"bilibili\.com/(list/\w+)", r"www.bilibili.com/\1", ("sid",)),
        ),
        "?t",
    ),
    VideoSite(
        (
            _Form(Kind.VIDEO, r"player\.vimeo\.com/video/(\d+)\?(?:.*&)?h=([0-9a-f]+)", r"vimeo.com/\1/\2"),
            _Form(Kind.VIDEO, r"player\.vimeo\.com/video/(\d+)", r"vimeo.com/\1"),
            _Form(Kind.VIDEO, rf"vimeo\.com/{_VIMEO_PAGE}(\d+(?:/[0-9a-f]{{10}})?)", r"vimeo.com/\1"),
            _Form(Kind.PLAYLIST, r"vimeo\.com/(?:album|showcase)/(\d+)", r"vimeo.com/showcase/\1"),
            _Form(Kind.PLAYLIST, r"vimeo\.com/channels/([^/?]+)", r"vimeo.com/channels/\1"),
        ),
        "#t",
        "{seconds}s",
    ),
    VideoSite(
        (
            _Form(Kind.VIDEO, r"ted\.com/talks/(?!subtitle)([^/?]+)", r"www.ted.com/talks/\1"),
            _Form(Kind.PLAYLIST, r"ted\.com/playlists/(\d+(?:/[^/?]+)?)", r"www.ted.com/playlists/\1"),
        )
    ),
    VideoSite(
        (
            _Form(Kind.VIDEO, rf"{_NICONICO}/((?:sm|so|nm)?\d+)", r"www.nicovideo.jp/watch/\1"),
            _Form(Kind.PLAYLIST, r"nicovideo\.jp/((?:user/\d+/)?(?:mylist|series)/\d+)", r"www.nicovideo.jp/\1"),
        ),
        "?from",
    ),
    VideoSite(
        (
            _Form(Kind.PLAYLIST, rf"{_SOUNDCLOUD}([\w-]+/(?:sets/[\w-]+|{_OF_A_USER}))", r"soundcloud.com/\1"),
            _Form(Kind.VIDEO, rf"{_SOUNDCLOUD}([\w-]+/(?!sets\b)[\w-]+(?:/s-\w+)?)", r"soundcloud.com/\1"),
        ),
        "#t",
        "{clock}",
    ),
    # The form of links: https://lists.w3.org/Archives/Public/public-media-fragment/2011Dec/0016.html
    VideoSite(
        (_Form(Kind.VIDEO, r"(?:dailymotion\.com/video|dai\.ly)/(\w+)", r"www.dailymotion.com/video/\1"),), "?start"
    ),
    VideoSite(
        (
            _Form(Kind.VIDEO, r"media\.ccc\.de/v/([^/?]+)", r"media.ccc.de/v/\1"),
            _Form(Kind.PLAYLIST, r"media\.ccc\.de/c/([^/?]+)", r"media.ccc.de/c/\1"),
        ),
        "#t",
    ),
    # The next two, Panopto and MediaSpace, are at any university's host.
    VideoSite(
        (
            _Form(Kind.VIDEO, rf"{_PANOPTO}id=({_UUID})", r"\1/Panopto/Pages/Viewer.aspx?id=\2"),
            _Form(Kind.PLAYLIST, rf"{_PANOPTO}pid=({_UUID})", r"\1/Panopto/Pages/Viewer.aspx?pid=\2"),
        ),
        "?start",
        prefix="",
    ),
    # The form of links: `kalturaStartTime` of the share overlay, https://github.com/kaltura/playkit-js-ui
    VideoSite(
        (_Form(Kind.VIDEO, r"([^/]+/media(?:/[^/?]+){0,2}/\d_[0-9a-z]{8})", r"\1"),), "?kalturaStartTime", prefix=""
    ),
)


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
            end = "" if r"\?" in form.address else r"/?(?:\?.*)?\Z"
            if match := re.match(site.prefix + form.address + end, address):
                parameters = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
                kept = "&".join(f"{name}={parameters[name]}" for name in form.kept if name in parameters)
                return FoundVideo(form.kind, f"https://{match.expand(form.spelling)}{'?' * bool(kept)}{kept}", site)
    return None


def video_at(address: str) -> FoundVideo | None:
    """The video of a well-known site that a link leads to, whatever the second that it names."""
    try:
        video = video_or_playlist(urlsplit(address))
    except ValueError:
        return None
    return video if video and video.kind is Kind.VIDEO else None
