"""Extractions of videos, playlists and sounds from other sites than YouTube by yt-dlp. Call these in the sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from seekpoint.index.errors import SeekpointError, SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.language_identification import language_of
from seekpoint.index.text.languages import is_tag, primary
from seekpoint.index.types import Details, State, Transcript
from seekpoint.indexer.fetch.retries import MONTH
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.captions import Track, choose, parse_captions
from seekpoint.indexer.sources.metadata import check_not_live, stated_details, stated_text
from seekpoint.indexer.sources.sandbox_child import Ask

if TYPE_CHECKING:
    from seekpoint.indexer.sources.sites.downloader import SiteDownloader

_MOST_OF_CAPTIONS = 20_000_000  # as of a file
_NO_NAME = re.compile(r"[^A-Za-z0-9-]")
# Vimeo's page takes a login where the page of its player, which other sites embed, takes none.
_VIMEO, _VIMEO_PLAYER = re.compile(r"https://vimeo\.com/(\d+)(?:/(\w+))?"), "https://player.vimeo.com/video/"
# Some extractors ask for captions only if they are to be written.
_CAPTIONS = {"extract_flat": "in_playlist", "writesubtitles": True, "writeautomaticsub": True}
_WAYS = "[protocol~='^(?:http|m3u8)']"
_SOUND = {
    # The smallest file with the original language; what comes in segments only where nothing else does.
    "format": "bestaudio[protocol^=http]/best[protocol^=http][acodec!=none]"
    f"/bestaudio{_WAYS}/best[acodec!=none]{_WAYS}/best{_WAYS}",
    "format_sort": ["lang", "+size", "+br"],
    "http_chunk_size": 4_000_000,
    "ignore_no_formats_error": False,
}


# Formats that `captions` parses, the best first; a track without an extension is one of these too.
_FORMATS = ("vtt", "srt", "ttml", "dfxp", "json3", "srv3", "srv1", "sbv", "json")
_NO_SPEECH = ("danmaku", "live_chat", "comments", "rechat")
# Bilibili's `ai-zh`, Vimeo's `en-x-autogen`, Kaltura's and others' words in the name.
_GENERATED = re.compile(r"\Aai-|-x-autogen\b|\ba(?:uto)?\.|\bautos?\b|auto-?generated|\basr\b|自动|自動", re.IGNORECASE)
_UNKNOWN = ("und", "mul", "zxx", "mis", "off")
_TAG = re.compile(r"(?:ai-)?([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*?)(?:-x-\w+|[-_](?:auto|asr))?", re.IGNORECASE)


class ListedVideos(NamedTuple):
    """The title of a playlist, and the address and the title of each of its videos."""

    title: str
    videos: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SiteVideo:
    """What is at an address: the transcripts and details of a video, or the videos of a playlist.

    `address` is the video's own, which may be another one, as that of a short link.
    """

    transcripts: tuple[Transcript, ...] = ()
    details: Details = field(default_factory=Details)
    address: str = ""
    listed: ListedVideos | None = None


def read_video(address: bytes, languages: Sequence[str], most: int, page: str | None, ask: Ask) -> SiteVideo:
    """Extract a video's captions, or what videos a playlist has, at most `most`; raises Unfetched if there is neither.

    `page` is the address of the page that shows a recording.
    """
    url = address.decode()
    with _extracting(url, {**_CAPTIONS, "playlistend": most}, ask, page) as (downloader, info):
        info = _recording(info, url) if page else info
        if info.get("_type") == "multi_video":  # one video in several files, the first of which has all captions
            info = {**next(iter(info["entries"]), {}), **{**info, "_type": "video"}}
        if info.get("_type") == "playlist":
            return SiteVideo(listed=_listed(info))
        tracks = tracks_of(info)
        if not tracks and not info.get("formats") and not info.get("url"):
            raise no_video(url)
        if not tracks:
            needs_login = any("logged in" in warning for warning in downloader.warnings)
            reason = Reason("site_captions_login" if needs_login else "site_no_captions", host=site_of(url))
            raise Unfetched(State.NO_TRANSCRIPT, reason, MONTH)
        spoken = str(info.get("language") or "")
        if not spoken and not any(track.is_generated for track in tracks):
            spoken = language_of([str(info.get("title") or ""), str(info.get("description") or "")], None)
        chosen = choose(without_translations(tracks, spoken), languages, spoken)
        transcripts = tuple(_transcript(downloader, info, track) for track in chosen)
        return SiteVideo(transcripts, stated_details(info), str(info.get("webpage_url") or ""))


def list_videos(address: bytes, most: int, ask: Ask) -> ListedVideos:
    """List the videos of a playlist, at most `most`; raises Unfetched."""
    options = {"extract_flat": "in_playlist", "playlistend": most}
    with _extracting(address.decode(), options, ask) as (_, info):
        return _listed(info)


def read_details(address: bytes, ask: Ask) -> Details:
    """Extract the details of a video; raises Unfetched."""
    with _extracting(address.decode(), {"noplaylist": True, "playlistend": 1}, ask) as (_, info):
        return stated_details(info)


def fetch_sound(address: bytes, stem: str, ask: Ask) -> tuple[str, Details]:
    """Download a video's sound into a file, or resume it; returns its path, which begins with `stem`.

    Raises Unfetched.
    """
    url = address.decode()
    with _extracting(url, {**_SOUND, "noplaylist": True, "playlistend": 1}, ask) as (downloader, info):
        # The format is part of the name: a download must not be resumed in another format.
        parts = (_NO_NAME.sub("", str(info.get(part) or ""))[:40] for part in ("format_id", "ext"))
        path = ".".join((stem, *parts))
        downloader.dl(path, {**info})
        if not Path(path).exists():
            raise Unfetched(State.UNAVAILABLE, Reason("site_no_sound", host=site_of(url)), MONTH)
        return path, stated_details(info)


def site_of(url: str) -> str:
    """The host of an address, without `www.`."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


@contextmanager
def _extracting(
    url: str, options: Mapping[str, object], ask: Ask, page: str | None = None
) -> Iterator[tuple[SiteDownloader, Mapping[str, Any]]]:
    """A downloader, and what it finds at an address, or on the `page` that shows it.

    What it raises becomes Unfetched, as does a live stream.
    """
    from yt_dlp.utils import YoutubeDLError

    from seekpoint.indexer.sources.sites.downloader import SiteDownloader, failure_of

    downloader = SiteDownloader(ask, options)
    vimeo = _VIMEO.fullmatch(page or url)
    try:
        info = downloader.describe(f"{_VIMEO_PLAYER}{vimeo[1]}?h={vimeo[2] or ''}" if vimeo else page or url)
        if not info:
            raise no_video(page or url)
        status = info.get("live_status")
        check_not_live("is_live" if status == "post_live" else status)  # a site may give what has ended in part
        yield downloader, info
    except (YoutubeDLError, SeekpointError, OSError) as error:
        raise failure_of(error, site_of(url), downloader.failure) from error


def _recording(info: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    """The recording at an address among those of a page; raises Unfetched if the page doesn't show it any more."""
    for entry in info.get("entries") or (info,):
        addresses = [entry.get("url"), *(form.get("url") for form in entry.get("formats") or ())]
        resources = (resource_of(str(address)) for address in addresses if address)
        if any(resource and resource.url == url for resource in resources):
            return entry
    raise no_video(url)


def no_video(url: str) -> Unfetched:
    """The failure of an address without a video."""
    return Unfetched(State.UNAVAILABLE, Reason("site_no_video", host=site_of(url)), MONTH)


def _transcript(downloader: SiteDownloader, info: Mapping[str, Any], track: Track) -> Transcript:
    from yt_dlp.networking import Request

    form: Mapping[str, Any] = track.source
    headers = {**(info.get("http_headers") or {}), **(form.get("http_headers") or {})}
    if form.get("data"):
        data = str(form["data"]).encode()
    elif not _is_segmented(form):
        data = downloader.urlopen(Request(str(form["url"]), headers=headers)).read()
    else:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "captions"
            described = {"id": "captions", "title": "captions", "ext": "vtt", "protocol": "m3u8_native", **form}
            downloader.dl(str(path), {**described, "http_headers": headers}, subtitle=True)
            data = path.read_bytes() if path.exists() else b""
    if len(data) > _MOST_OF_CAPTIONS:
        size, most = (f"{count / 1e6:.0f}" for count in (len(data), _MOST_OF_CAPTIONS))
        raise Unfetched(State.NO_TRANSCRIPT, Reason("file_too_large", size=size, most=most), MONTH)
    try:
        parsed = parse_captions(data, f"captions.{form.get('ext') or 'vtt'}")
    except SourceError as error:
        raise Unfetched(State.NO_TRANSCRIPT, Reason.of(error.args[0]), MONTH) from error
    language = track.language if is_tag(track.language) else ""
    language = language or language_of([cue.text for cue in parsed.cues], parsed.language)
    return Transcript(language, track.origin, parsed.cues)


def _listed(info: Mapping[str, Any]) -> ListedVideos:
    entries = filter(None, info.get("entries") or ())
    addresses = ((entry.get("webpage_url") or entry.get("url") or "", entry.get("title")) for entry in entries)
    videos = tuple((str(address), stated_text(title)) for address, title in addresses)
    return ListedVideos(stated_text(info.get("title")), videos)


def tracks_of(info: Mapping[str, Any]) -> list[Track]:
    """The tracks of a video with words that are spoken, in the order of the site, those made by people first."""
    manual: list[Track] = []
    generated: list[Track] = []
    for name in ("subtitles", "automatic_captions"):
        for key, listed in (info.get(name) or {}).items():
            readable = [form for form in listed or () if (form.get("url") or form.get("data")) and _format(form)]
            # Text before an address before a list of segments, then by format.
            form = min(readable, key=lambda form: (_is_segmented(form), _format(form)), default=None)
            if key in _NO_SPEECH or form is None:
                continue
            described = f"{key} {form.get('name') or ''}"
            is_generated = name == "automatic_captions" or bool(_GENERATED.search(described))
            (generated if is_generated else manual).append(Track(_language(str(key)), is_generated, form))
    return manual + generated


def _language(key: str) -> str:
    """The language tag in the name of a track: `zh` of `ai-zh`, `en` of `eng`; empty if there is none."""
    from yt_dlp.utils import ISO639Utils

    tag = _TAG.fullmatch(key)
    language, _, rest = tag[1].replace("_", "-").partition("-") if tag else ("", "", "")
    if language in _UNKNOWN:
        return ""
    short = ISO639Utils.long2short(language.lower()) or language.lower()
    return f"{short}-{rest}" if rest else short


def without_translations(tracks: Sequence[Track], spoken: str) -> list[Track]:
    """The tracks, of generated ones only the first in the language that is `spoken`, if the site says which it is."""
    generated = [track for track in tracks if track.is_generated]
    heard = [track for track in generated if spoken and primary(track.language) == primary(spoken)] or generated
    return [track for track in tracks if not track.is_generated] + heard[:1]


def _format(form: Mapping[str, Any]) -> int:
    """The place of a form among those that are parsed, from 1 on; 0 for others."""
    extension = str(form.get("ext") or "vtt").lower()
    return _FORMATS.index(extension) + 1 if extension in _FORMATS else 0


def _is_segmented(form: Mapping[str, Any]) -> bool:
    return "data" not in form and (
        str(form.get("protocol") or "").startswith(("m3u8", "http_dash")) or ".m3u8" in str(form.get("url"))
    )
