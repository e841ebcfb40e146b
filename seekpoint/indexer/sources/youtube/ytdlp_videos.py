"""Captions and sounds of YouTube's videos by yt-dlp, where youtube-transcript-api can't have captions."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.utils import YoutubeDLError

from seekpoint.index.errors import SeekpointError, SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import State, Transcript
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import DAY, MONTH
from seekpoint.indexer.fetch.youtube_failures import (
    BLOCK_MESSAGE,
    blocked,
    captions_failure,
    check_captions_address,
    said_by_ytdlp,
    sound_failure,
)
from seekpoint.indexer.fetch.ytdlp import Downloader, with_own_settings
from seekpoint.indexer.sources.captions import Track, choose, parse_captions
from seekpoint.indexer.sources.metadata import check_not_live, stated_details
from seekpoint.indexer.sources.provenance import FetchedAudio
from seekpoint.indexer.sources.sandbox import sandboxed

# Skip the requests for descriptions and manifests, and YouTube's translations.
_SKIPPED = {"player_skip": ["initial_data"], "skip": ["hls", "dash", "translated_subs"]}
_CAPTIONS = {
    # Tokens are made for the web client. Its answer is in the watch page, so that it costs no request.
    "extractor_args": {"youtube": {"player_client": ["default", "web"], **_SKIPPED}},
    "ignore_no_formats_error": True,  # only captions are taken
    "noplaylist": True,
    "writesubtitles": True,  # else it doesn't warn that a token is missing
}
# A refusal to one of YouTube's clients, after which yt-dlp asks as the next one. 429 is a block.
_REFUSALS = frozenset(range(400, 500)) - {429}
_FORMAT = "json3"
_TOKEN_MISSING = re.compile(r"subtitles.*\bPO token|\bPO token.*subtitles", re.IGNORECASE | re.DOTALL)
_PROVIDER = re.compile(r"\[pot[^\]]*\] (.+)")

_SOUND = {
    # The original language, and of that the smallest file.
    "format": "bestaudio[protocol^=http]/best[protocol^=http][acodec!=none]",
    "format_sort": ["lang", "+size", "+br"],
    # A response is read whole, before its deadline: a piece has to be small enough for a slow connection.
    "http_chunk_size": 4_000_000,
    "extractor_args": {"youtube": _SKIPPED},
}
_END_OF_RESUMED = (requests.codes.requested_range_not_satisfiable,)
_NO_ROOM = re.compile(r"unable to (?:write data|open for writing)")


class CaptionDownloader:
    """A client for captions by yt-dlp, for one thread; `languages` are tags in order of preference."""

    def __init__(self, web: Web, languages: Sequence[str] = ()) -> None:
        self._web = web
        self._languages = languages
        self._downloader: Downloader | None = None

    def fetch(self, video_id: str, failure: Unfetched) -> tuple[tuple[Transcript, ...], Mapping[str, Any]]:
        """Fetch a video's captions, and what yt-dlp knows of it; raises Unfetched, or Halt for a block.

        That is `failure`, of the first way, unless the second one has more to say.
        """
        failure = _for_a_day(failure)
        try:
            if not self._downloader:  # one for all videos: it reads YouTube's player once
                self._downloader = _downloader(self._web, _CAPTIONS, _REFUSALS)
            info = self._downloader.info(f"https://www.youtube.com/watch?v={video_id}")
            check_not_live(info.get("live_status"))
            chosen = self._choose(info, self._downloader.warnings, failure)
            return tuple(_transcript(self._downloader, video_id, track) for track in chosen), info
        except SeekpointError:
            raise
        except Exception as error:  # its extractor raises any, for answers of another shape
            last = captions_failure(error, failure)
            raise _for_a_day(last) if last.reason.code == "youtube_empty" else last from error

    def _choose(self, info: Mapping[str, Any], warnings: Sequence[str], failure: Unfetched) -> list[Track]:
        tracks = list(_tracks(info))
        try:
            return choose(tracks, self._languages)
        except Unfetched as missing:
            if any(map(BLOCK_MESSAGE.search, warnings)):
                raise blocked() from None
            if any(map(_TOKEN_MISSING.search, warnings)):
                # An installed provider says what it lacks; if none says anything, none is installed.
                said = [words[1][:300].rstrip(". ") for words in map(_PROVIDER.search, warnings) if words]
                reason = Reason("token_provider_fails", text=said[-1]) if said else Reason("captions_withheld")
                raise Unfetched(State.DEFERRED, reason, DAY) from None
            if failure.state is State.DEFERRED or not (tracks or info.get("formats")):
                raise failure from None
            raise missing if tracks else Unfetched(State.NO_TRANSCRIPT, Reason("no_transcript"), MONTH) from None


def _downloader(web: Web, options: Mapping[str, Any], statuses: Container[int]) -> Downloader:
    downloader = web.downloader(with_own_settings(options), statuses)
    downloader.add_info_extractor(YoutubeIE())
    return downloader


def _for_a_day(failure: Unfetched) -> Unfetched:
    """The failure of a video that both ways were asked for: neither is asked again on the same day."""
    return type(failure)(failure.state, failure.reason, max(failure.retry_after or 0.0, DAY))


def _tracks(info: Mapping[str, Any]) -> Iterator[Track]:
    """The tracks with their addresses, manual ones first, without YouTube's translations."""
    for name, is_generated in (("subtitles", False), ("automatic_captions", True)):
        for tag, offered in (info.get(name) or {}).items():
            url = next((str(form.get("url")) for form in offered if form.get("ext") == _FORMAT), "")
            query = parse_qs(urlsplit(url).query)
            if url and "tlang" not in query:
                yield Track(clean(query.get("lang", [tag.removesuffix("-orig")])[0]), is_generated, url)


def _transcript(downloader: Downloader, video_id: str, track: Track) -> Transcript:
    check_captions_address(track.source)
    data = downloader.urlopen(track.source).read()
    try:
        transcript = sandboxed(parse_captions, data, f"{video_id}.{_FORMAT}")
    except SourceError as error:
        raise Unfetched(State.DEFERRED, Reason.of(error.args[0]), DAY) from error
    return replace(transcript, language=track.language, origin=track.origin)


def fetch_audio(video_id: str, web: Web, folder: Path) -> FetchedAudio:
    """Download a video's audio, or resume it; raises Unfetched, Halt, and SeekpointError for a full disk."""
    downloader = _downloader(web, _SOUND, _END_OF_RESUMED)
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
            said = said_by_ytdlp(error)[:200]
            raise SeekpointError(f"the sound of videos can't be kept in {folder} ({said}): make room there") from error
        raise sound_failure(error) from error
    return FetchedAudio(path, stated_details(info))
