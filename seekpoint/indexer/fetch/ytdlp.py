"""yt-dlp without output and cache files, sending its requests through our sessions."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Container, Mapping
from contextlib import redirect_stderr
from optparse import OptParseError
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from yt_dlp import YoutubeDL
from yt_dlp.extractor.youtube import YoutubeTabIE
from yt_dlp.networking import Request, Response
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.options import parseOpts

from seekpoint.index.errors import Blocked, Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import DAY, Deadline, ResponseTooLarge, status_of
from seekpoint.indexer.fetch.youtube_failures import BLOCK_MESSAGE, EmptyResponse, blocked, raise_for_pause, retried

# A channel of 5,000 videos takes 170. The limit ends listings whose pages always link to a next one.
_MOST_REQUESTS = 500
_CAPTCHA = b'class="g-recaptcha"'
_PLAYER = "/youtubei/v1/player"
# A request without a proxy: token providers mark those to their own server so. No answer of YouTube's can.
_DIRECT = {"all": None}
# Where yt-dlp also looks for a configuration: the current folder, unless it is told another one.
_NOWHERE = ["--paths", f"home:{os.devnull}"]
# Of two threads that redirect stderr, one could leave it redirected.
_PARSING = Lock()

OPTIONS = {
    **{"quiet": True, "noprogress": True, "color": "never", "cachedir": False, "updatetime": False},
    # It also tries again when it can't parse a page, which more attempts don't cure.
    "extractor_retries": 1,
}
"""The options of every yt-dlp here."""


class YtdlpLog:
    """Keeps warnings and errors, and says nothing."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def debug(self, message: str) -> None: ...

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    error = warning


class Downloader(YoutubeDL):  # type: ignore[misc]
    """yt-dlp for playlists, or for videos.

    A request that fails for good ends the call, with an exception of requests or Unfetched. These aren't yt-dlp's own,
    so yt-dlp doesn't go on with other requests. Of the HTTP `statuses` it is told, and goes on as it would. Requests to
    a token provider's server go through `direct`. `seconds` are the deadline of a response. `warnings`, and errors, are
    those of the last call of `info`.
    """

    def __init__(
        self,
        session: requests.Session,
        direct: requests.Session,
        seconds: float,
        options: Mapping[str, object],
        statuses: Container[int] = (),
    ) -> None:
        log = YtdlpLog()
        super().__init__({**OPTIONS, "logger": log, **options}, auto_init=False)
        self.warnings = log.warnings
        self.add_info_extractor(YoutubeTabIE())
        for cookie in session.cookies:
            self.cookiejar.set_cookie(cookie)
        session.cookies = self.cookiejar
        self._session = session
        self._direct = direct
        self._statuses = statuses
        self._seconds, self._deadline = seconds, Deadline(seconds)
        self._requests = 0
        self._block: Blocked | None = None

    def info(self, address: str) -> dict[str, Any]:
        """What yt-dlp extracts, as it extracts it; raises its errors, requests.RequestException or Unfetched."""
        self._requests, self._block, self._deadline = 0, None, Deadline(self._seconds)
        self.warnings.clear()
        info: dict[str, Any] = self.extract_info(address, download=False, process=False)
        if self._block:  # a plugin may have kept it to itself
            raise self._block
        return info

    def runtimes(self) -> list[str]:
        """The JavaScript runtimes that it can start, with their versions."""
        infos = (runtime.info for runtime in self._js_runtimes.values() if runtime)
        return [f"{info.name} {info.version}" for info in infos if info and info.supported]

    def urlopen(self, req: Request | str) -> Response:
        """Send a request, with retries; raises requests.RequestException or Unfetched, for `statuses` HTTPError."""
        request = Request(req) if isinstance(req, str) else req
        if request.proxies == _DIRECT:
            return self._open_direct(request)
        if self._block:
            raise self._block
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise ResponseTooLarge(f"{_MOST_REQUESTS} requests")
        try:
            response = retried(self._send, request)
        except requests.HTTPError as error:
            if status_of(error) not in self._statuses:
                raise
            raise HTTPError(_read(error.response)) from error
        except Blocked as block:
            self._block = block
            raise
        if self._deadline.is_over(len(response.content)):
            raise requests.ReadTimeout("no end in time")
        return _read(response)

    def _send(self, request: Request) -> requests.Response:
        headers = {**self.params["http_headers"], **request.headers}
        response = self._session.request(request.method, request.url, data=request.data, headers=headers)
        raise_for_pause(response)
        if _CAPTCHA in response.content or (urlsplit(request.url).path == _PLAYER and _refuses(response)):
            raise blocked()
        response.raise_for_status()
        if not response.content:
            raise EmptyResponse
        return response

    def _open_direct(self, request: Request) -> Response:
        """Send a request to a token provider's server, once; raises yt-dlp's errors, as providers expect."""
        timeout = request.extensions.get("timeout")
        try:
            response = self._direct.request(
                request.method, request.url, data=request.data, headers=dict(request.headers), timeout=timeout
            )
        except (requests.RequestException, Unfetched) as error:
            raise TransportError(str(error), cause=error) from error
        if not response.ok:
            raise HTTPError(_read(response))
        return _read(response)


def _read(response: requests.Response) -> Response:
    return Response(io.BytesIO(response.content), response.url, response.headers, response.status_code)


def _refuses(response: requests.Response) -> bool:
    """Whether the player's answer is a block, which has HTTP status 200."""
    try:
        return BLOCK_MESSAGE.search(json.dumps(response.json()["playabilityStatus"])) is not None
    except (ValueError, TypeError, LookupError, RecursionError):
        return False


def with_own_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with the user's settings for JavaScript runtimes and extractors, from the configuration of yt-dlp.

    They say where a token provider listens, for instance. Raises Unfetched for a configuration that yt-dlp refuses.
    """
    try:
        with _PARSING, redirect_stderr(io.StringIO()):
            _, own, _ = parseOpts(_NOWHERE, ignore_config_files=False)
    except (OptParseError, ValueError, OSError, SystemExit) as error:
        message = str(error).strip().rpartition("\n")[2]
        raise Unfetched(State.DEFERRED, Reason("ytdlp_configuration", error=message), DAY) from error
    runtimes = (runtime.partition(":") for runtime in own.js_runtimes)
    ours, theirs = options["extractor_args"], own.extractor_args
    return {
        **options,
        "js_runtimes": {name.lower(): {"path": path or None} for name, _, path in runtimes},
        "remote_components": own.remote_components,
        "extractor_args": {**ours, **theirs, "youtube": ours["youtube"] | theirs.get("youtube", {})},
    }
