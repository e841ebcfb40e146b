"""yt-dlp, held to our ways: silent, without files of its own, and asking through one of our sessions."""

from __future__ import annotations

import io
from collections.abc import Mapping

import requests
from yt_dlp import YoutubeDL
from yt_dlp.extractor.youtube import YoutubeTabIE
from yt_dlp.networking import Request, Response

from seekpoint.indexer.fetch.retries import ONCE_MORE, PATIENTLY, Empty, Endless, blocked, passes

# A channel of 5,000 videos takes 170: a server that always has one more page has no end.
_MOST_REQUESTS = 500
_CAPTCHA = b'class="g-recaptcha"'


class Downloader(YoutubeDL):  # type: ignore[misc]
    """yt-dlp for one playlist or channel.

    A request that fails for good ends the whole call, with requests' own exceptions or Unfetched: yt-dlp would go on
    to ask in other ways.
    """

    def __init__(self, session: requests.Session, options: Mapping[str, object]) -> None:
        silent = {"logger": _Silence(), "quiet": True, "noprogress": True, "color": "never", "cachedir": False}
        super().__init__({**silent, **options}, auto_init=False)
        self.add_info_extractor(YoutubeTabIE())
        for cookie in session.cookies:
            self.cookiejar.set_cookie(cookie)
        session.cookies = self.cookiejar
        self._session = session
        self._requests = 0

    def urlopen(self, req: Request | str) -> Response:
        """Ask, and again where that may help; raises requests.RequestException or Unfetched."""
        request = Request(req) if isinstance(req, str) else req
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise Endless(f"more than {_MOST_REQUESTS} requests")
        answer = PATIENTLY(passes, ONCE_MORE, Empty, self._ask, request)
        return Response(io.BytesIO(answer.content), answer.url, answer.headers, answer.status_code)

    def _ask(self, request: Request) -> requests.Response:
        headers = {**self.params["http_headers"], **request.headers}
        answer = self._session.request(request.method, request.url, data=request.data, headers=headers)
        if answer.status_code == requests.codes.too_many_requests or _CAPTCHA in answer.content:
            raise blocked()
        answer.raise_for_status()
        if not answer.content:
            raise Empty
        return answer


class _Silence:
    def debug(self, message: str) -> None: ...

    def warning(self, message: str) -> None: ...

    def error(self, message: str) -> None: ...
