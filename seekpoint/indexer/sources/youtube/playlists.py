"""Playlists and channels: what they hold, from the pages that yt-dlp reads for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from seekpoint.index.errors import Unfetched
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Kind, Playlist, PlaylistEntry, Resource, State
from seekpoint.indexer.fetch.pace import Pace
from seekpoint.indexer.fetch.retries import DAY, HOUR, MONTH, REFUSED, blocked, lost, status_of
from seekpoint.indexer.fetch.session import Web
from seekpoint.indexer.reading_list.addresses import resource_of

_MOST_ENTRIES = 5_000  # what YouTube lets a playlist hold
_MOST_REDIRECTS = 5
_LONGEST_TITLE = 500
_PAGE = 100  # where listings have ended too early, mostly after one or two (yt-dlp#16692)
_CHANNEL_WITHOUT_TAB = re.compile(r"/(?:@[^/]+|(?:channel|c|user)/[^/]+)")
# YouTube's titles for what it doesn't show, in the language that yt-dlp asks for.
_FAULTS = {
    "[Private video]": "a private video: if you may watch it, give your cookies with --cookies FILE",
    "[Deleted video]": "a deleted video: if it has moved, put its new address on the list",
}
_NO_VIDEO = "not the address of a video: look it up in the playlist, and put it on the list by its address"


class Playlists:
    """The way to YouTube's playlists and channels for one thread; `limit` is how many videos of a channel are taken."""

    def __init__(self, web: Web, pace: Pace | None = None, limit: int | None = None) -> None:
        self._web = web
        self._pace = pace or Pace(0)
        self._limit = limit

    def fetch(self, playlist: Resource) -> Playlist:
        """List a playlist or channel; raises Unfetched, and Halt where the next request would fare no better."""
        limit = self._limit if is_channel(playlist) else None
        with self._pace.turn():
            try:
                return self._listed(playlist, limit)
            except Exception as error:
                raise outcome_of(error) from error

    def _listed(self, playlist: Resource, limit: int | None) -> Playlist:
        found = self._found(_page_of(playlist))
        items = list(islice(found["entries"], _MOST_ENTRIES + 1 if limit is None else limit))
        if len(items) > _MOST_ENTRIES and limit is None:
            reason = (
                f"it holds more than {_MOST_ENTRIES:,} videos: list the channel, and say with --limit how many of it"
            )
            raise Unfetched(State.UNAVAILABLE, reason)
        entries: dict[str, PlaylistEntry] = {}
        for entry in _entries(items):
            entries.setdefault(entry.resource.id, entry)
        # yt-dlp puts the tab's name behind the channel's.
        title = found.get("channel") if playlist.url != _page_of(playlist) else None
        return Playlist(_shown(title or found.get("title")), tuple(entries.values()))

    def _found(self, address: str) -> Mapping[str, Any]:
        """Ask, and follow where YouTube sends us; a live stream in place of a list is a list of one."""
        # More than one retry would follow a page that is merely new to yt-dlp.
        downloader = self._web.downloader({"extractor_retries": 1})
        for _ in range(_MOST_REDIRECTS):
            found: dict[str, Any] = downloader.extract_info(address, download=False, process=False)
            if found.get("_type") != "url":
                return found
            address = found["url"]
            resource = resource_of(address)
            if resource and resource.kind is Kind.VIDEO:
                return {"title": found.get("title"), "entries": [found]}
        raise Unfetched(State.UNAVAILABLE, "its address leads on and on: check the link", MONTH)


def is_channel(playlist: Resource) -> bool:
    """Whether a playlist is a channel or one of its tabs, newest first."""
    return urlsplit(playlist.url).path != "/playlist"


def cut_off(playlist: Playlist, limit: int | None) -> str | None:
    """A warning where a listing may have ended too early; `limit` is what it was held to, if anything."""
    count = len(playlist.entries)
    if not count or count % _PAGE or count == limit:
        return None
    return (
        f"{playlist.title or 'a playlist'}: YouTube listed exactly {count} entries, where lists of it have ended too "
        "early: compare with its page, and put what is missing on the list by its address"
    )


def _page_of(playlist: Resource) -> str:
    return f"{playlist.url}/videos" if _CHANNEL_WITHOUT_TAB.fullmatch(urlsplit(playlist.url).path) else playlist.url


def _entries(items: Iterable[Mapping[str, Any]]) -> Iterator[PlaylistEntry]:
    for item in items:
        title = _shown(item.get("title"))
        fault = None if item.get("duration") else _FAULTS.get(title)
        resource = resource_of(str(item.get("url")), "" if fault else title)
        if resource:
            held = resource.kind in (Kind.VIDEO, Kind.PLAYLIST)
            yield PlaylistEntry(resource, fault if held else _NO_VIDEO)


def _shown(title: object) -> str:
    return clean(title)[:_LONGEST_TITLE].rstrip() if isinstance(title, str) else ""


_SAID = re.compile(r"YouTube said: (.*)")
_PASSING = re.compile(r"unknown error|went wrong|error occurred|not currently live", re.IGNORECASE)
_ABSENT = re.compile(r"does not exist|does not have an? \S+ tab", re.IGNORECASE)


def outcome_of(error: Exception) -> Unfetched:
    """Say in which state an error leaves a playlist, why, and when to look again."""
    if isinstance(error, Unfetched):
        return error
    if gone := lost(error):
        return gone
    words = clean(str(error))
    said = _SAID.search(words)
    if said and REFUSED.search(said[1]):
        return blocked()
    if _PASSING.search(words):
        return Unfetched(State.DEFERRED, "YouTube doesn't show it at the moment", HOUR)
    if said:
        hint = ": if it is yours, give your cookies with --cookies FILE" if "private" in said[1] else ""
        return Unfetched(State.UNAVAILABLE, f"YouTube says: {said[1][:200].rstrip('. ')}{hint}", MONTH)
    if status_of(error) == 404 or _ABSENT.search(words):
        return Unfetched(State.UNAVAILABLE, "YouTube has no such playlist, channel or tab: check the link", MONTH)
    reason = "yt-dlp doesn't understand YouTube's answer, no fault of this playlist: update the package"
    return Unfetched(State.DEFERRED, reason, DAY)
