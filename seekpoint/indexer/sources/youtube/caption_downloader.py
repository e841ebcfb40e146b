"""Captions of YouTube videos by yt-dlp: the second way, where youtube-transcript-api can't have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from yt_dlp.extractor.youtube import YoutubeIE

from seekpoint.index.errors import SeekpointError, SourceError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import State, Transcript
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import DAY, MONTH
from seekpoint.indexer.fetch.youtube_failures import BLOCK_MESSAGE, blocked, captions_failure, check_captions_address
from seekpoint.indexer.fetch.ytdlp import Downloader, with_own_settings
from seekpoint.indexer.sources.caption_tracks import Track, choose
from seekpoint.indexer.sources.captions import parse_captions
from seekpoint.indexer.sources.metadata import check_not_live
from seekpoint.indexer.sources.sandbox import sandboxed

_OPTIONS = {
    "extractor_args": {
        "youtube": {
            # Tokens are made for the web client. Its answer is in the watch page, so that it costs no request.
            "player_client": ["default", "web"],
            # Skip the requests for descriptions and manifests, and YouTube's translations.
            "player_skip": ["initial_data"],
            "skip": ["hls", "dash", "translated_subs"],
        }
    },
    "extractor_retries": 1,
    "ignore_no_formats_error": True,  # only captions are taken
    "noplaylist": True,
    "writesubtitles": True,  # else it doesn't warn that a token is missing
}
# A refusal to one of YouTube's clients, after which yt-dlp asks as the next one. 429 is a block.
_STATUSES = frozenset(range(400, 500)) - {429}
_FORMAT = "json3"
_TOKEN_MISSING = re.compile(r"subtitles.*\bPO token|\bPO token.*subtitles", re.IGNORECASE | re.DOTALL)
_PROVIDER = re.compile(r"\[pot[^\]]*\] (.+)")


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
        try:
            if not self._downloader:  # one for all videos: it reads YouTube's player once
                self._downloader = self._web.downloader(with_own_settings(_OPTIONS), _STATUSES)
                self._downloader.add_info_extractor(YoutubeIE())
            info = self._downloader.info(f"https://www.youtube.com/watch?v={video_id}")
            check_not_live(info.get("live_status"))
            chosen = self._choose(info, self._downloader.warnings, _for_a_day(failure))
            return tuple(self._read(self._downloader, video_id, track) for track in chosen), info
        except SeekpointError:
            raise
        except Exception as error:  # its extractor raises any, for answers of another shape
            last = captions_failure(error, _for_a_day(failure))
            raise _for_a_day(last) if last.reason.code == "youtube_empty" else last from error

    def _choose(self, info: Mapping[str, Any], warnings: Sequence[str], failure: Unfetched) -> list[Track]:
        tracks = list(_tracks(info))
        try:
            return choose(tracks, self._languages)
        except Unfetched as missing:
            if any(map(BLOCK_MESSAGE.search, warnings)):
                raise blocked() from None
            if any(map(_TOKEN_MISSING.search, warnings)):
                raise Unfetched(State.DEFERRED, _why_withheld(warnings), DAY) from None
            if failure.state is State.DEFERRED or not (tracks or info.get("formats")):
                raise failure from None
            raise missing if tracks else Unfetched(State.NO_TRANSCRIPT, Reason("no_transcript"), MONTH) from None

    def _read(self, downloader: Downloader, video_id: str, track: Track) -> Transcript:
        check_captions_address(track.source)
        data = downloader.urlopen(track.source).read()
        try:
            transcript = sandboxed(parse_captions, data, f"{video_id}.{_FORMAT}")
        except SourceError as error:
            raise Unfetched(State.DEFERRED, Reason.of(error.args[0]), DAY) from error
        return replace(transcript, language=track.language, origin=track.origin)


def _tracks(info: Mapping[str, Any]) -> Iterator[Track]:
    """The tracks, manual ones first, without YouTube's translations."""
    for name, is_generated in (("subtitles", False), ("automatic_captions", True)):
        for tag, offered in (info.get(name) or {}).items():
            url = next((str(each.get("url")) for each in offered if each.get("ext") == _FORMAT), "")
            query = parse_qs(urlsplit(url).query)
            if url and "tlang" not in query:
                yield Track(clean(query.get("lang", [tag.removesuffix("-orig")])[0]), is_generated, url)


def _why_withheld(warnings: Sequence[str]) -> Reason:
    """Why there is no token: a provider says what it lacks, or none is installed."""
    said = [words[1] for words in map(_PROVIDER.search, warnings) if words]
    return Reason("token_provider_fails", text=said[-1][:300].rstrip(". ")) if said else Reason("captions_withheld")


def _for_a_day(failure: Unfetched) -> Unfetched:
    """The failure of a video that both ways were asked for: neither is asked again on the same day."""
    return type(failure)(failure.state, failure.reason, max(failure.retry_after or 0.0, DAY))
