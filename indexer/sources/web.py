"""The way out to the web: the user's proxy and cookies, timeouts, and an end to answers without end."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from hashlib import blake2b
from http.cookiejar import Cookie
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from index.errors import UsageError
from indexer.sources.outcomes import Endless

if TYPE_CHECKING:
    from indexer.sources.downloader import Downloader

_TIMEOUTS = (10.0, 30.0)
_MOST_BYTES = 64_000_000  # a watch page has one million, the captions of ten hours two
_MOST_REDIRECTS = 8
_PIECE = 16_384  # compressed bytes at a time: what they unpack to is a thousand times as much at most
_SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})


class Web:
    """Makes what sources ask through.

    `cookies` is a Netscape cookies.txt; those for youtube.com are sent. Raises UsageError for a proxy or file that
    can't be used. `timeouts` are in seconds, to connect and from one piece of an answer to the next.
    """

    def __init__(
        self, proxy: str | None = None, cookies: Path | None = None, timeouts: tuple[float, float] = _TIMEOUTS
    ) -> None:
        self._timeouts = timeouts
        self._proxies = {} if proxy is None else dict.fromkeys(("http", "https"), _checked(proxy))
        self._cookies = _youtube_cookies(cookies) if cookies else ()

    @property
    def way(self) -> str:
        """What tells this way out from others, without its secrets."""
        chosen = [self._proxies.get("https", ""), *(f"{cookie.name}={cookie.value}" for cookie in self._cookies)]
        return blake2b("\n".join(chosen).encode(), digest_size=6).hexdigest() if any(chosen) else ""

    def session(self) -> requests.Session:
        """Make a session for one thread."""
        session = requests.Session()
        session.hooks["response"].append(_read_to_the_end)
        session.max_redirects = _MOST_REDIRECTS
        session.proxies.update(self._proxies)
        for cookie in self._cookies:
            session.cookies.set_cookie(copy(cookie))
        # A proxy configuration that retries replaces the adapter of https:// alone.
        for prefix in ("http://", "https://", "https://www.youtube.com"):
            session.mount(prefix, _Adapter(self._proxies, self._timeouts))
        return session

    def downloader(self, options: Mapping[str, object]) -> Downloader:
        """Make a silent yt-dlp for one thread, which asks through a session of its own."""
        from indexer.sources.downloader import Downloader

        return Downloader(self.session(), options)


def _youtube_cookies(file: Path) -> tuple[Cookie, ...]:
    from indexer.sources.cookies import youtube_cookies

    return youtube_cookies(file)


class _Adapter(HTTPAdapter):
    """Sends with our timeouts; our proxy goes before the environment's, which requests would prefer."""

    def __init__(self, proxies: Mapping[str, str], timeouts: tuple[float, float]) -> None:
        super().__init__()
        self._timeouts = timeouts
        self._ours = {"proxies": proxies} if proxies else {}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        timeout = kwargs.get("timeout") or self._timeouts
        return super().send(request, *args, **{**kwargs, **self._ours, "timeout": timeout})


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


def _read_to_the_end(response: requests.Response, *_args: object, **_kwargs: object) -> None:
    """Take in an answer piece by piece, so that one that unpacks without end fills no memory."""
    read = bytearray()
    with response:
        for piece in response.iter_content(_PIECE):
            read += piece
            if len(read) > _MOST_BYTES:
                raise Endless(f"more than {_MOST_BYTES / 1e6:.0f} MB")
    response._content = bytes(read)
