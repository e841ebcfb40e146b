"""Downloads the audio of YouTube videos without captions, by yt-dlp."""

from __future__ import annotations

import re
from pathlib import Path

import requests
from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.utils import ExtractorError, YoutubeDLError

from seekpoint.index.errors import SeekpointError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import State
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import (
    BLOCK_MESSAGE,
    DAY,
    MONTH,
    ServerFault,
    blocked,
    connection_failure,
    status_of,
)
from seekpoint.indexer.fetch.ytdlp import with_own_settings
from seekpoint.indexer.sources.metadata import check_not_live
from seekpoint.indexer.sources.provenance import FetchedAudio
from seekpoint.indexer.sources.youtube.video import SOON, details_in

# A response is read whole, before its deadline: a piece has to be small enough for a slow connection.
_PIECE_BYTES = 4_000_000
_OPTIONS = {
    # The original language, and of that the smallest file.
    "format": "bestaudio[protocol^=http]/best[protocol^=http][acodec!=none]",
    "format_sort": ["lang", "+size", "+br"],
    "http_chunk_size": _PIECE_BYTES,
    # Skip the requests for descriptions, manifests and subtitles.
    "extractor_args": {"youtube": {"player_skip": ["initial_data"], "skip": ["hls", "dash", "translated_subs"]}},
    "extractor_retries": 1,
    "updatetime": False,
}
# It ends a resumed download.
_STATUSES = (requests.codes.requested_range_not_satisfiable,)
_NO_SOUND = re.compile(r"format is not available|no video formats", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:ERROR: )?(?:\[youtube\] )?(?:[A-Za-z0-9_-]{11}: )?")
_NO_ROOM = re.compile(r"unable to (?:write data|open for writing)")


def fetch_audio(video_id: str, web: Web, folder: Path) -> FetchedAudio:
    """Download a video's audio, or resume it; raises Unfetched, Halt, and SeekpointError for a full disk."""
    downloader = web.downloader(with_own_settings(_OPTIONS), _STATUSES)
    downloader.add_info_extractor(YoutubeIE())
    try:
        info = downloader.extract_info(f"https://www.youtube.com/watch?v={video_id}", download=False)
        check_not_live(info.get("live_status"))
        folder.mkdir(parents=True, exist_ok=True)
        # The format is part of the name: a download must not be resumed in another format.
        path = folder / f"{video_id}.{info['format_id']}.{info['ext']}"
        downloader.dl(str(path), info)
    except (requests.RequestException, YoutubeDLError, SeekpointError, OSError) as error:
        raise outcome_of(error, folder) from error
    return FetchedAudio(path, details_in(info))


def outcome_of(error: Exception, folder: Path) -> SeekpointError:
    """The state, reason and retry time that an error means for a video's audio."""
    if isinstance(error, SeekpointError):
        return error
    if failure := connection_failure(error):
        return failure
    message = clean(_PREFIX.sub("", str(error)))
    if _NO_ROOM.search(message) or (isinstance(error, OSError) and not isinstance(error, requests.RequestException)):
        return SeekpointError(f"the sound of videos can't be kept in {folder} ({message[:200]}): make room there")
    if BLOCK_MESSAGE.search(message):
        return blocked()
    said = Reason("youtube_says", text=message[:200].rstrip(". "))
    if SOON.search(message):
        return Unfetched(State.DEFERRED, said, DAY)
    if _NO_SOUND.search(message) or status_of(error) in (403, 404, 410):
        return ServerFault(State.DEFERRED, Reason("sound_withheld"), DAY)
    cause = (getattr(error, "exc_info", None) or (None, None))[1]
    if isinstance(cause, ExtractorError) and cause.expected:
        return Unfetched(State.UNAVAILABLE, said, MONTH)
    return ServerFault(State.DEFERRED, Reason("ytdlp_misfit_video"), DAY)
