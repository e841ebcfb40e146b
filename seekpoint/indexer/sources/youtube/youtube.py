"""YouTube: transcripts and details of videos by youtube-transcript-api, then by yt-dlp; playlists by yt-dlp."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice, pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import youtube_transcript_api as ytt

from seekpoint.index.errors import Halt, Unfetched, Unreachable
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Cue, Details, Kind, Playlist, PlaylistEntry, Resource, State, Transcript, completed
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import DAY, MONTH, MOST_FAULTS, ConnectionFault, Pace, ServerFault, Turns
from seekpoint.indexer.fetch.youtube_failures import (
    EMPTY_RESPONSE_ERRORS,
    check_captions_address,
    playlist_failure,
    raise_for_pause,
    retried,
    transcript_failure,
)
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.indexer.sources.captions import Track, choose
from seekpoint.indexer.sources.metadata import (
    MOST_ENTRIES,
    check_length,
    stated_chapters,
    stated_details,
    stated_seconds,
    stated_text,
)
from seekpoint.indexer.sources.provenance import FetchResult
from seekpoint.indexer.transcript.cues import spoken, tidy

if TYPE_CHECKING:
    from seekpoint.indexer.sources.youtube.ytdlp_videos import CaptionDownloader

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_NO_XML = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f]")


class YouTubeTranscripts:
    """A client for YouTube's transcripts, for one thread; `languages` are tags in order of preference.

    The first way is youtube-transcript-api. A video that it can't have is asked for by yt-dlp, at the same pace.
    """

    def __init__(self, web: Web, languages: Sequence[str] = (), pace: Turns | None = None) -> None:
        self._web = web
        self._languages = languages
        self._pace = pace or Pace(0)
        self._faults = 0
        self._page = ""
        self._player: object = None
        self._ytdlp: CaptionDownloader | None = None
        session = web.session()
        session.hooks["response"].append(self._capture)
        self._api = ytt.YouTubeTranscriptApi(http_client=session)

    def fetch(self, video_id: str) -> FetchResult:
        """Fetch a video's transcripts; raises Unfetched, or Halt if further requests would fail as well."""
        if not _VIDEO_ID.fullmatch(video_id):
            raise transcript_failure(ytt.InvalidVideoId(video_id))
        self._page, self._player = "", None
        try:
            with self._pace.turn():
                fetched = self._fetch(video_id)
        except Exception as error:
            failure = transcript_failure(error)
            try:
                if not self.has_second_way(error, failure):
                    raise failure
                from seekpoint.indexer.sources.youtube.ytdlp_videos import CaptionDownloader

                self._ytdlp = self._ytdlp or CaptionDownloader(self._web, self._languages)
                with self._pace.turn():
                    transcripts, info = self._ytdlp.fetch(video_id, failure)
                details = completed(self.details, stated_details(info))
                fetched = FetchResult(transcripts, details)
            except Unfetched as last:
                raise self._counted(last) from last.__cause__ or error
        self._faults = 0
        return fetched

    def tracks(self, video_id: str) -> list[Track]:
        """The caption tracks that YouTube lists; raises errors of youtube-transcript-api or requests, or Unfetched."""
        listed = retried(self._api.list, video_id)
        for address in caption_addresses(self._player):
            check_captions_address(address)
        return [Track(each.language_code, each.is_generated, each) for each in listed]

    def cues(self, track: Track) -> tuple[Cue, ...]:
        """What is said by one of these tracks; raises the same."""
        snippets = retried(track.source.fetch)
        return tidy(spoken(Cue(each.start, each.start + each.duration, each.text) for each in snippets))

    @property
    def details(self) -> Details:
        """The details of the video that was asked for last."""
        return details_of(self._page, self._player)

    def has_second_way(self, error: Exception, failure: Unfetched) -> bool:
        """Whether yt-dlp may have captions that youtube-transcript-api hasn't; never if a block is near."""
        if isinstance(error, ytt.VideoUnplayable):
            needs_login = failure.reason.code == "youtube_says_private"
            return failure.state is State.UNAVAILABLE and (self._web.has_cookies or not needs_login)
        if isinstance(error, ytt.AgeRestricted):
            return self._web.has_cookies
        if isinstance(error, EMPTY_RESPONSE_ERRORS):
            return self._faults + 1 < MOST_FAULTS
        return isinstance(error, ytt.PoTokenRequired)

    def _counted(self, failure: Unfetched) -> Unfetched:
        """The failure of a video; Halt if servers or the network were at fault too often in a row."""
        # A live or new video may get a transcript soon.
        if (failure.retry_after or 0.0) > DAY and is_new(self._page, self._player, time.time()):
            failure = Unfetched(failure.state, failure.reason, DAY)
        self._faults = self._faults + 1 if isinstance(failure, ServerFault) else 0
        if self._faults < MOST_FAULTS:
            return failure
        if isinstance(failure, ConnectionFault):
            return Unreachable(failure.reason)
        # The remaining videos become due before the failed ones, else the next run would stop at once.
        return Halt(failure.reason, (failure.retry_after or 0.0) / 2)

    def _fetch(self, video_id: str) -> FetchResult:
        transcripts = []
        for track in choose(self.tracks(video_id), self._languages):
            if cues := self.cues(track):
                transcripts.append(Transcript(clean(track.language), track.origin, cues))
        if not transcripts:
            raise Unfetched(State.NO_TRANSCRIPT, Reason("transcript_empty"), MONTH)
        return FetchResult(tuple(transcripts), self.details)

    def _capture(self, response: requests.Response, *_args: object, **_kwargs: object) -> None:
        raise_for_pause(response)
        path = urlsplit(response.url).path
        if path == "/watch":
            self._page = response.content.decode("utf-8", "replace")
        elif path == "/youtubei/v1/player":
            self._player = parse_json(response.content.decode("utf-8", "replace"))
        elif path == "/api/timedtext":
            response._content = _NO_XML.sub(b"", response.content)


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
        address = f"{playlist.url}/videos" if has_no_tab else playlist.url
        downloader = self._web.downloader({})
        for _ in range(_MOST_REDIRECTS):
            listing = downloader.info(address)
            if listing.get("_type") != "url":
                break
            address = listing["url"]
            resource = resource_of(address)
            if resource and resource.kind is Kind.VIDEO:  # a live stream in place of a list is a list of one
                listing = {"title": listing.get("title"), "entries": [listing]}
                break
        else:
            raise Unfetched(State.UNAVAILABLE, Reason("playlist_endless"), MONTH)
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


# The watch page and the player's JSON often change their structure: every field of the metadata is optional.

_PUBLISHED = re.compile(r'(?:itemprop="datePublished" content="|"publishDate":\s*")(\d{4}-\d\d-\d\d)')
_INITIAL_DATA = re.compile(r"\bytInitialData[\"'\]]*\s*=\s*")
# Seconds. A date has no time of day, and is the uploader's: a day more than a week.
_NEW = 8 * 86_400.0
_STAMPED = re.compile(r"^[^\w\n]*((?:\d+:)?\d{1,2}:\d\d)[^\w\n]+(\w.*)$", re.MULTILINE)


def details_of(page: str, player: object) -> Details:
    """Extract details from the watch page and the player's JSON; missing or malformed fields stay empty."""
    video = _get(player, "videoDetails")
    published = _PUBLISHED.search(page)
    duration = stated_seconds(_get(video, "lengthSeconds")) or None
    assignment = _INITIAL_DATA.search(page)
    data = parse_json(page, assignment.end()) if assignment else None
    bar = _find_all(data, "chapterRenderer")
    panel = _find_all(data, "macroMarkersListItemRenderer")  # the same chapters, in whole seconds
    description = _get(video, "shortDescription")
    stamped = _STAMPED.findall(description) if isinstance(description, str) else []
    starts = [stated_seconds(stamp) or 0.0 for stamp, _ in stamped]
    # YouTube's own rule for chapters: at least three, in order, the first at 0:00.
    are_chapters = len(starts) >= 3 and starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    of_marks, title = partial(stated_chapters, duration=duration), ("title", "simpleText")
    chapters = (
        of_marks((stated_seconds(_get(item, "timeRangeStartMillis"), 1000), _get(item, *title)) for item in bar)
        or of_marks((stated_seconds(_get(item, "timeDescription", "simpleText")), _get(item, *title)) for item in panel)
        or of_marks((start, title) for start, (_, title) in zip(starts, stamped, strict=True) if are_chapters)
    )
    return Details(
        title=stated_text(_get(video, "title")) or None,
        channel=stated_text(_get(video, "author")) or None,
        duration=duration,
        published=published[1] if published else None,
        chapters=chapters,
    )


def is_new(page: str, player: object, now: float) -> bool:
    """Whether a video is live, or was published in the last week before `now` (Unix seconds)."""
    if _get(player, "videoDetails", "isLive") is True:
        return True
    published = _PUBLISHED.search(page)
    try:
        return published is not None and now - datetime.fromisoformat(f"{published[1]}T00:00Z").timestamp() < _NEW
    except ValueError:
        return False


def caption_addresses(player: object) -> list[object]:
    """The addresses of the caption tracks, from the player's JSON."""
    tracks = _get(player, "captions", "playerCaptionsTracklistRenderer", "captionTracks")
    return [_get(track, "baseUrl") for track in tracks] if isinstance(tracks, list) else []


def parse_json(text: str, offset: int = 0) -> object:
    """Parse the JSON value at `offset`, ignoring the text after it; `None` if there is none."""
    try:
        return json.JSONDecoder().raw_decode(text, offset)[0]
    except (ValueError, RecursionError):
        return None


def _get(data: object, *path: str) -> object:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _find_all(data: object, key: str) -> Iterator[object]:
    stack = [data]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if key in node:
                yield node[key]
            stack.extend(reversed(node.values()))
        elif isinstance(node, list):
            stack.extend(reversed(node))
