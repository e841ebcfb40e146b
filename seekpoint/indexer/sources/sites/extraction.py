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
from seekpoint.index.text.languages import is_tag
from seekpoint.index.types import Details, Origin, State, Transcript
from seekpoint.indexer.fetch.network import picture_address
from seekpoint.indexer.fetch.retries import MONTH
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.caption_tracks import no_track_in
from seekpoint.indexer.sources.captions import parse_captions
from seekpoint.indexer.sources.metadata import check_not_live, stated_chapters, stated_seconds, stated_text
from seekpoint.indexer.sources.sandbox_child import Ask
from seekpoint.indexer.transcript.language_identification import language_of

if TYPE_CHECKING:
    from seekpoint.indexer.sources.sites.downloader import SiteDownloader
    from seekpoint.indexer.sources.sites.tracks import Track

_MOST_OF_CAPTIONS = 20_000_000  # as of a file
_DAY = re.compile(r"\d{8}", re.ASCII)
_NO_NAME = re.compile(r"[^A-Za-z0-9-]")
# These extractors number the videos of a page, also an only one.
_NUMBERING, _NUMBER = ("Generic", "HTML5MediaEmbed"), re.compile(r" \(1\)\Z")
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
    with _extracting(url, {**_CAPTIONS, "playlistend": most}, ask) as downloader:
        info = _recording(_info(downloader, page), url) if page else _info(downloader, url)
        if info.get("_type") == "multi_video":  # one video in several files, the first of which has all captions
            info = {**next(iter(info["entries"]), {}), **{**info, "_type": "video"}}
        if info.get("_type") == "playlist":
            return SiteVideo(listed=_listed(info))
        transcripts = _transcripts(downloader, info, languages, site_of(url))
        return SiteVideo(transcripts, details_of(info), str(info.get("webpage_url") or ""))


def list_videos(address: bytes, most: int, ask: Ask) -> ListedVideos:
    """List the videos of a playlist, at most `most`; raises Unfetched."""
    url = address.decode()
    with _extracting(url, {"extract_flat": "in_playlist", "playlistend": most}, ask) as downloader:
        return _listed(_info(downloader, url))


def read_details(address: bytes, ask: Ask) -> Details:
    """Extract the details of a video; raises Unfetched."""
    url = address.decode()
    with _extracting(url, {"noplaylist": True, "playlistend": 1}, ask) as downloader:
        return details_of(_info(downloader, url))


def fetch_sound(address: bytes, stem: str, ask: Ask) -> tuple[str, Details]:
    """Download a video's sound into a file, or resume it; returns its path, which begins with `stem`.

    Raises Unfetched.
    """
    url = address.decode()
    with _extracting(url, {**_SOUND, "noplaylist": True, "playlistend": 1}, ask) as downloader:
        info = _info(downloader, url)
        # The format is part of the name: a download must not be resumed in another format.
        parts = (_NO_NAME.sub("", str(info.get(part) or ""))[:40] for part in ("format_id", "ext"))
        path = ".".join((stem, *parts))
        downloader.dl(path, {**info})
        if not Path(path).exists():
            raise Unfetched(State.UNAVAILABLE, Reason("site_no_sound", host=site_of(url)), MONTH)
        return path, details_of(info)


def site_of(url: str) -> str:
    """The host of an address, without `www.`."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


@contextmanager
def _extracting(url: str, options: Mapping[str, object], ask: Ask) -> Iterator[SiteDownloader]:
    """A downloader for an address; what it raises becomes Unfetched."""
    from yt_dlp.utils import YoutubeDLError

    from seekpoint.indexer.sources.sites.downloader import SiteDownloader
    from seekpoint.indexer.sources.sites.failures import failure_of

    downloader = SiteDownloader(ask, options)
    try:
        yield downloader
    except (YoutubeDLError, SeekpointError, OSError) as error:
        raise failure_of(error, site_of(url), downloader.failure) from error


def _transcripts(
    downloader: SiteDownloader, info: Mapping[str, Any], languages: Sequence[str], site: str
) -> tuple[Transcript, ...]:
    from seekpoint.indexer.sources.sites.tracks import choose, tracks_of

    tracks = tracks_of(info)
    spoken = str(info.get("language") or "")
    if not spoken and not any(track.is_generated for track in tracks):
        spoken = language_of([str(info.get("title") or ""), str(info.get("description") or "")], None)
    chosen = choose(tracks, languages, spoken)
    if not chosen:
        raise _without_captions(downloader, info, tracks, languages, site)
    return tuple(_transcript(downloader, info, track) for track in chosen)


def _recording(info: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    """The recording at an address among those of a page; raises Unfetched if the page doesn't show it any more."""
    for entry in info.get("entries") or (info,):
        addresses = [entry.get("url"), *(form.get("url") for form in entry.get("formats") or ())]
        found = (resource_of(str(address)) for address in addresses if address)
        if any(one and one.url == url for one in found):
            return entry
    raise _no_video(site_of(url))


def _info(downloader: SiteDownloader, address: str) -> Mapping[str, Any]:
    """What yt-dlp finds at an address; raises Unfetched for a live stream."""
    vimeo = _VIMEO.fullmatch(address)
    info = downloader.describe(f"{_VIMEO_PLAYER}{vimeo[1]}?h={vimeo[2] or ''}" if vimeo else address)
    if not info:
        raise _no_video(site_of(address))
    check_not_live(info.get("live_status"))
    return info


def _no_video(site: str) -> Unfetched:
    return Unfetched(State.UNAVAILABLE, Reason("site_no_video", host=site), MONTH)


def _without_captions(
    downloader: SiteDownloader, info: Mapping[str, Any], tracks: Sequence[Track], wanted: Sequence[str], site: str
) -> Unfetched:
    if not tracks and not info.get("formats") and not info.get("url"):
        return _no_video(site)
    if not tracks and any("logged in" in warning for warning in downloader.warnings):
        return Unfetched(State.NO_TRANSCRIPT, Reason("site_captions_login", host=site), MONTH)
    if tracks:
        return no_track_in(wanted, (track.language_code or "und" for track in tracks))
    return Unfetched(State.NO_TRANSCRIPT, Reason("site_no_captions", host=site), MONTH)


def _transcript(downloader: SiteDownloader, info: Mapping[str, Any], track: Track) -> Transcript:
    """The transcript of a track; raises Unfetched if its captions can't be read."""
    form = track.forms[0]
    suffix = str(form.get("ext") or "vtt")
    data = _captions(downloader, info, form)
    if len(data) > _MOST_OF_CAPTIONS:
        size, most = (f"{count / 1e6:.0f}" for count in (len(data), _MOST_OF_CAPTIONS))
        raise Unfetched(State.NO_TRANSCRIPT, Reason("file_too_large", size=size, most=most), MONTH)
    try:
        parsed = parse_captions(data, f"captions.{suffix}")
    except SourceError as error:
        raise Unfetched(State.NO_TRANSCRIPT, Reason.of(error.args[0]), MONTH) from error
    language = track.language_code if is_tag(track.language_code) else ""
    language = language or language_of([cue.text for cue in parsed.cues], parsed.language)
    return Transcript(language, Origin.GENERATED if track.is_generated else Origin.MANUAL, parsed.cues)


def _captions(downloader: SiteDownloader, info: Mapping[str, Any], form: Mapping[str, Any]) -> bytes:
    from yt_dlp.networking import Request

    from seekpoint.indexer.sources.sites.tracks import is_segmented

    if form.get("data"):
        return str(form["data"]).encode()
    headers = {**(info.get("http_headers") or {}), **(form.get("http_headers") or {})}
    if not is_segmented(form):
        read: bytes = downloader.urlopen(Request(str(form["url"]), headers=headers)).read()
        return read
    with TemporaryDirectory() as folder:
        path = Path(folder) / "captions"
        described = {"id": "captions", "title": "captions", "ext": "vtt", "protocol": "m3u8_native", **form}
        downloader.dl(str(path), {**described, "http_headers": headers}, subtitle=True)
        return path.read_bytes() if path.exists() else b""


def _listed(info: Mapping[str, Any]) -> ListedVideos:
    entries = filter(None, info.get("entries") or ())
    videos = ((str(one.get("webpage_url") or one.get("url") or ""), stated_text(one.get("title"))) for one in entries)
    return ListedVideos(stated_text(info.get("title")), tuple(videos))


def details_of(info: Mapping[str, Any]) -> Details:
    """The details of a video as yt-dlp describes it; what is missing or ill-formed stays empty."""
    title = stated_text(info.get("title"))
    if info.get("extractor_key") in _NUMBERING:
        title = _NUMBER.sub("", title)
    day, length = stated_text(info.get("upload_date")), stated_seconds(info.get("duration"))
    listed = info.get("chapters")
    marks = [mark for mark in listed if isinstance(mark, dict)] if isinstance(listed, list) else []
    return Details(
        title or None,
        stated_text(info.get("channel") or info.get("uploader")) or None,
        length or None,
        f"{day[:4]}-{day[4:6]}-{day[6:]}" if _DAY.fullmatch(day) else None,
        stated_chapters((stated_seconds(mark.get("start_time")), mark.get("title")) for mark in marks),
        thumbnail=picture_address(stated_text(info.get("thumbnail"))),
    )
