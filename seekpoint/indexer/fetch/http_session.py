"""HTTP sessions with the user's proxy and cookies, and with limits on the size and the time of a response.

Private networks are closed to addresses that only the web names (SSRF).
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from copy import copy
from functools import partial
from hashlib import blake2b
from http.client import HTTPResponse
from http.cookiejar import Cookie
from importlib.util import find_spec
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url, select_proxy
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.util.connection import create_connection

from seekpoint.hosts import Address, is_private_host, is_public, literal_address
from seekpoint.index.errors import UsageError
from seekpoint.indexer.fetch.cookies import browser_cookies, youtube_cookies
from seekpoint.indexer.fetch.retries import PrivateAddress, ResponseTooLarge

if TYPE_CHECKING:
    from seekpoint.indexer.fetch.ytdlp import Downloader


Limit: TypeAlias = Callable[[requests.Response], int]
"""The bytes to read of a response, decided from its headers; 0 to skip the body.

A longer response raises ResponseTooLarge.
"""

_TIMEOUTS = (10.0, 30.0)
_DEADLINE = 120.0
_MOST_BYTES = 64_000_000  # a watch page has one million, the captions of ten hours two
_MOST_REDIRECTS = 8
_PIECE = 16_384  # compressed bytes read at a time; they decompress to a thousand times as much at most
# Proxies that take all traffic of a machine resolve every name to an address of this range ("fake IP"), by which they
# know the name again. No network uses the range: it is reserved for benchmarks (RFC 2544).
_FAKE_IP = IPv4Network("198.18.0.0/15")
_SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})


class Network:
    """The system's name resolution and connections, for all sessions of a build.

    A host whose addresses were public must keep public ones: its name server could lead a later request into a private
    network (DNS rebinding).
    """

    def __init__(self) -> None:
        self._public_hosts: set[str] = set()

    def resolve(self, name: str) -> list[Address]:
        """The addresses of a name; raises OSError."""
        return [ip_address(info[4][0]) for info in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]

    def connect(self, address: Address, port: int, options: dict[str, Any]) -> socket.socket:
        """Connect to an address; `options` are those of urllib3. Raises OSError."""
        return create_connection((str(address), port), **options)

    def open(self, connection: HTTPConnection, *, private: bool) -> socket.socket:
        """Connect to the host of a connection, in a private network only if `private`.

        Raises PrivateAddress, or the errors of urllib3.
        """
        host = connection.host
        options = {name: getattr(connection, name) for name in ("timeout", "source_address", "socket_options")}
        try:
            if not private:
                check_name(host)
            literal = literal_address(host)
            addresses = [literal] if literal else self.resolve(host)
            if all(is_public(address) or address in _FAKE_IP for address in addresses):
                self._public_hosts.add(host)
            elif not private or host in self._public_hosts:
                raise PrivateAddress(host)
            for address in addresses[:-1]:
                with suppress(OSError):
                    return self.connect(address, connection.port, options)
            return self.connect(addresses[-1], connection.port, options)
        except socket.gaierror as error:
            raise NameResolutionError(host, connection, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(connection, f"{host} timed out") from error
        except OSError as error:
            raise NewConnectionError(connection, f"no connection to {host}: {error}") from error


def check_name(host: str) -> None:
    """Raise PrivateAddress if a host's name shows that it is in a private network."""
    if is_private_host(host):
        raise PrivateAddress(host)


class Web:
    """Makes the HTTP sessions of the sources.

    `cookies` is a Netscape cookies.txt, or the name of a browser; those for youtube.com are sent. Raises UsageError for
    a proxy, file or browser that can't be used. `timeouts` are the seconds to connect and between two pieces of a
    response, `deadline` those for the whole response: after that, requests.ReadTimeout is raised. `network` makes the
    connections.
    """

    def __init__(
        self,
        proxy: str | None = None,
        cookies: Path | str | None = None,
        timeouts: tuple[float, float] = _TIMEOUTS,
        deadline: float = _DEADLINE,
        network: Network | None = None,
    ) -> None:
        self._network = network or Network()
        self._timeouts = timeouts
        self.deadline = deadline
        self._proxies = {} if proxy is None else dict.fromkeys(("http", "https"), _validated(proxy))
        self._browser = cookies if isinstance(cookies, str) else ""
        self._cookies: tuple[Cookie, ...] = ()
        if cookies is not None:
            self._cookies = youtube_cookies(cookies) if isinstance(cookies, Path) else browser_cookies(cookies)

    @property
    def has_cookies(self) -> bool:
        """Whether the user's cookies are sent to YouTube."""
        return bool(self._cookies)

    @property
    def route(self) -> str:
        """An identifier of the proxy and the cookies, without their secrets; a browser's change from day to day."""
        given = (f"{cookie.name}={cookie.value}" for cookie in self._cookies)
        settings = [self._proxies.get("https", ""), *([self._browser] if self._browser else given)]
        return blake2b("\n".join(settings).encode(), digest_size=6).hexdigest() if any(settings) else ""

    def session(self, limit: Limit = lambda _: _MOST_BYTES, *, private: bool = False) -> requests.Session:
        """Make a session for one thread, whose requests go into private networks only if `private`.

        Others raise PrivateAddress. A proxy resolves names itself: behind one, only hosts that are spelled as addresses
        are checked.
        """
        session = requests.Session()
        session.max_redirects = _MOST_REDIRECTS
        session.auth = _address_credentials
        session.proxies.update(self._proxies)
        for cookie in self._cookies:
            session.cookies.set_cookie(copy(cookie))
        # youtube-transcript-api may mount its own adapter at https://: the longer prefix takes precedence over it.
        for prefix in ("http://", "https://", "https://www.youtube.com"):
            session.mount(prefix, _Adapter(self, limit, private))
        return session

    def downloader(self, options: Mapping[str, object], statuses: Container[int] = ()) -> Downloader:
        """Make a silent yt-dlp for one thread, with a session of its own; it handles these HTTP statuses itself."""
        from seekpoint.indexer.fetch.ytdlp import Downloader

        # Token providers go to YouTube by themselves; their own servers get neither proxy nor cookies.
        proxy = {"proxy": self._proxies["https"]} if self._proxies else {}
        direct = Web(timeouts=self._timeouts, deadline=self.deadline, network=self._network).session(private=True)
        direct.trust_env = False
        return Downloader(self.session(), direct, self.deadline, {**proxy, **options}, statuses)


class _Adapter(HTTPAdapter):
    """Applies timeouts, deadline and limit, checks addresses, and prefers our proxy to the environment's."""

    def __init__(self, web: Web, limit: Limit, private: bool) -> None:
        super().__init__()
        self._timeouts = web._timeouts
        self._proxy_options = {"proxies": web._proxies} if web._proxies else {}
        self._limit = limit
        self._private = private
        self._timed: dict[str, object] = {"response_class": staticmethod(partial(_TimedResponse, web.deadline))}
        self._checked = {"_new_conn": lambda connection: web._network.open(connection, private=private)}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        timeout = kwargs.get("timeout") or self._timeouts
        response = super().send(request, *args, **{**kwargs, **self._proxy_options, "timeout": timeout})
        body = bytearray()
        # Piece by piece up to the limit, so that a decompression bomb can't fill the memory.
        with response:
            most = self._limit(response)
            try:
                for piece in response.iter_content(_PIECE) if most else ():
                    body += piece
                    if len(body) > most:
                        raise ResponseTooLarge(f"{most / 1e6:.0f} MB")
            except requests.ConnectionError as error:
                if error.args and isinstance(error.args[0], ReadTimeoutError):
                    raise requests.ReadTimeout("no end in time") from error
                raise
        response._content = bytes(body)
        return response

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> HTTPConnectionPool:
        pool = super().get_connection_with_tls_context(request, *args, **kwargs)
        assert isinstance(pool, HTTPConnectionPool)
        assert issubclass(pool.ConnectionCls, HTTPConnection)
        proxy = select_proxy(request.url or "", kwargs.get("proxies"))
        if proxy and not self._private:
            check_name(urlsplit(request.url or "").hostname or "")
        if pool.ConnectionCls.response_class is HTTPResponse:
            members = self._timed if proxy else self._timed | self._checked
            pool.ConnectionCls = type("CheckedConnection", (pool.ConnectionCls,), members)
        return pool


class _TimedResponse(HTTPResponse):
    """A response whose headers and body must arrive within `seconds`; else reading them raises TimeoutError."""

    def __init__(self, seconds: float, connection: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(connection, *args, **kwargs)
        self.fp: io.BufferedReader = io.BufferedReader(_TimedStream(self.fp.detach(), connection, seconds))


class _TimedStream(io.RawIOBase):
    """Reads from a connection until a deadline.

    The timeout of a connection alone doesn't end a response that arrives byte by byte.
    """

    def __init__(self, stream: io.RawIOBase, connection: socket.socket, seconds: float) -> None:
        self._stream = stream
        self._connection = connection
        self._timeout = connection.gettimeout() or seconds
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no end in time")
        self._connection.settimeout(min(self._timeout, left))
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _address_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send the credentials in the address, but never those of a netrc, whose default entry applies to every host."""
    name, password = get_auth_from_url(request.url or "")
    return HTTPBasicAuth(name, password)(request) if name or password else request


def _validated(proxy: str) -> str:
    """Validate a proxy's address; error messages don't contain it, as it may hold a password."""
    try:
        parts = urlsplit(proxy)
        is_usable = bool(parts.hostname and parts.port != 0) and parts.scheme in {"http", "https"} | _SOCKS
    except ValueError:
        is_usable = False
    if not is_usable or len(proxy.split()) > 1:
        raise UsageError(f"the proxy's address isn't http://HOST:PORT, nor https, {', '.join(sorted(_SOCKS))} for http")
    if parts.scheme in _SOCKS and not find_spec("socks"):
        raise UsageError('a SOCKS proxy needs one more package: pip install "requests[socks]"')
    return proxy
