"""Videos, playlists and sounds of other sites than YouTube, by yt-dlp's extractors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests import RequestException

from seekpoint.index.errors import SeekpointError, SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import is_tag
from seekpoint.index.types import Chapter, Details, Kind, Origin, Playlist, PlaylistEntry, Resource, State, Transcript
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.network import picture_address
from seekpoint.indexer.fetch.retries import DAY, MONTH, Pace, ServerFault
from seekpoint.indexer.reading_list.addresses import resource_of, short_hash
from seekpoint.indexer.sources.provenance import FetchedAudio, FetchResult, FromListing, FromPage, FromSite, Listing

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.site_downloader import SiteDownloader
    from seekpoint.indexer.sources.sites.tracks import Track

_MOST_ENTRIES = 5_000
_MOST_CHAPTERS = 1_000
_MOST_OF_CAPTIONS = 20_000_000  # as of a file
_DAY = re.compile(r"\d{8}", re.ASCII)
_NO_NAME = re.compile(r"[^A-Za-z0-9-]")
_LONGEST_TITLE = 500
# These extractors number the videos of a page, also an only one.
_NUMBERING, _NUMBER = ("Generic", "HTML5MediaEmbed"), re.compile(r" \(1\)\Z")
_LIVE = {"is_live": "live_now", "is_upcoming": "not_begun", "post_live": "live_now"}
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


class VideoSites:
    """The videos of sites that yt-dlp has extractors for; `languages` are tags in order of preference.

    There are `pace` seconds between two videos of one site; a site that asks for a pause gets no further requests.
    """

    def __init__(self, web: Web, languages: Sequence[str] = (), pace: float = 0.0, limit: int | None = None) -> None:
        self._web = web
        self._languages = tuple(languages)
        self._seconds = pace
        self._limit = limit
        self._paces: dict[str, Pace] = {}
        self._faults: dict[str, ServerFault] = {}
        # The addresses of the pages whose captions a recording has, by its id.
        self._pages: dict[str, str] = {}

    def shown_on(self, page: str, video: Resource) -> None:
        """Remember the address of the page that shows a recording, and has its captions."""
        if resource_of(video.url) != replace(video, title=""):
            self._pages[video.id] = page

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch a video's captions, or what videos a playlist has; raises Unfetched, NoVideo if there is neither.

        Its address may be one of YouTube: then the result is that video or playlist, without transcripts.
        """
        from seekpoint.indexer.fetch.fetcher import LeadsToVideo

        try:
            with self._asking(resource, {**_CAPTIONS, **self._limits()}, private) as downloader:
                page = self._pages.get(resource.id)
                info = _recording(_info(downloader, page), resource) if page else _info(downloader, resource.url)
                if (
                    info.get("_type") == "multi_video"
                ):  # one video in several files, the first of which has all captions
                    info = {**next(iter(info["entries"]), {}), **{**info, "_type": "video"}}
                if info.get("_type") == "playlist":
                    return FetchResult((), kind=Kind.PLAYLIST, playlist=_playlist(info, resource))
                transcripts = self._transcripts(downloader, info, _site(resource.url))
        except LeadsToVideo as led:
            video = resource_of(led.url)
            if video is None or not video.is_on_youtube:
                raise
            return FetchResult((), end=video)
        # The video itself may have another address, as that of a short link.
        own = resource_of(str(info.get("webpage_url") or ""))
        end = own if own and own.kind is Kind.VIDEO and own.id != resource.id else None
        return FetchResult(transcripts, details_of(info), Kind.VIDEO, FromSite(self._languages), end=end)

    def fetch_listing(
        self, playlist: Resource, earlier: FromListing | None = None, *, private: bool = False
    ) -> Listing:
        """List a playlist anew, whatever the earlier version; raises Unfetched."""
        with self._asking(playlist, {"extract_flat": "in_playlist", **self._limits()}, private) as downloader:
            return Listing(_playlist(_info(downloader, playlist.url), playlist))

    def details(self, resource: Resource, *, private: bool = False) -> Details:
        """The details of a video; raises Unfetched."""
        with self._asking(resource, {"noplaylist": True, "playlistend": 1}, private) as downloader:
            return details_of(_info(downloader, resource.url))

    def sound(self, resource: Resource, folder: Path, *, private: bool = False) -> FetchedAudio:
        """Download a video's sound into a folder, or resume it; raises Unfetched."""
        options = {**_SOUND, "noplaylist": True, "playlistend": 1}
        with self._asking(resource, options, private, reads_media=True) as downloader:
            info = _info(downloader, resource.url)
            folder.mkdir(parents=True, exist_ok=True)
            # The format is part of the name: a download must not be resumed in another format.
            parts = (_NO_NAME.sub("", str(info.get(part) or ""))[:40] for part in ("format_id", "ext"))
            path = folder / ".".join((resource.id, *parts))
            downloader.dl(str(path), {**info})
            if not path.exists():
                raise Unfetched(State.UNAVAILABLE, Reason("site_no_sound", host=_site(resource.url)), MONTH)
            return FetchedAudio(path, details_of(info))

    def _limits(self) -> dict[str, int]:
        return {"playlistend": _MOST_ENTRIES + 1 if self._limit is None else self._limit}

    @contextmanager
    def _asking(
        self, resource: Resource, options: Mapping[str, object], private: bool, *, reads_media: bool = False
    ) -> Iterator[SiteDownloader]:
        """A downloader for a resource, in the turn of its site; what it raises becomes Unfetched."""
        from yt_dlp.utils import YoutubeDLError

        from seekpoint.indexer.fetch.site_downloader import SiteDownloader
        from seekpoint.indexer.sources.sites.failures import failure_of

        site = _site(resource.url)
        if fault := self._faults.get(site):
            raise fault
        with self._paces.setdefault(site, Pace(self._seconds, jitter=0.0)).turn():
            downloader = SiteDownloader(self._web, resource.url, options, private=private, reads_media=reads_media)
            try:
                yield downloader
            except (YoutubeDLError, RequestException, SeekpointError, OSError) as error:
                failure = failure_of(error, site, downloader.failure)
                if isinstance(failure, ServerFault):
                    self._faults[site] = failure
                raise failure from error

    def _transcripts(self, downloader: SiteDownloader, info: Mapping[str, Any], site: str) -> tuple[Transcript, ...]:
        from seekpoint.indexer.sources.sites.tracks import choose, tracks_of
        from seekpoint.indexer.transcript.language import language_of

        tracks = tracks_of(info)
        spoken = str(info.get("language") or "")
        if not spoken and not any(track.is_generated for track in tracks):
            spoken = language_of([str(info.get("title") or ""), str(info.get("description") or "")], None)
        chosen = choose(tracks, self._languages, spoken)
        if not chosen:
            raise _without_captions(downloader, info, tracks, self._languages, site)
        return tuple(_transcript(downloader, info, track) for track in chosen)


def _recording(info: Mapping[str, Any], resource: Resource) -> Mapping[str, Any]:
    """The recording at an address among those of a page; raises NoVideo if the page doesn't show it any more."""
    for entry in info.get("entries") or (info,):
        addresses = [entry.get("url"), *(form.get("url") for form in entry.get("formats") or ())]
        found = (resource_of(str(address)) for address in addresses if address)
        if any(one and one.id == resource.id for one in found):
            return entry
    raise _no_video(_site(resource.url))


def _info(downloader: SiteDownloader, address: str) -> Mapping[str, Any]:
    """What yt-dlp finds at an address; raises Unfetched for a live stream."""
    vimeo = _VIMEO.fullmatch(address)
    info = downloader.describe(f"{_VIMEO_PLAYER}{vimeo[1]}?h={vimeo[2] or ''}" if vimeo else address)
    if not info:
        raise _no_video(_site(address))
    if code := _LIVE.get(str(info.get("live_status"))):
        raise Unfetched(State.DEFERRED, Reason(code), DAY)
    return info


def _no_video(site: str) -> Unfetched:
    from seekpoint.indexer.sources.sites.failures import NoVideo

    return NoVideo(State.UNAVAILABLE, Reason("site_no_video", host=site), MONTH)


def _without_captions(
    downloader: SiteDownloader, info: Mapping[str, Any], tracks: Sequence[Track], wanted: Sequence[str], site: str
) -> Unfetched:
    if not tracks and not info.get("formats") and not info.get("url"):
        return _no_video(site)
    if not tracks and any("logged in" in warning for warning in downloader.warnings):
        return Unfetched(State.NO_TRANSCRIPT, Reason("site_captions_login", host=site), MONTH)
    if tracks:
        available = ", ".join(dict.fromkeys(track.language or "und" for track in tracks))
        reason = Reason("no_track_in", wanted=", ".join(wanted), available=available)
        return Unfetched(State.NO_TRANSCRIPT, reason, MONTH)
    return Unfetched(State.NO_TRANSCRIPT, Reason("site_no_captions", host=site), MONTH)


def _transcript(downloader: SiteDownloader, info: Mapping[str, Any], track: Track) -> Transcript:
    """The transcript of a track; raises Unfetched if its captions can't be read."""
    from seekpoint.indexer.sources.captions import parse_captions
    from seekpoint.indexer.transcript.language import language_of

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
    language = track.language if is_tag(track.language) else ""
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


def _playlist(info: Mapping[str, Any], listed: Resource) -> Playlist:
    """The videos of a listing; raises NoVideo if it has none."""
    entries: dict[str, PlaylistEntry] = {}
    for entry in filter(None, info.get("entries") or ()):
        address, title = str(entry.get("webpage_url") or entry.get("url") or ""), _text(entry.get("title"))
        resource = resource_of(address, title)
        if resource and resource.kind is Kind.PAGE:
            resource = Resource(short_hash(resource.url), Kind.VIDEO, title, resource.url)
        if resource and resource.id != listed.id:
            entries.setdefault(resource.id, PlaylistEntry(resource))
    if not entries:
        raise _no_video(_site(listed.url))
    if len(entries) > _MOST_ENTRIES:
        raise Unfetched(State.UNAVAILABLE, Reason("playlist_too_long", most=f"{_MOST_ENTRIES:,}"), MONTH)
    return Playlist(_text(info.get("title")), tuple(entries.values()))


def details_of(info: Mapping[str, Any]) -> Details:
    """The details of a video as yt-dlp describes it; what is missing or ill-formed stays empty."""
    title = _text(info.get("title"))
    if info.get("extractor_key") in _NUMBERING:
        title = _NUMBER.sub("", title)
    day, length = _text(info.get("upload_date")), _seconds(info.get("duration"))
    listed = info.get("chapters")
    marks = [mark for mark in listed if isinstance(mark, dict)] if isinstance(listed, list) else []
    titles: dict[float, str] = {}
    for mark in marks[:_MOST_CHAPTERS]:
        start, named = _seconds(mark.get("start_time")), _text(mark.get("title"))
        if start is not None and named:
            titles.setdefault(start, named)
    return Details(
        title or None,
        _text(info.get("channel") or info.get("uploader")) or None,
        length or None,
        f"{day[:4]}-{day[4:6]}-{day[6:]}" if _DAY.fullmatch(day) else None,
        tuple(Chapter(start, titles[start]) for start in sorted(titles)),
        thumbnail=picture_address(_text(info.get("thumbnail"))),
    )


def _text(value: object) -> str:
    return clean(value)[:_LONGEST_TITLE].rstrip() if isinstance(value, str) else ""


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) and value >= 0 else None


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
