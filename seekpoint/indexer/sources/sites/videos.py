"""Videos, playlists and sounds of other sites than YouTube; yt-dlp reads their pages in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Details, Kind, Playlist, PlaylistEntry, Resource, State
from seekpoint.indexer.fetch.fetcher import LeadsToVideo, origin_of
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import MONTH, Pace, ResponseTooLarge, ServerFault
from seekpoint.indexer.fetch.site_requests import SiteRequests
from seekpoint.indexer.reading_list.addresses import resource_of, short_hash
from seekpoint.indexer.sources.documents import DocumentReader
from seekpoint.indexer.sources.metadata import MOST_ENTRIES, check_length
from seekpoint.indexer.sources.provenance import FetchedAudio, FetchResult, FromListing, FromPage, FromTracks, Listing
from seekpoint.indexer.sources.sandbox import OriginReader
from seekpoint.indexer.sources.sites.extraction import (
    ListedVideos,
    fetch_sound,
    list_videos,
    no_video,
    read_details,
    read_video,
    site_of,
)
from seekpoint.video_sites import video_or_playlist

# Reasons for which a page in HTML has no article to read, and may yet have a video; documents have others.
_WITHOUT_ARTICLE = {"made_by_script", "navigation_only", "page_empty", "page_of_markup"}
_MEDIA = ("video/", "audio/")
# CPU seconds. An ordinary page takes less than one, a sound of an hour in encrypted segments 650.
_TO_EXTRACT, _TO_DOWNLOAD = 15.0, 1_800.0
_Result = TypeVar("_Result")


class VideoSites:
    """The videos of sites that yt-dlp has extractors for; `languages` are tags in order of preference.

    There are `pace` seconds between two videos of one site; a site that asks for a pause gets no further requests.
    """

    def __init__(self, web: Web, languages: Sequence[str] = (), pace: float = 0.0, limit: int | None = None) -> None:
        self._web = web
        self._languages = tuple(languages)
        self._seconds = pace
        self._reader = OriginReader()
        self._limit = limit
        self._paces: dict[str, Pace] = {}
        self._faults: dict[str, Unfetched] = {}
        # The addresses of the pages whose captions a recording has, by its id.
        self._pages: dict[str, str] = {}

    def shown_on(self, page: str, video: Resource) -> None:
        """Remember the address of the page that shows a recording, and has its captions."""
        if resource_of(video.url) != replace(video, title=""):
            self._pages[video.id] = page

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch a video's captions, or what videos a playlist has; raises Unfetched, `is_no_video` if there is neither.

        Its address may be one of YouTube: then the result is that video or playlist, without transcripts.
        """
        page = self._pages.get(resource.id)
        try:
            read = self._extracted(read_video, resource, self._languages, self._most, page, private=private)
        except LeadsToVideo as led:
            video = resource_of(led.url)
            if video is None or not video.is_on_youtube:
                raise
            return FetchResult((), end=video)
        if read.listed:
            return FetchResult((), kind=Kind.PLAYLIST, playlist=_playlist(read.listed, resource, self._limit))
        # The video itself may have another address, as that of a short link.
        own = resource_of(read.address)
        end = own if own and own.kind is Kind.VIDEO and own.id != resource.id else None
        return FetchResult(read.transcripts, read.details, Kind.VIDEO, FromTracks("site", self._languages), end=end)

    def fetch_listing(
        self, playlist: Resource, earlier: FromListing | None = None, *, private: bool = False
    ) -> Listing:
        """List a playlist anew, whatever the earlier version; raises Unfetched."""
        listed = self._extracted(list_videos, playlist, self._most, private=private)
        return Listing(_playlist(listed, playlist, self._limit))

    def details(self, resource: Resource, *, private: bool = False) -> Details:
        """The details of a video; raises Unfetched."""
        return self._extracted(read_details, resource, private=private)

    def sound(self, resource: Resource, folder: Path, *, private: bool = False) -> FetchedAudio:
        """Download a video's sound into a folder, or resume it; raises Unfetched."""
        folder.mkdir(parents=True, exist_ok=True)
        stem = folder / resource.id
        name, details = self._extracted(fetch_sound, resource, str(stem), private=private, reads_media=True)
        path = Path(name)
        if path.parent != folder or not path.name.startswith(stem.name):
            raise Unfetched(State.UNAVAILABLE, Reason("site_no_sound", host=site_of(resource.url)), MONTH)
        return FetchedAudio(path, details)

    @property
    def _most(self) -> int:
        return MOST_ENTRIES + 1 if self._limit is None else self._limit

    def _extracted(
        self,
        extract: Callable[..., _Result],
        resource: Resource,
        *arguments: object,
        private: bool,
        reads_media: bool = False,
    ) -> _Result:
        """Extract something from a resource, in the turn of its site; raises Unfetched."""
        site = site_of(resource.url)
        if fault := self._faults.get(site):
            raise fault
        with self._paces.setdefault(site, Pace(self._seconds, jitter=0.0)).turn():
            requests = SiteRequests(self._web, resource.url, private=private, reads_media=reads_media)
            seconds = _TO_DOWNLOAD if reads_media else _TO_EXTRACT
            address = resource.url.encode()
            try:
                return self._reader.read(site, extract, address, *arguments, serve=requests.serve, seconds=seconds)
            except ResponseTooLarge as error:
                raise Unfetched(State.UNAVAILABLE, Reason("page_too_large", size=error), MONTH) from error
            except Unfetched as failure:
                if isinstance(failure, ServerFault) or failure.reason.code == "site_limits":
                    self._faults[site] = failure
                raise


def is_no_video(failure: Unfetched) -> bool:
    """Whether an address has no video."""
    return failure.reason.code == "site_no_video"


def video_named_by(page: str, url: str, title: str = "") -> Resource | None:
    """The resource at an address that a page or a playlist shows as a video; `None` for what is no address.

    At another server, what looks like a page is a video of its own: nobody else's page gets its kind or its title. A
    video of a known site has no title from elsewhere.
    """
    resource = resource_of(url, title)
    try:
        own, origin = origin_of(page), origin_of(resource.url if resource else "")
    except ValueError:
        return None
    if resource is None or own == origin:
        return resource and replace(resource, kind=Kind.VIDEO if resource.kind is Kind.PAGE else resource.kind)
    if resource.kind is Kind.PAGE:
        return replace(resource, id=short_hash(f"video {own} {resource.url}"), kind=Kind.VIDEO)
    known = [video_or_playlist(urlsplit(address)) for address in (page, resource.url)]
    sites = [video and video.site for video in known]
    return resource if sites[0] and sites[0].prefix and sites[0] is sites[1] else replace(resource, title="")


def _playlist(listed: ListedVideos, of: Resource, limit: int | None) -> Playlist:
    """The videos of a listing; raises Unfetched if it has none, or too many."""
    entries: dict[str, PlaylistEntry] = {}
    for address, title in listed.videos:
        resource = video_named_by(of.url, address, title)
        if resource and resource.id != of.id:
            entries.setdefault(resource.id, PlaylistEntry(resource))
    if not entries:
        raise no_video(of.url)
    check_length(len(entries), limit)
    return Playlist(listed.title, tuple(entries.values()))


@dataclass(frozen=True, slots=True)
class PagesWithVideos:
    """Reads an address as a page, and asks for its video if there is no article on it."""

    documents: DocumentReader
    sites: VideoSites

    def fetch(
        self, resource: Resource, now: float, earlier: FromPage | None = None, *, private: bool = False
    ) -> FetchResult:
        """Fetch a page or its video; raises Unfetched, with the reason of the page if there is no video."""
        try:
            return self.documents.fetch(resource, now, earlier, private=private)
        except Unfetched as failure:
            media_type = str(failure.reason.values.get("media_type", ""))
            is_media = media_type.startswith(_MEDIA) or "mpegurl" in media_type
            may_have_video = is_media if failure.reason.code == "no_page" else failure.reason.code in _WITHOUT_ARTICLE
            if earlier or not may_have_video:
                raise
            without_article = failure
        try:
            return self.sites.fetch(resource, now, private=private)
        except Unfetched as failure:
            if not is_no_video(failure):
                raise
            raise Unfetched(without_article.state, without_article.reason, MONTH) from None
