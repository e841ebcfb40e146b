"""YouTube: a video's transcripts and details, from the requests that youtube-transcript-api makes anyway."""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any, TypeVar
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import requests
import stamina
import youtube_transcript_api as ytt
from requests.adapters import HTTPAdapter

from index.errors import Blocked, Unfetched
from index.text import clean
from index.types import Chapter, Cue, Details, Origin, State, Transcript
from indexer.cues import tidy
from indexer.sources import Fetched

_Result = TypeVar("_Result")

# A retry is no news for the terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())

_HOUR = 3600.0
_DAY = 24 * _HOUR
_MONTH = 30 * _DAY

_TIMEOUTS = (10.0, 30.0)  # to connect, to read
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_CAPTION_ADDRESS = re.compile(r"https://(?:[a-z0-9-]+\.)*youtube\.com/", re.IGNORECASE)


class YouTube:
    """The way to YouTube for one thread.

    `languages` are BCP 47 tags in order of preference; without any, the spoken language is taken. `pace` is in seconds
    from one video to the next.
    """

    def __init__(
        self,
        languages: Sequence[str] = (),
        pace: float = 5.0,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._languages = languages
        self._pace = pace
        self._sleep = sleep
        self._clock = clock
        self._asked: float | None = None
        self._page = ""
        self._player: object = None
        session = session or _session()
        session.hooks["response"].append(self._note)
        self._api = ytt.YouTubeTranscriptApi(http_client=session)

    def fetch(self, video_id: str) -> Fetched:
        """Fetch a video's transcripts; raises Unfetched, and Blocked where asking on makes it worse."""
        if not _VIDEO_ID.fullmatch(video_id):
            raise outcome_of(ytt.InvalidVideoId(video_id))
        self._wait()
        self._page, self._player = "", None
        try:
            return self._fetch(video_id)
        except Exception as error:
            raise outcome_of(error) from error
        finally:
            self._asked = self._clock()

    def _wait(self) -> None:
        if self._asked is not None:
            wait = self._asked + self._pace * random.uniform(0.7, 1.3) - self._clock()
            if wait > 0:
                self._sleep(wait)

    def _fetch(self, video_id: str) -> Fetched:
        tracks = choose_tracks(list(_patiently(lambda: self._api.list(video_id))), self._languages)
        if not all(_CAPTION_ADDRESS.match(str(address)) for address in _caption_addresses(self._player)):
            raise Unfetched(State.UNAVAILABLE, "its captions lie outside youtube.com and were not fetched", _MONTH)
        transcripts = tuple(transcript for transcript in map(_transcript, tracks) if transcript.cues)
        if not transcripts:
            raise Unfetched(State.NO_TRANSCRIPT, "its transcript is empty", _MONTH)
        return Fetched(transcripts, details_of(self._page, self._player))

    def _note(self, response: requests.Response, *_args: object, **_kwargs: object) -> None:
        path = urlsplit(response.url).path
        if path == "/watch":
            self._page = response.content.decode("utf-8", "replace")
        elif path == "/youtubei/v1/player":
            self._player = _json(response.content.decode("utf-8", "replace"))


class _Adapter(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        return super().send(request, *args, **{**kwargs, "timeout": kwargs.get("timeout") or _TIMEOUTS})


def _session() -> requests.Session:
    session = requests.Session()
    # A proxy configuration that retries replaces the adapter of https:// alone.
    for prefix in ("https://", "https://www.youtube.com"):
        session.mount(prefix, _Adapter())
    return session


def _patiently(call: Callable[[], _Result]) -> _Result:
    for attempt in stamina.retry_context(on=_passes, attempts=3, timeout=45.0, wait_initial=0.5, wait_max=5.0):
        with attempt:
            for once_more in stamina.retry_context(on=_EMPTY, attempts=2, wait_initial=1.0):
                with once_more:
                    return call()
    raise AssertionError("an exhausted retry raises")


def _transcript(track: ytt.Transcript) -> Transcript:
    snippets = _patiently(track.fetch)
    cues = tidy(Cue(snippet.start, snippet.start + snippet.duration, snippet.text) for snippet in snippets)
    return Transcript(clean(track.language_code), Origin.GENERATED if track.is_generated else Origin.MANUAL, cues)


def choose_tracks(tracks: Sequence[ytt.Transcript], languages: Sequence[str]) -> list[ytt.Transcript]:
    """Pick a track for each wanted language, by default the spoken one; raises Unfetched where there is none."""
    # A generated track is in the language that is spoken.
    spoken = [track.language_code for track in sorted(tracks, key=lambda track: not track.is_generated)][:1]
    picked = (_best_track(tracks, language) for language in languages or spoken)
    chosen = list(dict.fromkeys(track for track in picked if track))
    if not chosen:
        there_is = ", ".join(dict.fromkeys(clean(track.language_code) for track in tracks)) or "none"
        wanted = f" in {', '.join(languages)}" if languages else ""
        raise Unfetched(State.NO_TRANSCRIPT, f"no transcript{wanted} (there is: {there_is})", _MONTH)
    return chosen


def _best_track(tracks: Sequence[ytt.Transcript], language: str) -> ytt.Transcript | None:
    same = (track for track in tracks if _primary(track.language_code) == _primary(language))
    exact = language.lower()
    return min(same, key=lambda track: (track.is_generated, track.language_code.lower() != exact), default=None)


def _primary(language: str) -> str:
    return language.lower().partition("-")[0]


_EMPTY = (ParseError, requests.JSONDecodeError)
_DROPPED = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
_OUTCOMES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], State, float, str], ...] = (
    (ytt.VideoUnavailable, State.UNAVAILABLE, _MONTH, "YouTube says: this video is unavailable"),
    (ytt.InvalidVideoId, State.UNAVAILABLE, _MONTH, "not a YouTube video id: check the link"),
    (ytt.AgeRestricted, State.UNAVAILABLE, _MONTH, "age-restricted: YouTube shows it only to people who signed in"),
    ((ytt.TranscriptsDisabled, ytt.NoTranscriptFound), State.NO_TRANSCRIPT, _MONTH, "YouTube has no transcript of it"),
    (ytt.PoTokenRequired, State.DEFERRED, _DAY, "YouTube keeps these captions for its own player at the moment"),
    (_EMPTY, State.DEFERRED, _HOUR, "YouTube gave an empty answer, likely a block in disguise: wait before you go on"),
    (requests.exceptions.ProxyError, State.DEFERRED, _HOUR, "the proxy gives no connection: check its settings"),
    (
        requests.exceptions.SSLError,
        State.DEFERRED,
        _HOUR,
        "no trusted connection to youtube.com: check clock and proxy",
    ),
    (requests.Timeout, State.DEFERRED, _HOUR, "youtube.com did not answer in time"),
    (_DROPPED, State.DEFERRED, _HOUR, "no connection to youtube.com: check the network"),
)
_REFUSED = re.compile(r"try again later|not a bot", re.IGNORECASE)
_SOON = re.compile(r"live event will begin|premieres? (?:in|will)|processing this video|check back", re.IGNORECASE)


def outcome_of(error: Exception) -> Unfetched:
    """Say in which state an error leaves a video, why, and when to look again."""
    if isinstance(error, Unfetched):
        return error
    if isinstance(error, ytt.RequestBlocked):
        return _blocked()
    if isinstance(error, ytt.VideoUnplayable):
        return _unplayable(error)
    if _status(error) >= 500:
        return Unfetched(State.DEFERRED, f"YouTube has a fault of its own (HTTP {_status(error)})", _HOUR)
    for kind, state, wait, reason in _OUTCOMES:
        if isinstance(error, kind):
            return Unfetched(state, reason, wait)
    fault = f"HTTP {_status(error)}" if _status(error) else type(error).__name__
    reason = (
        f"YouTube and youtube-transcript-api don't fit together ({fault}), no fault of this video: update the package"
    )
    return Unfetched(State.DEFERRED, reason, _DAY)


def _blocked() -> Blocked:
    return Blocked("YouTube refuses requests from this address: wait some hours, or set a proxy (HTTPS_PROXY)")


def _unplayable(error: ytt.VideoUnplayable) -> Unfetched:
    reason = clean(" ".join(str(text) for text in (error.reason, *error.sub_reasons) if text))[:200]
    if _REFUSED.search(reason):
        return _blocked()
    if _SOON.search(reason):
        return Unfetched(State.DEFERRED, f"YouTube says: {reason}", _DAY)
    return Unfetched(State.UNAVAILABLE, f"YouTube says: {reason or 'this video is unplayable'}", _MONTH)


def _passes(error: Exception) -> bool:
    return _status(error) >= 500 or isinstance(error, _DROPPED)


def _status(error: Exception) -> int:
    """Read the HTTP status, which the library keeps in words only; 0 where there is none."""
    status = re.match(r"\d{3}", error.reason) if isinstance(error, ytt.YouTubeRequestFailed) else None
    return int(status[0]) if status else 0


_PUBLISHED = re.compile(r'(?:itemprop="datePublished" content="|"publishDate":")(\d{4}-\d\d-\d\d)')
_INITIAL_DATA = re.compile(r"\bytInitialData[\"'\]]*\s*=\s*")
_STAMPED = re.compile(r"^[^\w\n]*((?:\d+:)?\d{1,2}:\d\d)[^\w\n]+(\w.*)$", re.MULTILINE)


def details_of(page: str, player: object) -> Details:
    """Read details from the watch page and the player's JSON; what is missing or malformed stays empty."""
    video = _at(player, "videoDetails")
    published = _PUBLISHED.search(page)
    return Details(
        title=_text(_at(video, "title")) or None,
        channel=_text(_at(video, "author")) or None,
        duration=_seconds(_at(video, "lengthSeconds")) or None,
        published=published[1] if published else None,
        chapters=_page_chapters(page) or _description_chapters(_at(video, "shortDescription")),
    )


def _page_chapters(page: str) -> tuple[Chapter, ...]:
    begin = _INITIAL_DATA.search(page)
    data = _json(page, begin.end()) if begin else None
    bar = ((_seconds(_at(item, "timeRangeStartMillis"), 1000), item) for item in _found(data, "chapterRenderer"))
    markers = _found(data, "macroMarkersListItemRenderer")
    panel = ((_seconds(_at(item, "timeDescription", "simpleText")), item) for item in markers)
    return _chapters((start, _at(item, "title", "simpleText")) for start, item in (*bar, *panel))


def _description_chapters(description: object) -> tuple[Chapter, ...]:
    stamped = _STAMPED.findall(description) if isinstance(description, str) else []
    starts = [_seconds(stamp) or 0.0 for stamp, _ in stamped]
    # What YouTube itself takes for chapters: three or more, in order, the first at 0:00.
    is_a_table = len(starts) >= 3 and starts[0] == 0 and all(a < b for a, b in pairwise(starts))
    return _chapters(zip(starts, (title for _, title in stamped), strict=True)) if is_a_table else ()


def _chapters(marks: Iterable[tuple[float | None, object]]) -> tuple[Chapter, ...]:
    titles: dict[float, str] = {}
    for start, title in marks:
        if start is not None and _text(title):
            titles.setdefault(start, _text(title))
    return tuple(Chapter(start, titles[start]) for start in sorted(titles))


def _caption_addresses(player: object) -> list[object]:
    tracks = _at(player, "captions", "playerCaptionsTracklistRenderer", "captionTracks")
    return [_at(track, "baseUrl") for track in tracks] if isinstance(tracks, list) else []


def _json(text: str, begin: int = 0) -> object:
    try:
        return json.JSONDecoder().raw_decode(text, begin)[0]
    except (ValueError, RecursionError):
        return None


def _at(data: object, *path: str) -> object:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _found(data: object, key: str) -> Iterator[object]:
    stack = [data]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if key in node:
                yield node[key]
            stack.extend(reversed(node.values()))
        elif isinstance(node, list):
            stack.extend(reversed(node))


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _seconds(value: object, per_second: float = 1) -> float | None:
    """Read a number or a stamp such as 1:02:03."""
    if not isinstance(value, str | int | float):
        return None
    seconds = 0.0
    try:
        for part in str(value).split(":"):
            seconds = 60 * seconds + float(part) / per_second
    except ValueError:
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None
