"""The failures that requests to YouTube end in: by HTTP, by youtube-transcript-api and by yt-dlp."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias, TypeVar
from xml.etree.ElementTree import ParseError

import requests
import youtube_transcript_api as ytt
from defusedxml import DefusedXmlException

from seekpoint.index.errors import Blocked, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import (
    CONNECTION_ERRORS,
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    RETRY_ONCE,
    RETRY_TWICE,
    ConnectionFault,
    ResponseTooLarge,
    ServerFault,
    pause_of,
    status_of,
)


class EmptyResponse(requests.RequestException):
    """YouTube sent an empty response."""


_Result = TypeVar("_Result")
_Errors: TypeAlias = type[Exception] | tuple[type[Exception], ...]

EMPTY_RESPONSE_ERRORS = (EmptyResponse, ParseError, requests.JSONDecodeError)
# By the kind of an error, the first that matches: the failure, the code of its reason, the time to try again.
_BY_KIND: tuple[tuple[_Errors, type[Unfetched], State, str, float], ...] = (
    (EMPTY_RESPONSE_ERRORS, ServerFault, State.DEFERRED, "youtube_empty", HOUR),
    (requests.ReadTimeout, ServerFault, State.DEFERRED, "youtube_slow", HOUR),
    (ResponseTooLarge, Unfetched, State.UNAVAILABLE, "youtube_endless", MONTH),
    (requests.exceptions.ProxyError, ConnectionFault, State.DEFERRED, "proxy_fails", HOUR),
    (requests.exceptions.SSLError, ConnectionFault, State.DEFERRED, "youtube_untrusted", HOUR),
    (CONNECTION_ERRORS, ConnectionFault, State.DEFERRED, "youtube_unreachable", HOUR),
    (ytt.VideoUnavailable, Unfetched, State.UNAVAILABLE, "youtube_unavailable", MONTH),
    (ytt.InvalidVideoId, Unfetched, State.UNAVAILABLE, "no_video_id", MONTH),
    (ytt.AgeRestricted, Unfetched, State.UNAVAILABLE, "age_restricted", MONTH),
    ((ytt.TranscriptsDisabled, ytt.NoTranscriptFound), Unfetched, State.NO_TRANSCRIPT, "no_transcript", MONTH),
    (DefusedXmlException, Unfetched, State.UNAVAILABLE, "captions_hostile", MONTH),
    (ytt.PoTokenRequired, Unfetched, State.DEFERRED, "captions_withheld", DAY),
    (ytt.FailedToCreateConsentCookie, ServerFault, State.DEFERRED, "youtube_consent", DAY),
)
_CAPTIONS_ADDRESS = re.compile(r"https://(?:[a-z0-9-]+\.)*youtube\.com/", re.IGNORECASE)
BLOCK_MESSAGE = re.compile(r"try again later|not a bot", re.IGNORECASE)
# Of videos that will be there.
_SOON = re.compile(r"live event will begin|premieres? (?:in|will)|processing this video|check back", re.IGNORECASE)
_LOGIN = re.compile(r"\b(?:private|members|sign in|log in|join this channel)\b", re.IGNORECASE)
_NO_SOUND = re.compile(r"format is not available|no video formats", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:ERROR: )?(?:\[youtube\] )?(?:[A-Za-z0-9_-]{11}: )?")
# Of playlists.
_ALERT = re.compile(r"YouTube said: (.*)")
_TRANSIENT = re.compile(r"unknown error|went wrong|error occurred|not currently live", re.IGNORECASE)
_ABSENT = re.compile(r"does not exist|does not have an? \S+ tab", re.IGNORECASE)


def blocked(pause: float | None = None) -> Blocked:
    """YouTube blocks this address, for `pause` seconds if it names a pause."""
    return Blocked(Reason("youtube_refuses"), pause)


def raise_for_pause(response: requests.Response) -> None:
    """Raise Blocked if YouTube asks for fewer requests, ServerFault if it is overloaded and names a pause.

    Both last as long as Retry-After says, a minute at least.
    """
    pause = pause_of(response)
    pause = None if pause is None else max(pause, MINUTE)
    if response.status_code == requests.codes.too_many_requests:
        raise blocked(pause)
    if response.status_code == requests.codes.service_unavailable and pause:
        raise _server_fault(response.status_code, pause)


def check_captions_address(address: object) -> None:
    """Raise Unfetched if captions lie outside youtube.com."""
    if not _CAPTIONS_ADDRESS.match(str(address)):
        raise Unfetched(State.UNAVAILABLE, Reason("captions_elsewhere"), MONTH)


def _server_fault(status: int, pause: float = HOUR) -> ServerFault:
    return ServerFault(State.DEFERRED, Reason("youtube_fault", status=status), pause)


def _status(error: Exception) -> int:
    """The HTTP status of an error, which youtube-transcript-api has in its message; 0 if there is none."""
    status = re.match(r"\d{3}", error.reason) if isinstance(error, ytt.YouTubeRequestFailed) else None
    return int(status[0]) if status else status_of(error)


def retried(call: Callable[..., _Result], *arguments: object) -> _Result:
    """Call again after a fault of the server or the connection, twice, and once after an empty response."""

    def is_transient(error: Exception) -> bool:
        return _status(error) >= 500 or isinstance(error, CONNECTION_ERRORS)

    return RETRY_TWICE(is_transient, RETRY_ONCE, EMPTY_RESPONSE_ERRORS, call, *arguments)


def _by_kind(error: Exception) -> Unfetched | None:
    """The failure that the kind of an error tells, whoever raised it."""
    if isinstance(error, Unfetched):
        return error
    if isinstance(error, ytt.RequestBlocked):
        return blocked()
    if _status(error) >= 500:
        return _server_fault(_status(error))
    for kind, failure, state, code, wait in _BY_KIND:
        if isinstance(error, kind):
            return failure(state, Reason(code), wait)
    return None


def _by_message(message: str) -> Unfetched | None:
    """The failure that passes, by YouTube's words: a block, or a video that isn't there yet; `None` for other words."""
    if BLOCK_MESSAGE.search(message):
        return blocked()
    return Unfetched(State.DEFERRED, _said(message), DAY) if _SOON.search(message) else None


def _said(message: str, code: str = "youtube_says") -> Reason:
    return Reason(code, text=message[:200].rstrip(". "))


def transcript_failure(error: Exception) -> Unfetched:
    """The failure that an error of youtube-transcript-api means for a video."""
    if isinstance(error, ytt.VideoUnplayable):
        text = clean(". ".join(str(text).rstrip(". ") for text in (error.reason, *error.sub_reasons) if text))[:200]
        code = "youtube_says_private" if _LOGIN.search(text) else "youtube_says"
        reason = _said(text, code) if text else Reason("youtube_unplayable")
        return _by_message(text) or Unfetched(State.UNAVAILABLE, reason, MONTH)
    status = _status(error)
    fault = f"HTTP {status}" if status else type(error).__name__
    return _by_kind(error) or ServerFault(State.DEFERRED, Reason("youtube_misfit", fault=fault), DAY)


def captions_failure(error: Exception, first: Unfetched) -> Unfetched:
    """The failure that an error of yt-dlp means for a video's captions; `first` is that of youtube-transcript-api."""
    if failure := _by_kind(error):
        return failure
    if BLOCK_MESSAGE.search(str(error)):
        return blocked()
    if getattr(error, "status", 0):  # of the captions alone: others end within yt-dlp
        return Unfetched(State.DEFERRED, Reason("captions_withheld"), DAY)
    return first if _is_expected(error) else Unfetched(State.DEFERRED, Reason("ytdlp_misfit_video"), DAY)


def said_by_ytdlp(error: Exception) -> str:
    """The words of an error of yt-dlp, without its prefixes."""
    return clean(_PREFIX.sub("", str(error)))


def sound_failure(error: Exception) -> Unfetched:
    """The failure that an error of yt-dlp means for a video's sound."""
    message = said_by_ytdlp(error)
    if failure := _by_kind(error) or _by_message(message):
        return failure
    if _NO_SOUND.search(message) or status_of(error) in (403, 404, 410):
        return ServerFault(State.DEFERRED, Reason("sound_withheld"), DAY)
    if _is_expected(error):
        return Unfetched(State.UNAVAILABLE, _said(message), MONTH)
    return ServerFault(State.DEFERRED, Reason("ytdlp_misfit_video"), DAY)


def playlist_failure(error: Exception) -> Unfetched:
    """The failure that an error of yt-dlp means for a playlist."""
    if failure := _by_kind(error):
        return failure
    message = clean(str(error))
    alert = _ALERT.search(message)
    if alert and BLOCK_MESSAGE.search(alert[1]):
        return blocked()
    if _TRANSIENT.search(message):
        return Unfetched(State.DEFERRED, Reason("youtube_hides"), HOUR)
    if alert:
        code = "youtube_says_private" if "private" in alert[1] else "youtube_says"
        return Unfetched(State.UNAVAILABLE, _said(alert[1], code), MONTH)
    if status_of(error) == 404 or _ABSENT.search(message):
        return Unfetched(State.UNAVAILABLE, Reason("no_playlist"), MONTH)
    return Unfetched(State.DEFERRED, Reason("ytdlp_misfit_playlist"), DAY)


def _is_expected(error: Exception) -> bool:
    """Whether an extractor of yt-dlp raised an error on purpose, as for a video that isn't there."""
    cause = (getattr(error, "exc_info", None) or (None, None))[1]
    return getattr(cause, "expected", False) is True
