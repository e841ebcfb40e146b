"""Downloads the audio of YouTube videos without captions, by yt-dlp."""

from __future__ import annotations

import re
from pathlib import Path

import requests
from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.utils import YoutubeDLError

from seekpoint.index.errors import SeekpointError
from seekpoint.index.text.clean import clean
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.youtube_failures import sound_failure
from seekpoint.indexer.fetch.ytdlp import with_own_settings
from seekpoint.indexer.sources.metadata import check_not_live, stated_details
from seekpoint.indexer.sources.provenance import FetchedAudio

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
    except (YoutubeDLError, OSError) as error:
        is_of_files = isinstance(error, OSError) and not isinstance(error, requests.RequestException)
        if is_of_files or _NO_ROOM.search(str(error)):
            said = clean(str(error))[:200]
            raise SeekpointError(f"the sound of videos can't be kept in {folder} ({said}): make room there") from error
        raise sound_failure(error) from error
    return FetchedAudio(path, stated_details(info))
