"""yt-dlp for other sites than YouTube: it starts no program, and its requests are limited as those for pages are."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

import requests
from yt_dlp import YoutubeDL
from yt_dlp.downloader import get_suitable_downloader
from yt_dlp.downloader.dash import DashSegmentsFD
from yt_dlp.downloader.hls import HlsFD
from yt_dlp.downloader.http import HttpFD
from yt_dlp.networking import Request, Response
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import ExtractorError, YoutubeDLError

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import Fetcher, LeadsToVideo, is_same_server
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import DAY, Deadline, ResponseTooLarge, ServerFault
from seekpoint.indexer.fetch.ytdlp import QUIET, YtdlpLog

# Captions of three hours in segments of six seconds take 1,800. The limit ends listings without an end.
_MOST_REQUESTS = 4_000
_MOST_BYTES, _MOST_BYTES_IN_ALL = 64_000_000, 2_000_000_000
_KEEP_METHOD = (307, 308)
_OF_THE_HOST = {"authorization", "cookie"}
_OF_THE_BODY = ("Content-Encoding", "Content-Length")  # of the body before it was unpacked
_OPTIONS = {
    **QUIET,
    "geo_bypass": False,  # no request claims to come from another country
    "hls_prefer_native": True,
    # These two do nothing without PhantomJS.
    "allowed_extractors": ["default", "-iqiyi", "-douyu.*"],
    "ignore_no_formats_error": True,
    "extractor_retries": 1,
    # A missing segment is an error: captions with a hole would look whole.
    "skip_unavailable_fragments": False,
    "updatetime": False,
}
_DOWNLOADERS = (HttpFD, HlsFD, DashSegmentsFD)
# Events of Python's by which code would start a program, or a thread (from 3.12 on), or connect without our sessions.
_OUTSIDE = frozenset(
    (
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn"),
        *("os.fork", "os.forkpty", "_thread.start_new_thread", "_thread.start_joinable_thread"),
        *(f"socket.{call}" for call in ("connect", "bind", "sendto", "sendmsg", "getaddrinfo", "gethostbyname")),
    )
)
_within: ContextVar[bool] = ContextVar("_within", default=False)


def _refuse_outside(
    event: str, _: object, events: frozenset[str] = _OUTSIDE, within: ContextVar[bool] = _within
) -> None:
    """Refuse an audit event as the system refuses what isn't permitted: yt-dlp then takes a program as missing."""
    if event in events and within.get():
        raise PermissionError(f"no extractor may cause {event}")


sys.addaudithook(_refuse_outside)


@contextmanager
def _confined(is_so: bool = True) -> Iterator[None]:
    """Run yt-dlp's code with no way out of the process but `SiteDownloader.urlopen`."""
    token = _within.set(is_so)
    try:
        yield
    finally:
        _within.reset(token)


class SiteDownloader(YoutubeDL):  # type: ignore[misc]
    """yt-dlp for one address, which is on a server of a private network only if `private`.

    `failure` is the last request's, and `warnings`, and errors, are what extractors say. With `reads_media`, recordings
    are read; else only their headers are.
    """

    def __init__(
        self, web: Web, address: str, options: Mapping[str, object], *, private: bool = False, reads_media: bool = False
    ) -> None:
        log = YtdlpLog()
        super().__init__({**_OPTIONS, "logger": log, **options}, auto_init=False)
        self.warnings = log.warnings
        self.add_default_info_extractors()
        self.failure: Unfetched | None = None
        self._fetcher = _SiteFetcher(web, reads_media)
        self._fetcher.use_cookies(self.cookiejar)
        self._own_server = address if private else ""
        self._deadline = Deadline(web.deadline)
        self._requests = self._bytes = 0

    def describe(self, address: str) -> Mapping[str, Any]:
        """What the extractors find at an address, empty if nothing; raises YoutubeDLError, Unfetched."""
        with _ytdlps_errors(), _confined():
            found: Mapping[str, Any] | None = self.extract_info(address, download=False)
            return found or {}

    def dl(self, name: str, info: dict[str, Any], subtitle: bool = False, test: bool = False) -> None:
        """Download by HTTP, HLS or DASH into a file; raises YoutubeDLError, Unfetched, OSError."""
        with _ytdlps_errors(), _confined():
            if get_suitable_downloader(info, self.params) not in _DOWNLOADERS:
                raise ExtractorError("Requested format is not available", expected=True)
            super().dl(name, info, subtitle, test)

    def urlopen(self, req: Request | str) -> Response:
        """Send a request; raises yt-dlp's HTTPError and TransportError.

        Raises Unfetched where no further request would help: a block, an address of YouTube, the end of its time.
        """
        request = Request(req) if isinstance(req, str) else req
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise ResponseTooLarge(f"{_MOST_REQUESTS} requests")
        headers = {**self.params["http_headers"], **request.headers}
        private = bool(self._own_server) and is_same_server(request.url, self._own_server)
        try:
            with _confined(False):
                response = self._fetcher.send(request.method, request.url, headers, request.data, private=private)
        except (ServerFault, LeadsToVideo):
            raise
        except Unfetched as failure:
            self.failure = failure
            if self._deadline.is_over(0):
                raise
            cause = failure.__cause__
            if isinstance(cause, requests.HTTPError):
                raise HTTPError(_response(cause.response)) from failure
            raise TransportError(str(failure.reason), cause=failure) from failure
        self._bytes += len(response.content)
        if self._bytes > _MOST_BYTES_IN_ALL:
            raise ResponseTooLarge(f"{_MOST_BYTES_IN_ALL / 1e9:.0f} GB")
        if self._deadline.is_over(len(response.content)):
            raise Unfetched(State.DEFERRED, Reason("host_slow", host=urlsplit(request.url).hostname), DAY)
        return _response(response)


@contextmanager
def _ytdlps_errors() -> Iterator[None]:
    """Make any failure one of yt-dlp's: extractors and downloaders fail in any way at an answer they don't know."""
    try:
        yield
    except (YoutubeDLError, Unfetched, requests.RequestException, OSError):
        raise
    except Exception as error:
        raise ExtractorError(type(error).__name__) from error


class _SiteFetcher(Fetcher):
    def __init__(self, web: Web, reads_media: bool) -> None:
        super().__init__(web, lambda response: _MOST_BYTES if reads_media or not _is_media(response) else 0)
        self._method, self._first = "GET", ""
        self._data: bytes | None = None

    def use_cookies(self, jar: requests.cookies.RequestsCookieJar) -> None:
        """Keep cookies in this jar, and send none but these."""
        for session in self._sessions:
            session.cookies = jar

    def send(
        self, method: str, url: str, headers: Mapping[str, str], data: bytes | None, *, private: bool
    ) -> requests.Response:
        """Send a request and follow its redirects; raises Unfetched."""
        self._method, self._data, self._first = method, data, url
        return self._follow(url, headers, private)

    def _request(self, session: requests.Session, url: str, headers: Mapping[str, str]) -> requests.Response:
        if not is_same_server(url, self._first):
            headers = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_HOST}
        response = session.request(self._method, url, headers=headers, data=self._data, allow_redirects=False)
        if response.is_redirect and response.status_code not in _KEEP_METHOD and self._method != "HEAD":
            self._method, self._data = "GET", None
        return response


def _is_media(response: requests.Response) -> bool:
    media_type = response.headers.get("Content-Type", "").lower()
    return media_type.startswith(("video/", "audio/")) and "mpegurl" not in media_type


def _response(response: requests.Response) -> Response:
    headers = dict(response.headers)
    if "Content-Encoding" in response.headers:
        headers = {name: value for name, value in headers.items() if name.title() not in _OF_THE_BODY}
    return Response(io.BytesIO(response.content), response.url, headers, response.status_code)
