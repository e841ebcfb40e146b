"""yt-dlp in the sandbox: its parent sends the requests."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from requests.cookies import create_cookie
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
from seekpoint.indexer.fetch.site_requests import COOKIE
from seekpoint.indexer.fetch.ytdlp import QUIET, YtdlpLog
from seekpoint.indexer.sources.sandbox_child import Ask

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
            found: Mapping[str, Any] | None = self.extract_info(address, download=False)
            return found or {}

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
