"""The entries of playlists and channels, by yt-dlp."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Kind, Playlist, PlaylistEntry, Resource, State
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import MONTH, Pace, Turns
from seekpoint.indexer.fetch.youtube_failures import playlist_failure
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.metadata import MOST_ENTRIES, check_length, stated_text

_MOST_REDIRECTS = 5
_PAGE = 100  # entries of a page; listings sometimes end early, after a full page or two (yt-dlp#16692)
_CHANNEL_WITHOUT_TAB = re.compile(r"/(?:@[^/]+|(?:channel|c|user)/[^/]+)")
# YouTube's placeholder titles, in the language that yt-dlp requests.
_FAULTS = {"[Private video]": Reason("private_video"), "[Deleted video]": Reason("deleted_video")}


class YouTubePlaylists:
    """A client for YouTube's playlists and channels, for one thread; `limit` is the number of videos per channel."""

    def __init__(self, web: Web, pace: Turns | None = None, limit: int | None = None) -> None:
        self._web = web
        self._pace = pace or Pace(0)
        self._limit = limit

    def fetch(self, playlist: Resource) -> Playlist:
        """List a playlist or channel; raises Unfetched, or Halt if further requests would fail as well."""
        with self._pace.turn():
            try:
                return self._playlist(playlist)
            except Exception as error:
                raise playlist_failure(error) from error

    def _playlist(self, playlist: Resource) -> Playlist:
        limit = self._limit if is_channel(playlist) else None
        has_no_tab = _CHANNEL_WITHOUT_TAB.fullmatch(urlsplit(playlist.url).path)
        listing = self._fetch_listing(f"{playlist.url}/videos" if has_no_tab else playlist.url)
        items = list(islice(listing["entries"], MOST_ENTRIES + 1 if limit is None else limit))
        check_length(len(items), limit)
        entries: dict[str, PlaylistEntry] = {}
        for item in items:
            title = stated_text(item.get("title"))
            fault = None if item.get("duration") else _FAULTS.get(title)
            if resource := resource_of(str(item.get("url")), "" if fault else title):
                is_on_youtube = resource.kind in (Kind.VIDEO, Kind.PLAYLIST)
                entry = PlaylistEntry(resource, fault if is_on_youtube else Reason("no_video_address"))
                entries.setdefault(resource.id, entry)
        # yt-dlp appends the tab's name to the channel's.
        channel = listing.get("channel") if has_no_tab else None
        return Playlist(stated_text(channel or listing.get("title")), tuple(entries.values()))

    def _fetch_listing(self, address: str) -> Mapping[str, Any]:
        """Fetch a listing and follow redirects; a live stream in place of a list is a list of one."""
        # yt-dlp also retries when it can't parse a page, which more retries don't cure.
        downloader = self._web.downloader({"extractor_retries": 1})
        for _ in range(_MOST_REDIRECTS):
            listing = downloader.info(address)
            if listing.get("_type") != "url":
                return listing
            address = listing["url"]
            resource = resource_of(address)
            if resource and resource.kind is Kind.VIDEO:
                return {"title": listing.get("title"), "entries": [listing]}
        raise Unfetched(State.UNAVAILABLE, Reason("playlist_endless"), MONTH)


def is_channel(playlist: Resource) -> bool:
    """Whether a playlist is a channel or a tab of one, which are listed newest first."""
    return urlsplit(playlist.url).path != "/playlist"


def truncation_warning(playlist: Playlist, limit: int | None) -> str | None:
    """A warning if a listing may be incomplete; `limit` is the number of entries asked for."""
    count = len(playlist.entries)
    if not count or count % _PAGE or count == limit:
        return None
    return (
        f"{playlist.title or 'a playlist'}: YouTube listed exactly {count} entries, where lists of it have ended too "
        "early: compare with its page, and put what is missing on the list by its address"
    )
