"""The requests that yt-dlp asks for from the sandbox: checked, limited and tried again as those for pages are."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.cookies import RequestsCookieJar

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import Fetcher, Hop, LeadsToVideo, is_same_server
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.fetch.retries import DAY, Deadline, ResponseTooLarge, ServerFault

# Captions of three hours in segments of six seconds take 1,800. The limit ends listings without an end.
_MOST_REQUESTS = 4_000
_MOST_BYTES, _MOST_BYTES_IN_ALL = 64_000_000, 2_000_000_000
_OF_THE_BODY = ("Content-Encoding", "Content-Length")  # of the body before it was unpacked
COOKIE = ("name", "value", "domain", "path", "secure", "expires")
"""The parts of a cookie, in the order in which they go to the sandbox and back."""


class SiteRequests:
    """The requests for one address, which is on a server of a private network only if `private`.

    With `reads_media`, recordings are read; else only their headers are.
    """

    def __init__(self, web: Web, address: str, *, private: bool = False, reads_media: bool = False) -> None:
        self._cookies = RequestsCookieJar()  # those of this address, and those that an extractor has made
        self._fetcher = Fetcher(web, partial(_limit_of, reads_media), self._cookies)
        self._own_server = address if private else ""
        self._deadline = Deadline(web.deadline)
        self._requests = self._bytes = 0

    def serve(self, asked: Any, data: bytes) -> tuple[object, bytes]:  # noqa: ANN401 - a value of JSON
        """Send a request, and describe the response or the failure.

        Raises Unfetched where no further request would help: a block, an address of YouTube, the end of its time.
        """
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise ResponseTooLarge(f"{_MOST_REQUESTS} requests")
        match asked:
            case [str(method), str(url), dict(headers), list(cookies), bool(has_data)]:
                for cookie in cookies:
                    self._cookies.set(**dict(zip(COOKIE, cookie, strict=True)))
                private = bool(self._own_server) and is_same_server(url, self._own_server)
                body = data if has_data else None
                texts = {str(name): str(value) for name, value in headers.items()}
            case _:
                raise ValueError(asked)
        try:
            response = self._fetcher.follow(Hop(url, texts, private, method, body))
        except (ServerFault, LeadsToVideo):
            raise
        except Unfetched as failure:
            if self._deadline.is_over(0):
                raise
            reason = [failure.state, failure.reason.to_row(), failure.retry_after]
            if not isinstance(failure.__cause__, requests.HTTPError):
                return {"failure": reason}, b""
            response = failure.__cause__.response
            return {"failure": reason, **self._described(response)}, response.content
        self._bytes += len(response.content)
        if self._bytes > _MOST_BYTES_IN_ALL:
            raise ResponseTooLarge(f"{_MOST_BYTES_IN_ALL / 1e9:.0f} GB")
        if self._deadline.is_over(len(response.content)):
            raise Unfetched(State.DEFERRED, Reason("host_slow", host=urlsplit(url).hostname), DAY)
        return self._described(response), response.content

    def _described(self, response: requests.Response) -> dict[str, object]:
        headers = dict(response.headers)
        if "Content-Encoding" in response.headers:
            headers = {name: value for name, value in headers.items() if name.title() not in _OF_THE_BODY}
        cookies = [[getattr(cookie, part) for part in COOKIE] for cookie in self._cookies]
        return {"url": response.url, "status": response.status_code, "headers": headers, "cookies": cookies}


def _limit_of(reads_media: bool, response: requests.Response) -> int:
    media_type = response.headers.get("Content-Type", "").lower()
    is_media = media_type.startswith(("video/", "audio/")) and "mpegurl" not in media_type
    return 0 if is_media and not reads_media else _MOST_BYTES
