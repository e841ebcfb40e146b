"""Failures of yt-dlp at a video site: the state, the reason and the time to try again."""

from __future__ import annotations

import re
from collections.abc import Iterable

import requests
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import DownloadError, GeoRestrictedError, UnsupportedError, YoutubeDLError

from seekpoint.index.errors import SeekpointError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import refusal
from seekpoint.indexer.fetch.retries import DAY, HOUR, MONTH

_LONGEST = 200
_LIMITED = re.compile(r"rate.?limit|too many requests|try again later|wait and try|频繁|頻繁|稍后再试", re.IGNORECASE)
_LOGIN = re.compile(
    r"log(?:ged)?[ -]?in|sign(?:ed)? in|registered users|password|account|cookies|authentication|subscri(?:be|ption)"
    r"|premium|member|purchase|登录|登錄|大会员|ログイン",
    re.IGNORECASE,
)
_ABROAD = re.compile(
    r"(?<!deleted or )geo.?restrict|your (?:country|location|region)|地区|地區|お住まいの地域", re.IGNORECASE
)
_PROGRAMS = re.compile(r"fingerprint|impersonat|captcha|cloudflare|not a bot|\brobot", re.IGNORECASE)
_PROTECTED = re.compile(r"\bDRM\b", re.IGNORECASE)
_SOON = re.compile(r"has not started|not (?:yet )?(?:begun|started)|upcoming|premieres? in|will begin", re.IGNORECASE)
_NO_SOUND = re.compile(r"format is not available|ffmpeg could not be found", re.IGNORECASE)
_NO_VIDEO = re.compile(r"no video formats|unable to extract (?:video|any)|no media|no suitable", re.IGNORECASE)
# yt-dlp's advice on its own options, and its call for bug reports.
_ADVICE = re.compile(r"[.,;]?\s*(?:\bUse --|\bSee +http|please report this|\(caused by|You might want to).*", re.DOTALL)
_PREFIX = re.compile(r"\A(?:ERROR: )?(?:\[[^\]]*\] )?(?:[\w-]+: )?")


# By what an extractor says, the first that matches: the state, the code of the reason, the time to try again.
_SAID = (
    (_LIMITED, State.DEFERRED, "site_limits", HOUR),
    (_ABROAD, State.UNAVAILABLE, "site_abroad", MONTH),
    (_PROTECTED, State.UNAVAILABLE, "site_protected", MONTH),
    (_PROGRAMS, State.UNAVAILABLE, "site_for_people", MONTH),
    (_SOON, State.DEFERRED, "not_begun", DAY),
    (_LOGIN, State.UNAVAILABLE, "site_login", MONTH),
)
# The same where no request failed.
_SAID_AT_LAST = (
    (_NO_SOUND, State.UNAVAILABLE, "site_no_sound", MONTH),
    (_NO_VIDEO, State.UNAVAILABLE, "site_no_video", MONTH),
)


def failure_of(error: Exception, host: str, last: Unfetched | None = None) -> SeekpointError:
    """The failure that an exception of yt-dlp means; `last` is the failure of its last request."""
    if isinstance(error, SeekpointError):
        return error
    inner = error.__context__ if isinstance(error, DownloadError) else None
    cause = inner if isinstance(inner, YoutubeDLError) else error  # that of an extractor, if there is one
    if isinstance(cause, UnsupportedError | GeoRestrictedError):
        code = "site_abroad" if isinstance(cause, GeoRestrictedError) else "site_no_video"
        return Unfetched(State.UNAVAILABLE, Reason(code, host=host), MONTH)
    text = _PREFIX.sub("", getattr(cause, "orig_msg", None) or str(cause))
    said = clean(_ADVICE.sub("", text))[:_LONGEST].rstrip(". ")
    known = _by_words(said, _SAID, host) or _of_a_request(cause, host, last) or _by_words(said, _SAID_AT_LAST, host)
    if known is None and getattr(cause, "expected", False):
        return Unfetched(State.UNAVAILABLE, Reason("site_says", host=host, text=said), MONTH)
    return known or Unfetched(State.DEFERRED, Reason("site_misfit", host=host), DAY)


def _by_words(said: str, table: Iterable[tuple[re.Pattern[str], State, str, float]], host: str) -> Unfetched | None:
    matches = (row for row in table if row[0].search(said))
    return next((Unfetched(state, Reason(code, host=host), wait) for _, state, code, wait in matches), None)


def _of_a_request(cause: Exception, host: str, last: Unfetched | None) -> Unfetched | None:
    """The failure of the request that ended an extraction; `None` if none did."""
    request = getattr(cause, "cause", None) or cause
    if isinstance(request, HTTPError) and request.status == requests.codes.precondition_failed:
        return Unfetched(State.DEFERRED, Reason("site_limits", host=host), HOUR)  # Bilibili's answer to too much
    if isinstance(request, HTTPError):
        return refusal(request.status)
    return last if isinstance(request, TransportError | DownloadError) else None
