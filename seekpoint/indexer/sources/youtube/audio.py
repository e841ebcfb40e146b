"""The sound of a video on YouTube, by yt-dlp, for videos that have no captions."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import requests
from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.networking import Request, Response
from yt_dlp.networking.exceptions import HTTPError
from yt_dlp.utils import ExtractorError, YoutubeDLError

from seekpoint.index.errors import SeekpointError, Unfetched
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Details, State
from seekpoint.indexer.fetch.retries import DAY, MONTH, REFUSED, Fault, blocked, lost, status_of
from seekpoint.indexer.fetch.session import Web
from seekpoint.indexer.sources.youtube.ytdlp import Downloader

# Every answer is read whole, in a time that has an end: a piece takes no more than a slow line gives in it.
_PIECE_BYTES = 4_000_000
_OPTIONS = {
    # In the language that is spoken; of that the smallest.
    "format": "bestaudio[protocol^=http]/best[protocol^=http][acodec!=none]",
    "format_sort": ["lang", "+size", "+br"],
    "http_chunk_size": _PIECE_BYTES,
    # No request that only descriptions, manifests or subtitles would need.
    "extractor_args": {"youtube": {"player_skip": ["initial_data"], "skip": ["hls", "dash", "translated_subs"]}},
    "extractor_retries": 1,
    "updatetime": False,
}
_LONGEST_TITLE = 200
_LIVE = {"is_live": "it is live at the moment", "is_upcoming": "it hasn't begun"}
_SOON = re.compile(r"live event will begin|premieres? (?:in|will)|processing this video|check back", re.IGNORECASE)
_NO_SOUND = re.compile(r"format is not available|no video formats", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:ERROR: )?(?:\[youtube\] )?(?:[A-Za-z0-9_-]{11}: )?")
_NO_ROOM = re.compile(r"unable to (?:write data|open for writing)")


class FetchedSound(NamedTuple):
    """The file with a video's sound, and what YouTube says of the video."""

    path: Path
    details: Details


def fetch_audio(video_id: str, web: Web, folder: Path) -> FetchedSound:
    """Fetch a video's sound into a folder, going on with what is there of it.

    Raises Unfetched, and Halt where the next request would fare no better; SeekpointError for a full disk.
    """
    downloader = _Media(web.session(), _OPTIONS)
    downloader.add_info_extractor(YoutubeIE())
    try:
        found = downloader.extract_info(f"https://www.youtube.com/watch?v={video_id}", download=False)
        if reason := _LIVE.get(found.get("live_status", "")):
            raise Unfetched(State.DEFERRED, f"{reason}: its sound can be had when it is over", DAY)
        folder.mkdir(parents=True, exist_ok=True)
        # Another format's beginning must not be continued with this one's end.
        path = folder / f"{video_id}.{found['format_id']}.{found['ext']}"
        downloader.dl(str(path), found)
    except (requests.RequestException, YoutubeDLError, SeekpointError, OSError) as error:
        raise outcome_of(error, folder) from error
    return FetchedSound(path, _details(found))


def _details(found: Mapping[str, Any]) -> Details:
    title, channel = (clean(str(found.get(name) or ""))[:_LONGEST_TITLE] or None for name in ("title", "channel"))
    return Details(title, channel, found.get("duration"))


class _Media(Downloader):
    """yt-dlp for one video's sound."""

    def urlopen(self, req: Request | str) -> Response:
        """Ask as for a page; that nothing is left to fetch is for yt-dlp to hear."""
        try:
            return super().urlopen(req)
        except requests.HTTPError as error:
            if status_of(error) != requests.codes.requested_range_not_satisfiable:
                raise
            answer = Response(io.BytesIO(), error.response.url, error.response.headers, error.response.status_code)
            raise HTTPError(answer) from error


def outcome_of(error: Exception, folder: Path) -> SeekpointError:
    """Say in which state an error leaves a video's sound, why, and when to look again."""
    if isinstance(error, SeekpointError):
        return error
    if gone := lost(error):
        return gone
    words = clean(_PREFIX.sub("", str(error)))
    if _NO_ROOM.search(words) or (isinstance(error, OSError) and not isinstance(error, requests.RequestException)):
        return SeekpointError(f"the sound of videos can't be kept in {folder} ({words[:200]}): make room there")
    if REFUSED.search(words):
        return blocked()
    if _SOON.search(words):
        return Unfetched(State.DEFERRED, f"YouTube says: {words[:200].rstrip('. ')}", DAY)
    if _NO_SOUND.search(words) or status_of(error) in (403, 404, 410):
        return Fault(State.DEFERRED, "YouTube doesn't give its sound to yt-dlp at the moment: update the package", DAY)
    if _is_expected(error):
        return Unfetched(State.UNAVAILABLE, f"YouTube says: {words[:200].rstrip('. ')}", MONTH)
    return Fault(State.DEFERRED, "yt-dlp doesn't understand YouTube's answer, no fault of this video: update it", DAY)


def _is_expected(error: Exception) -> bool:
    cause = (getattr(error, "exc_info", None) or (None, None))[1]
    return isinstance(cause, ExtractorError) and bool(cause.expected)
