"""yt-dlp without output and cache files, sending its requests through one of our sessions."""

from __future__ import annotations

import io
from collections.abc import Mapping

import requests
from yt_dlp import YoutubeDL
from yt_dlp.extractor.youtube import YoutubeTabIE
from yt_dlp.networking import Request, Response

from seekpoint.indexer.fetch.retries import (
    RETRY_ONCE,
    RETRY_TWICE,
    EmptyResponse,
    ResponseTooLarge,
    blocked,
    is_transient,
    raise_for_pause,
)

# A channel of 5,000 videos takes 170. The limit ends listings whose pages always link to a next one.
_MOST_REQUESTS = 500
_CAPTCHA = b'class="g-recaptcha"'


class Downloader(YoutubeDL):  # type: ignore[misc]
    """yt-dlp for one playlist or channel.

    A request that fails for good ends the call, with an exception of requests or Unfetched. These aren't yt-dlp's own,
    so yt-dlp doesn't go on with other requests.
    """

    def __init__(self, session: requests.Session, options: Mapping[str, object]) -> None:
        quiet_options = {"logger": _Silence(), "quiet": True, "noprogress": True, "color": "never", "cachedir": False}
        super().__init__({**quiet_options, **options}, auto_init=False)
        self.add_info_extractor(YoutubeTabIE())
        for cookie in session.cookies:
            self.cookiejar.set_cookie(cookie)
        session.cookies = self.cookiejar
        self._session = session
        self._requests = 0

    def urlopen(self, req: Request | str) -> Response:
        """Send a request, with retries; raises requests.RequestException or Unfetched."""
        request = Request(req) if isinstance(req, str) else req
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise ResponseTooLarge(f"{_MOST_REQUESTS} requests")
        response = RETRY_TWICE(is_transient, RETRY_ONCE, EmptyResponse, self._send, request)
        return Response(io.BytesIO(response.content), response.url, response.headers, response.status_code)

    def _send(self, request: Request) -> requests.Response:
        headers = {**self.params["http_headers"], **request.headers}
        response = self._session.request(request.method, request.url, data=request.data, headers=headers)
        raise_for_pause(response)
        if _CAPTCHA in response.content:
            raise blocked()
        response.raise_for_status()
        if not response.content:
            raise EmptyResponse
        return response


class _Silence:
    def debug(self, message: str) -> None: ...

    def warning(self, message: str) -> None: ...

    def error(self, message: str) -> None: ...
