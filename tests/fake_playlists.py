"""The playlists and channels of a fake YouTube, in the shapes of 2026 that yt-dlp reads."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from werkzeug import Request

# Id and title; an id that begins with PL is a playlist inside the list.
Listed = Sequence[tuple[str, str]]

PRIVATE, DELETED = "[Private video]", "[Deleted video]"
LIST_PATH = "/playlist"
CHANNEL_PATH = re.compile(r"/(?:@[^/]+|(?:channel|c|user)/[^/]+)(?:/[a-z]+)?")
BROWSE_PATH = "/youtubei/v1/browse"
RESOLVE_PATH = "/youtubei/v1/navigation/resolve_url"


@dataclass(frozen=True)
class _List:
    name: str
    title: str
    entries: Listed
    tab: str = ""
    old_shape: bool = False

    @property
    def page_size(self) -> int:
        return 30 if self.tab else 100


class FakePlaylists:
    """Knows what each place of YouTube's answers about the lists it was given, by id or by path of a channel's tab."""

    def __init__(self) -> None:
        self._lists: dict[str, _List] = {}
        self._alerts: dict[str, str] = {}

    def add(self, name: str, title: str, entries: Listed, old_shape: bool = False) -> None:
        """Add a playlist; the title `PRIVATE` or `DELETED` says what has become of a video."""
        self._lists[name] = _List(name, title, entries, old_shape=old_shape)

    def add_tab(self, path: str, channel: str, entries: Listed) -> None:
        self._lists[path] = _List(path, channel, entries, tab=path.rpartition("/")[2])

    def refuse(self, name: str, words: str) -> None:
        self._alerts[name] = words

    def asked(self, request: Request) -> tuple[str, str]:
        if request.path == LIST_PATH:
            return "playlist", request.args["list"]
        if request.method == "GET":
            return "playlist", request.path
        query = request.get_json()
        if request.path == RESOLVE_PATH:
            address = urlsplit(query["url"])
            return "resolve", address.query.removeprefix("list=") or address.path
        if "continuation" in query:
            return "more", query["continuation"].rpartition(" ")[0]
        return "reload", query["browseId"].removeprefix("VL")

    def answer(self, place: str, name: str, request: Request) -> tuple[str, int]:
        if name in self._alerts:
            return page_around(_alert(self._alerts[name])), 200
        if name not in self._lists:
            return ("", 404) if name.startswith("/") else (page_around(_alert("The playlist does not exist.")), 200)
        found = self._lists[name]
        if place == "more":
            items = _items(found, int(request.get_json()["continuation"].rpartition(" ")[2]))
            added = {"appendContinuationItemsAction": {"continuationItems": items}}
            return json.dumps({"onResponseReceivedActions": [added]}), 200
        if place == "resolve":
            return json.dumps({"endpoint": {"browseEndpoint": {"browseId": f"VL{name}"}}}), 200
        if place == "reload":
            return json.dumps(_data(found)), 200
        # The page itself hides what can't be watched.
        shown = [entry for entry in found.entries if entry[1] not in (PRIVATE, DELETED)]
        return page_around(_data(replace(found, entries=shown))), 200


def page_around(data: object) -> str:
    return f"<script>var ytInitialData = {json.dumps(data)};</script>"


def _alert(words: str) -> dict[str, Any]:
    return {"alerts": [{"alertRenderer": {"type": "ERROR", "text": {"simpleText": words}}}]}


def _data(found: _List) -> dict[str, Any]:
    items = _items(found, 0)
    held = [{"playlistVideoListRenderer": {"contents": items}}] if found.old_shape else items
    content = {"sectionListRenderer": {"contents": [{"itemSectionRenderer": {"contents": held}}]}}
    tab: dict[str, Any] = {"selected": True, "content": content}
    if found.tab:
        address = {"commandMetadata": {"webCommandMetadata": {"url": found.name}}}
        tab |= {"content": {"richGridRenderer": {"contents": items}}}
        tab |= {"title": found.tab.capitalize(), "endpoint": address}
    kind = "channelMetadataRenderer" if found.tab else "playlistMetadataRenderer"
    return {
        "metadata": {kind: {"title": found.title, "externalId": f"UC{'x' * 22}"}},
        "contents": {"twoColumnBrowseResultsRenderer": {"tabs": [{"tabRenderer": tab}]}},
    }


def _items(found: _List, start: int) -> list[dict[str, Any]]:
    """Show a page of entries, and the way to the next where there are more."""
    stop = start + found.page_size
    items: list[dict[str, Any]] = []
    for name, title in found.entries[start:stop]:
        is_there = title not in (PRIVATE, DELETED)
        if found.old_shape:
            seconds = {"lengthSeconds": "754"} if is_there else {}
            items.append({"playlistVideoRenderer": {"videoId": name, "title": {"runs": [{"text": title}]}, **seconds}})
            continue
        badges = [{"thumbnailBadgeViewModel": {"text": "12:34"}}] if is_there else []
        overlay = {"thumbnailBottomOverlayViewModel": {"badges": badges}}
        kind = f"LOCKUP_CONTENT_TYPE_{'PLAYLIST' if name.startswith('PL') else 'VIDEO'}"
        shown: dict[str, Any] = {"metadata": {"lockupMetadataViewModel": {"title": {"content": title}}}}
        shown |= {"contentImage": {"thumbnailViewModel": {"overlays": [overlay]}}}
        lockup = {"lockupViewModel": {"contentId": name, "contentType": kind, **shown}}
        items.append({"richItemRenderer": {"content": lockup}} if found.tab else lockup)
    if stop < len(found.entries):
        token = {"continuationCommand": {"token": f"{found.name} {stop}"}}
        items.append({"continuationItemRenderer": {"continuationEndpoint": token}})
    return items
