"""Access control: accepted host names, the token, and the security headers of responses."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser

from seekpoint.query.web.errors import problem

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "seekpoint_token"
LOGIN = "/login"
PLAYER = "https://www.youtube-nocookie.com"
PICTURES = "https://i.ytimg.com"

_CSP = "Content-Security-Policy"
_IMAGES = "img-src 'self'"

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        _IMAGES,
        "media-src 'self'",
        "connect-src 'self'",
        f"frame-src {PLAYER}",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    _CSP: _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # YouTube's player refuses to play if the browser sends no referrer.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Paths that need no token.
_PUBLIC = (LOGIN, "/healthz")
_PUBLIC_FOLDER = "/static/"


def is_loopback(host: str) -> bool:
    """Whether a server that listens at `host` can be reached from this machine alone."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """The accepted Host headers, and the token that requests must carry, if there is one.

    `is_public` is true for a server that other machines reach: it accepts any IP address as its host. With `pictures`
    pages may show YouTube's, so that the browser asks YouTube for them.
    """

    names: frozenset[str] = frozenset({"localhost"})
    token: str | None = None
    is_public: bool = False
    pictures: bool = False

    @classmethod
    def for_host(
        cls, host: str, names: Iterable[str] = (), token: str | None = None, *, pictures: bool = False
    ) -> AccessPolicy:
        """The policy of a server that listens at `host` and is also reached by `names`."""
        own = () if is_loopback(host) else (socket.gethostname(),)
        accepted = frozenset(name.lower() for name in ("localhost", host, *own, *names))
        return cls(accepted, token, not is_loopback(host), pictures)

    def accepts_host(self, header: str) -> bool:
        """Whether a Host header is accepted, against DNS rebinding: a foreign name may resolve to this machine.

        An IP address can't be rebound, so any loopback address is accepted.
        """
        name = _host(header)
        address = _address(name)
        return name in self.names or (address is not None and (self.is_public or address.is_loopback))

    def accepts_token(self, headers: Headers) -> bool:
        """Whether a request carries the token, in its Authorization header or its cookie."""
        if self.token is None:
            return True
        scheme, _, credentials = headers.get("authorization", "").partition(" ")
        candidates = [credentials.strip()] if scheme.lower() == "bearer" else []
        candidates.append(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))
        return any(map(self.is_token, candidates))

    def is_token(self, value: str) -> bool:
        """Whether a value is the token, compared in constant time."""
        return self.token is not None and hmac.compare_digest(value.encode(), self.token.encode())


class Guard:
    """Middleware that applies an access policy and sets the security headers of every response.

    `login_page` answers requests for pages without the token.
    """

    def __init__(self, app: ASGIApp, policy: AccessPolicy, login_page: ASGIApp) -> None:
        self._app = app
        self._policy = policy
        self._login_page = login_page
        images = f"{_IMAGES} {PICTURES}" if policy.pictures else _IMAGES
        self._headers = _HEADERS | {_CSP: _POLICY.replace(_IMAGES, images)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        await self._application_for(scope)(scope, receive, send_guarded)

    def _application_for(self, scope: Scope) -> ASGIApp:
        headers, path = Headers(scope=scope), scope["path"]
        if "content-length" in headers and "transfer-encoding" in headers:  # a proxy may see other requests in it
            return problem(400, "a body has two lengths: send one of them", {"Connection": "close"})
        if not self._policy.accepts_host(headers.get("host", "")):
            return _unknown_host()
        if path in _PUBLIC or path.startswith(_PUBLIC_FOLDER) or self._policy.accepts_token(headers):
            return self._app
        if path.startswith("/api/"):
            return token_missing()
        return self._login_page


def token_missing() -> Response:
    """The answer to a program that doesn't show the token."""
    return problem(401, "show the token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})


def _unknown_host() -> Response:
    return problem(421, "this server doesn't go by that name: use its address, or start it with --name NAME")


def _host(header: str) -> str:
    """The host of a Host header, without the port and the brackets of an IPv6 address."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower().rstrip(".")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
