"""What YouTube gives this machine: a video's page, its caption tracks, their text, and the same by yt-dlp."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

import youtube_transcript_api as ytt
from requests.utils import get_environ_proxies

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import counted
from seekpoint.index.types import State
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import MONTH
from seekpoint.indexer.fetch.youtube_failures import EMPTY_RESPONSE_ERRORS, transcript_failure
from seekpoint.indexer.fetch.ytdlp import with_own_settings
from seekpoint.indexer.sources.captions import Track, choose
from seekpoint.indexer.sources.youtube.youtube import YouTubeTranscripts
from seekpoint.indexer.sources.youtube.ytdlp_videos import CaptionDownloader

_MOST_NAMED = 8
_NO_JAVASCRIPT = 'yt-dlp finds no {}, and gets less sound: pip install "seekpoint[youtube]"'


class Finding(NamedTuple):
    """One thing that builds need of YouTube, and whether it is there; `None` if that is neither good nor bad."""

    name: str
    ok: bool | None
    text: str


def findings(video_id: str, web: Web) -> Iterator[Finding]:
    """Ask for a video as a build does, a step at a time; yt-dlp also where it isn't needed, but not after a block."""
    client, tracks = YouTubeTranscripts(web), list[Track]()
    failure, asks_ytdlp = Unfetched(State.NO_TRANSCRIPT, Reason("no_transcript"), MONTH), True
    try:
        tracks = client.tracks(video_id)
        yield Finding("page", True, client.details.title or video_id)
        named = ", ".join(track.language for track in tracks[:_MOST_NAMED])
        yield Finding("tracks", True, f"{len(tracks)}: {named}{', …' * (len(tracks) > _MOST_NAMED)}")
        track = choose(tracks, ())[0]
        cues = client.cues(track)
        yield Finding("captions", bool(cues), f"{counted(len(cues), 'cue')} in {track.language}")
    except Exception as error:
        failure = transcript_failure(error)
        asks_ytdlp = client.has_second_way(error, failure)
        name = "captions" if tracks else "page"
        if not tracks and failure.state is State.NO_TRANSCRIPT:
            yield Finding("page", True, client.details.title or video_id)
            name = "tracks"
        # Where the page answers, it isn't the address that makes YouTube send empty captions.
        is_withheld = isinstance(error, ytt.PoTokenRequired) or (tracks and isinstance(error, EMPTY_RESPONSE_ERRORS))
        yield Finding(
            name, False, "YouTube wants a token for them, which yt-dlp may get" if is_withheld else failure.reason
        )
    if asks_ytdlp:
        yield from _by_ytdlp(video_id, web, failure, bool(tracks))
    else:
        yield Finding("yt-dlp", None, "not asked after this")
    yield _javascript(web)
    has_proxy = web.session().proxies or get_environ_proxies("https://www.youtube.com")
    ways = ["cookies"] * web.has_cookies + ["a proxy"] * bool(has_proxy)
    yield Finding("way out", None, " and ".join(ways) or "neither cookies nor a proxy")


def _by_ytdlp(video_id: str, web: Web, failure: Unfetched, has_tracks: bool) -> Iterator[Finding]:
    try:
        transcripts, info = CaptionDownloader(web).fetch(video_id, failure)
        said = f"{counted(len(transcripts[0].cues), 'cue')} in {transcripts[0].language}"
        yield Finding("yt-dlp", True, f"captions: {said}")
        has_sound = any(each.get("acodec") not in (None, "none") for each in info.get("formats") or ())
        yield Finding("sound", has_sound, "offered, for --transcribe" if has_sound else Reason("sound_withheld"))
    except Unfetched as error:
        is_withheld = has_tracks and error.reason.code == "youtube_empty"
        yield Finding("yt-dlp", False, Reason("captions_withheld") if is_withheld else error.reason)


def _javascript(web: Web) -> Finding:
    try:
        runtimes = web.downloader(with_own_settings({"extractor_args": {"youtube": {}}})).runtimes()
    except Unfetched as error:
        return Finding("JavaScript", False, error.reason)
    lacking = ["runtime"] * (not runtimes) + ["solver (yt-dlp-ejs)"] * (not find_spec("yt_dlp_ejs"))
    text = _NO_JAVASCRIPT.format(" and no ".join(lacking)) if lacking else f"{', '.join(runtimes)}, with yt-dlp-ejs"
    return Finding("JavaScript", not lacking, text)
