"""yt-dlp for video sites, in the sandbox: its parent sends the requests; and what its failures mean."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from requests.cookies import create_cookie
from yt_dlp import YoutubeDL
from yt_dlp.downloader import get_suitable_downloader
from yt_dlp.downloader.dash import DashSegmentsFD
from yt_dlp.downloader.hls import HlsFD
from yt_dlp.downloader.http import HttpFD
from yt_dlp.networking import Request, Response
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError, YoutubeDLError

from seekpoint.index.errors import SeekpointError, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import clean
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import refusal
from seekpoint.indexer.fetch.retries import DAY, HOUR, MONTH
from seekpoint.indexer.fetch.site_requests import COOKIE
from seekpoint.indexer.fetch.ytdlp import OPTIONS, YtdlpLog
from seekpoint.indexer.sources.sandbox_child import Ask

_OPTIONS = {
    **OPTIONS,
    "geo_bypass": False,  # no request claims to come from another country
    "hls_prefer_native": True,
    # These two do nothing without PhantomJS.
    "allowed_extractors": ["default", "-iqiyi", "-douyu.*"],
    "ignore_no_formats_error": True,
    # A missing segment is an error: captions with a hole would look whole.
    "skip_unavailable_fragments": False,
}
_DOWNLOADERS = (HttpFD, HlsFD, DashSegmentsFD)


class SiteDownloader(YoutubeDL):  # type: ignore[misc]
    """yt-dlp for one address. `failure` is the last request's, `warnings`, and errors, are what extractors say."""

    def __init__(self, ask: Ask, options: Mapping[str, object]) -> None:
        log = YtdlpLog()
        super().__init__({**_OPTIONS, "logger": log, **options}, auto_init=False)
        self.warnings = log.warnings
        self.add_default_info_extractors()
        self.failure: Unfetched | None = None
        self._ask = ask

    def describe(self, address: str) -> Mapping[str, Any]:
        """What the extractors find at an address, empty if nothing; raises YoutubeDLError."""
        with _ytdlps_errors():
            info: Mapping[str, Any] | None = self.extract_info(address, download=False)
            return info or {}

    def dl(self, name: str, info: dict[str, Any], subtitle: bool = False, test: bool = False) -> None:
        """Download by HTTP, HLS or DASH into a file; raises YoutubeDLError and OSError."""
        with _ytdlps_errors():
            if get_suitable_downloader(info, self.params) not in _DOWNLOADERS:
                raise ExtractorError("Requested format is not available", expected=True)
            super().dl(name, info, subtitle, test)

    def urlopen(self, req: Request | str) -> Response:
        """Have a request sent; raises yt-dlp's HTTPError and TransportError."""
        request = Request(req) if isinstance(req, str) else req
        data = request.data
        body = data if isinstance(data, bytes | None) else b"".join(data)
        headers = {**self.params["http_headers"], **request.headers}
        cookies = [[getattr(cookie, part) for part in COOKIE] for cookie in self.cookiejar]
        asked = [request.method, request.url, headers, cookies, body is not None]
        told, content = self._ask(asked, body or b"")
        for cookie in told.get("cookies", ()):
            parts = dict(zip(COOKIE, cookie, strict=True))
            self.cookiejar.set_cookie(create_cookie(**parts))  # type: ignore[no-untyped-call]
        failed = told.get("failure")
        if failed:
            state, reason, wait = failed
            self.failure = Unfetched(State(state), Reason.stored(reason), wait)
            if "status" not in told:
                raise TransportError(reason, cause=self.failure) from self.failure
        response = Response(io.BytesIO(content), told["url"], told["headers"], told["status"])
        if failed:
            raise HTTPError(response) from self.failure
        return response


@contextmanager
def _ytdlps_errors() -> Iterator[None]:
    """Make any failure one of yt-dlp's: extractors and downloaders fail in any way at an answer they don't know."""
    try:
        yield
    except (YoutubeDLError, MemoryError, OSError):
        raise
    except Exception as error:
        raise ExtractorError(type(error).__name__) from error


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
    known = _by_words(said, _SAID, host)
    request = getattr(cause, "cause", None) or cause
    if known is None and isinstance(request, HTTPError):
        known = refusal(request.status)
        if request.status == requests.codes.precondition_failed:  # Bilibili's answer to too much
            known = Unfetched(State.DEFERRED, Reason("site_limits", host=host), HOUR)
    elif isinstance(request, TransportError | DownloadError):
        known = known or last
    known = known or _by_words(said, _SAID_AT_LAST, host)
    if known is None and getattr(cause, "expected", False):
        return Unfetched(State.UNAVAILABLE, Reason("site_says", host=host, text=said), MONTH)
    return known or Unfetched(State.DEFERRED, Reason("site_misfit", host=host), DAY)


def _by_words(said: str, table: Iterable[tuple[re.Pattern[str], State, str, float]], host: str) -> Unfetched | None:
    matches = (row for row in table if row[0].search(said))
    return next((Unfetched(state, Reason(code, host=host), wait) for _, state, code, wait in matches), None)
