"""The way out to the web: the user's proxy and cookies, timeouts, and an end to answers without end."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url
from urllib3.connectionpool import HTTPConnectionPool

from seekpoint.index.errors import UsageError
from seekpoint.indexer.fetch.cookies import youtube_cookies
from seekpoint.indexer.fetch.retries import ResponseTooLarge

if TYPE_CHECKING:
    from seekpoint.indexer.sources.youtube.ytdlp import Downloader

Limit: TypeAlias = Callable[[requests.Response], int]
"""How many bytes of an answer are read at most, by its head, which is all that is there then; 0 for none at all.

What has more raises ResponseTooLarge.
"""

_TIMEOUTS = (10.0, 30.0)
_DEADLINE = 120.0
_MOST_BYTES = 64_000_000  # a watch page has one million, the captions of ten hours two
_MOST_REDIRECTS = 8
_PIECE = 16_384  # compressed bytes at a time: what they unpack to is a thousand times as much at most
_SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})


class Web:
    """Makes what sources ask through.

    `cookies` is a Netscape cookies.txt; those for youtube.com are sent. Raises UsageError for a proxy or file that
    can't be used. `timeouts` are in seconds, to connect and from one piece of an answer to the next, and `deadline` is
    for all of an answer: past it requests.ReadTimeout is raised.
    """

    def __init__(
        self,
        proxy: str | None = None,
        cookies: Path | None = None,
        timeouts: tuple[float, float] = _TIMEOUTS,
        deadline: float = _DEADLINE,
    ) -> None:
        self._timeouts = timeouts
        self._deadline = deadline
        self._proxies = {} if proxy is None else dict.fromkeys(("http", "https"), _checked(proxy))
        self._cookies = youtube_cookies(cookies) if cookies else ()

    @property
    def route(self) -> str:
        """What tells this way out from others, without its secrets."""
        chosen = [self._proxies.get("https", ""), *(f"{cookie.name}={cookie.value}" for cookie in self._cookies)]
        return blake2b("\n".join(chosen).encode(), digest_size=6).hexdigest() if any(chosen) else ""

    def session(self, limit: Limit = lambda _: _MOST_BYTES) -> requests.Session:
        """Make a session for one thread."""
        session = requests.Session()
        session.max_redirects = _MOST_REDIRECTS
        session.auth = _address_credentials
        session.proxies.update(self._proxies)
        for cookie in self._cookies:
            session.cookies.set_cookie(copy(cookie))
        # A proxy configuration that retries replaces the adapter of https:// alone.
        for prefix in ("http://", "https://", "https://www.youtube.com"):
            session.mount(prefix, _Adapter(self._proxies, self._timeouts, self._deadline, limit))
        return session

    def downloader(self, options: Mapping[str, object]) -> Downloader:
        """Make a silent yt-dlp for one thread, which asks through a session of its own."""
        from seekpoint.indexer.sources.youtube.ytdlp import Downloader

        return Downloader(self.session(), options)


class _Adapter(HTTPAdapter):
    """Sends with our timeouts and reads to the end; our proxy goes before the environment's, which requests prefers."""

    def __init__(
        self, proxies: Mapping[str, str], timeouts: tuple[float, float], deadline: float, limit: Limit
    ) -> None:
        super().__init__()
        self._timeouts = timeouts
        self._ours = {"proxies": proxies} if proxies else {}
        self._limit = limit
        self._seconds = deadline
        self._deadline: _Deadline  # of the answer that is awaited

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        timeout = kwargs.get("timeout") or self._timeouts
        self._deadline = _Deadline(self._seconds)
        with self._deadline:
            response = super().send(request, *args, **{**kwargs, **self._ours, "timeout": timeout})
            _read_to_the_end(response, self._limit)
        return response

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:  # noqa: ANN401
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        assert isinstance(pool, HTTPConnectionPool)
        if not issubclass(pool.ConnectionCls, _Watched):
            watched = {"watch": lambda connection: self._deadline.watch(connection.sock)}
            pool.ConnectionCls = type("Watched", (_Watched, pool.ConnectionCls), watched)
        return pool


class _Watched:
    """A connection that hands its socket over before it waits for an answer."""

    def getresponse(self) -> Any:  # noqa: ANN401
        self.watch()  # type: ignore[attr-defined]
        return super().getresponse()  # type: ignore[misc]


class _Deadline:
    """Cuts a connection off after so many seconds, as timeouts never end a server that drips byte by byte.

    Raises requests.ReadTimeout when its block ends after that.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        self._release()
        if self._is_over:
            raise requests.ReadTimeout("no end in time")

    def watch(self, connected: socket.socket) -> None:
        """Cut this socket when it is time, even where it is time already."""
        self._release()
        with self._lock:
            # A second handle is ours for as long as we want, and takes no part in TLS.
            self._socket = socket.fromfd(connected.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        if self._is_over:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self._is_over = True
            if self._socket:
                with suppress(OSError):  # the server may have been faster
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        with self._lock:
            if self._socket:
                self._socket.close()
                self._socket = None


def _address_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send what an address itself names; the default of a netrc would go to every host."""
    name, password = get_auth_from_url(request.url or "")
    return HTTPBasicAuth(name, password)(request) if name or password else request


def _checked(proxy: str) -> str:
    """Give the address of a proxy back; what is raised doesn't repeat it, as it may hold a password."""
    try:
        parts = urlsplit(proxy)
        usable = bool(parts.hostname and parts.port != 0) and parts.scheme in {"http", "https"} | _SOCKS
    except ValueError:
        usable = False
    if not usable or len(proxy.split()) > 1:
        raise UsageError(f"the proxy's address isn't http://HOST:PORT, nor https, {', '.join(sorted(_SOCKS))} for http")
    if parts.scheme in _SOCKS and not find_spec("socks"):
        raise UsageError('a SOCKS proxy needs one more package: pip install "requests[socks]"')
    return proxy


def _read_to_the_end(response: requests.Response, limit: Limit) -> None:
    """Take in an answer piece by piece, so that one that unpacks without end fills no memory."""
    read = bytearray()
    with response:
        most = limit(response)
        for piece in response.iter_content(_PIECE) if most else ():
            read += piece
            if len(read) > most:
                raise ResponseTooLarge(f"more than {most / 1e6:.0f} MB")
    response._content = bytes(read)
