"""Who may ask: the names that the server answers to, the token, and what browsers are told to keep out."""

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

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        f"frame-src {PLAYER}",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # YouTube's player refuses to play where no origin is told.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_OPEN = (LOGIN, "/healthz")
_OPEN_FOLDER = "/static/"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


@dataclass(frozen=True, slots=True)
class Doors:
    """Which Host headers are answered, and the token that has to be shown, where there is one."""

    names: frozenset[str] = frozenset({"localhost"})
    token: str | None = None
    is_open: bool = False

    @classmethod
    def of(cls, host: str, names: Iterable[str] = (), token: str | None = None) -> Doors:
        """The doors of a server that listens at `host`, and is reached by other names too."""
        own = () if is_loopback(host) else (socket.gethostname(),)
        known = frozenset(name.lower() for name in ("localhost", host, *own, *names))
        return cls(known, token, not is_loopback(host))

    def know(self, header: str) -> bool:
        """Whether a Host header is ours: a page that another name led here must not read what is here.

        An address can't be made to lead elsewhere as a name can, so that any of this machine's will do.
        """
        name = _host(header)
        address = _address(name)
        return name in self.names or (address is not None and (self.is_open or address.is_loopback))

    def let_in(self, headers: Headers) -> bool:
        """Whether a request shows the token, in its Authorization header or its cookie."""
        if self.token is None:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        shown = [given.strip()] if scheme.lower() == "bearer" else []
        shown.append(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))
        return any(map(self.is_token, shown))

    def is_token(self, value: str) -> bool:
        """Compare in a time that tells nothing."""
        return self.token is not None and hmac.compare_digest(value.encode(), self.token.encode())


class Guard:
    """Lets in what may come in, and puts the security headers on every response."""

    def __init__(self, app: ASGIApp, doors: Doors, refusal: ASGIApp) -> None:
        self._app = app
        self._doors = doors
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        await self._door(scope)(scope, receive, send_guarded)

    def _door(self, scope: Scope) -> ASGIApp:
        headers, path = Headers(scope=scope), scope["path"]
        if not self._doors.know(headers.get("host", "")):
            return _unknown_host()
        if path in _OPEN or path.startswith(_OPEN_FOLDER) or self._doors.let_in(headers):
            return self._app
        if path.startswith("/api/"):
            return problem(401, "show the token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})
        return self._refusal


def _unknown_host() -> Response:
    return problem(421, "this server doesn't go by that name: use its address, or start it with --name NAME")


def _host(header: str) -> str:
    """The host of a Host header, without the port and an IPv6 address's brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower().rstrip(".")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
