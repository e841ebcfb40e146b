"""Access control: accepted host names, requests from other sites, the token, and the middlewares that check them."""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import pbkdf2_hmac
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser

from seekpoint.query.web.problems import problem

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Check: TypeAlias = "Callable[[Scope, Headers], ASGIApp | None]"
"""Tells the application that refuses a request; `None` if it may go on."""

COOKIE_SECONDS = 30 * 24 * 3600
LOGIN = "/login"
NEW, FEED = "/new", "/new.rss"
"""The paths of what is new and of its feed, whose address has a token of its own: its readers take no cookie."""
# A Host header: a name or an IPv6 address, and a port.
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^][:/?#@\\\s]*))(?::(?P<port>\d{1,5}))?", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
# Steps of key derivation, which each guess of a short token by a cookie's signature takes.
_STEPS = 100_000

_CSP = "Content-Security-Policy"
_IMAGES = "img-src 'self'"
_MEDIA = "media-src 'self'"
# A sound may lie at any address, and the way there leads over others.
_MEDIA_OF_WEB = f"{_MEDIA} https: http:"
PLAYS_FROM_WEB = "plays_from_web"
"""The name under which a page says in the state of a request that it has players of recordings on the web."""
_HEADERS = {
    _CSP: f"default-src 'none'; script-src 'self'; style-src 'self'; {_IMAGES}; {_MEDIA}; connect-src 'self'; "
    "frame-src https://www.youtube-nocookie.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # YouTube's player refuses to play if the browser sends no referrer.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Pages that a link of another site may lead to.
_PAGES = re.compile(r"/|/list|/kept|/login|/resource/[^/]+")


def is_loopback(host: str) -> bool:
    """Whether a server that listens at `host` can be reached from this machine alone."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """The accepted Host headers, and the token that requests must carry, if there is one.

    A public server, which other machines reach, accepts any IP address. With `pictures` pages show those of sites. The
    `key` signs cookies and the feed's address: that of a token that lasts is the token.
    """

    names: frozenset[str] = frozenset({"localhost"})
    token: str | None = None
    is_public: bool = False
    pictures: bool = False
    key: str = ""

    @classmethod
    def for_host(
        cls, host: str, names: Iterable[str] = (), token: str | None = None, *, pictures: bool = False, key: str = ""
    ) -> AccessPolicy:
        """The policy of a server that listens at `host` and is also reached by `names`."""
        own = () if is_loopback(host) else (socket.gethostname(),)
        accepted = frozenset(name.lower() for name in ("localhost", host, *own, *names))
        return cls(accepted, token, not is_loopback(host), pictures, key)

    def accepts_host(self, header: str) -> bool:
        """Whether a Host header is accepted, against DNS rebinding: a name may be rebound, an IP address can't."""
        name, _ = _host_and_port(header)
        address = _address(name)
        return name in self.names or (address is not None and (self.is_public or address.is_loopback))

    def accepts(self, headers: Headers) -> bool:
        """Whether a request carries the token in its Authorization header, or the cookie that was given for it."""
        if self.token is None:
            return True
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(credentials.strip()):
            return True
        host = headers.get("host", "")
        value = cookie_parser(headers.get("cookie", "")).get(_cookie_name(host), "")
        expiry, _, signature = value.partition(".")
        is_signed = hmac.compare_digest(signature.encode(), self._signature(host, expiry).encode())
        return is_signed and time.time() < int(expiry)

    def is_token(self, value: str) -> bool:
        """Whether a value is the token, compared in constant time."""
        return self.token is not None and hmac.compare_digest(value.encode(), self.token.encode())

    @property
    def feed_token(self) -> str:
        """The token of the feed, which opens nothing else."""
        return self._signed(FEED)

    def cookie(self, host: str) -> tuple[str, str]:
        """The name and value of the cookie for a browser that has shown the token to the server of this Host header.

        Browsers send it to a host's other ports too, and so to other programs: it is a signature instead of the token.
        """
        expiry = str(int(time.time()) + COOKIE_SECONDS)
        return _cookie_name(host), f"{expiry}.{self._signature(host, expiry)}"

    def _signature(self, host: str, expiry: str) -> str:
        return self._signed(f"{host.lower()} {expiry}")

    def _signed(self, message: str) -> str:
        return hmac.digest(_signing_key(self.key or self.token or ""), message.encode(), "sha256").hex()


def comes_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a page of another site sent a request, or led to it; programs say nothing.

    Browsers send Sec-Fetch-Site to servers of this machine and over TLS, the others may send Referer.
    """
    host, site, origin = headers.get("host", ""), headers.get("sec-fetch-site"), headers.get("origin")
    if site not in (None, "same-origin", "none") or (origin is not None and not _is_own(origin, host)):
        return True
    referrer = headers.get("referer") if site is None and origin is None else None
    return bool(referrer) and not _is_own(referrer or "", host)


def _host_and_port(header: str) -> tuple[str, str]:
    """The parts of a Host header, without the brackets of an IPv6 address; empty where it has none or is malformed."""
    parts = _HOST.fullmatch(header)
    return ((parts["v6"] or parts["name"]).lower().rstrip("."), parts["port"] or "") if parts else ("", "")


def _is_own(address: str, header: str) -> bool:
    """Whether an address is on the server of a Host header, which this machine may know by several names."""
    try:
        parts = urlsplit(address)
        host, port, default = (parts.hostname or "").rstrip("."), parts.port, _PORTS.get(parts.scheme)
    except ValueError:
        return False
    own, own_port = _host_and_port(header)
    is_same = host == own or (is_loopback(host) and is_loopback(own))
    return bool(host) and is_same and (default if port is None else port) == (int(own_port) if own_port else default)


def _cookie_name(host: str) -> str:
    """Servers at other ports of a host have cookies of other names."""
    return f"seekpoint_{_host_and_port(host)[1] or 'login'}"


@lru_cache(maxsize=1)
def _signing_key(token: str) -> bytes:
    return pbkdf2_hmac("sha256", token.encode(), b"seekpoint: cookies", _STEPS)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def guarded(app: ASGIApp, policy: AccessPolicy, login_page: ASGIApp) -> ASGIApp:
    """The application behind all checks of who asks; `login_page` answers requests without the token."""
    checks = (one_body_length, partial(known_host, policy), own_site, partial(token_shown, policy, login_page))
    return SecurityHeaders(Checks(app, checks), pictures=policy.pictures)


class SecurityHeaders:
    """Sets the security headers of every response."""

    def __init__(self, app: ASGIApp, *, pictures: bool) -> None:
        self._app = app
        images = f"{_IMAGES} https:" if pictures else _IMAGES
        self._headers = _HEADERS | {_CSP: _HEADERS[_CSP].replace(_IMAGES, images)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if scope.get("state", {}).get(PLAYS_FROM_WEB):
                    headers[_CSP] = headers[_CSP].replace(_MEDIA, _MEDIA_OF_WEB)
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        await self._app(scope, receive, send_guarded)


class Checks:
    """Passes requests on, but for those that a check refuses; the first refusal answers."""

    def __init__(self, app: ASGIApp, checks: Sequence[Check]) -> None:
        self._app = app
        self._checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusals = (check(scope, Headers(scope=scope)) for check in self._checks if scope["type"] == "http")
        await next(filter(None, refusals), self._app)(scope, receive, send)


def one_body_length(_: Scope, headers: Headers) -> ASGIApp | None:
    """Refuse a body of two lengths, in which a proxy may see other requests."""
    if "content-length" in headers and "transfer-encoding" in headers:
        return problem(400, "a body has two lengths: send one of them", {"Connection": "close"})
    return None


def known_host(policy: AccessPolicy, _: Scope, headers: Headers) -> ASGIApp | None:
    """Refuse hosts that the policy doesn't accept.

    Starlette's TrustedHostMiddleware takes names alone, and a public server is reached by addresses unknown to it.
    """
    if policy.accepts_host(headers.get("host", "")):
        return None
    return problem(421, "this server doesn't go by that name: use its address (`serve` takes other names with --name)")


def own_site(scope: Scope, headers: Headers) -> ASGIApp | None:
    """Refuse requests from other sites, but for links to pages, which don't ask the question of such a link."""
    if not comes_from_elsewhere(headers):
        return None
    # Only what shows a page in a tab of its own may come, as a link does; an old browser doesn't say so.
    kind = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    is_link = kind == ("navigate", "document") if "sec-fetch-site" in headers else "origin" not in headers
    if is_link and scope["method"] in ("GET", "HEAD") and _PAGES.fullmatch(scope["path"]):
        return None
    return problem(403, "another site's page asks: ask from this server's own address (a proxy has to pass Host on)")


def token_shown(policy: AccessPolicy, login_page: ASGIApp, scope: Scope, headers: Headers) -> ASGIApp | None:
    """Refuse requests without the token of the policy, but for what needs none."""
    path = scope["path"]
    if path in (LOGIN, "/healthz") or path.startswith("/static/") or policy.accepts(headers):
        return None
    shown = QueryParams(scope["query_string"]).get("token", "")
    if path == FEED and hmac.compare_digest(shown.encode(), policy.feed_token.encode()):
        return None
    return token_missing() if path.startswith("/api/") else login_page


def token_missing() -> Response:
    """The answer to a program that doesn't show the token."""
    return problem(401, "show the token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
