"""Access control: accepted host names, requests from other sites, and the token."""

from __future__ import annotations

import hmac
import ipaddress
import re
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import pbkdf2_hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

COOKIE_SECONDS = 30 * 24 * 3600
LOGIN = "/login"
# A Host header: a name or an IPv6 address, and a port.
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[^][:/?#@\\\s]*))(?::(?P<port>\d{1,5}))?", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
# Steps of key derivation, which each guess of a short token by a cookie's signature takes.
_STEPS = 100_000


def is_loopback(host: str) -> bool:
    """Whether a server that listens at `host` can be reached from this machine alone."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """The accepted Host headers, and the token that requests must carry, if there is one.

    A public server, which other machines reach, accepts any IP address. With `pictures` pages show those of sites.
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

    def cookie(self, host: str) -> tuple[str, str]:
        """The name and value of the cookie for a browser that has shown the token to the server of this Host header.

        Browsers send it to a host's other ports too, and so to other programs: it is a signature instead of the token.
        """
        expiry = str(int(time.time()) + COOKIE_SECONDS)
        return _cookie_name(host), f"{expiry}.{self._signature(host, expiry)}"

    def _signature(self, host: str, expiry: str) -> str:
        message = f"{host.lower()} {expiry}"
        return hmac.digest(_signing_key(self.token or ""), message.encode(), "sha256").hex()


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
