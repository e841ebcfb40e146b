"""Follows redirects, and refuses those into private networks (SSRF)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import select_proxy

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import MONTH

_Address: TypeAlias = IPv4Address | IPv6Address

_MOST_REDIRECTS = 8
# IPv4-compatible, IPv4-mapped, and NAT64 (RFC 6052) addresses: the last 32 bits are an IPv4 address.
_ENDING_IN_IPV4 = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96")))
# NAT64 with prefixes of any length, for use within a network (RFC 8215).
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_ENDLESS = "it leads from one address to the next without end: check it"
BROKEN = "it isn't an address, or leads to what is none: check it"
_NOT_ON_THE_WEB = "it leads to what isn't on the web: use the file itself"
_PRIVATE = "it leads into a private network, where no redirect may lead: check it"


def follow(url: str, session: requests.Session, ask: Callable[[str], requests.Response]) -> requests.Response:
    """Request `url` by `ask` and follow its redirects; raises Unfetched, and what `ask` raises.

    Only the host of `url` itself may be in a private network: redirects must not lead into one.
    """
    hop = _normalised(url)
    own_host = _host(hop)
    visited = set[tuple[str, str | None]]()
    for _ in range(_MOST_REDIRECTS + 1):
        response = ask(hop)
        if not response.is_redirect:
            return response
        # A second visit is no loop if it brings another cookie.
        visit = (hop, response.request.headers.get("Cookie"))
        if visit in visited:
            break
        visited.add(visit)
        hop = _next_hop(response, session)
        if _host(hop) != own_host and not _is_public(_host(hop), has_proxy=_has_proxy(hop, session)):
            raise Unfetched(State.UNAVAILABLE, _PRIVATE, MONTH)
    raise Unfetched(State.UNAVAILABLE, _ENDLESS, MONTH)


def _next_hop(response: requests.Response, session: requests.Session) -> str:
    try:
        target = urljoin(response.url, session.get_redirect_target(response))
    except ValueError as error:
        raise Unfetched(State.UNAVAILABLE, BROKEN, MONTH) from error
    return _normalised(target)


def _normalised(url: str) -> str:
    """The address exactly as requests will send it, so that its host can be checked."""
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise Unfetched(State.UNAVAILABLE, _NOT_ON_THE_WEB, MONTH)
        address = requests.Request("GET", url).prepare().url or ""
        urlsplit(address).port  # noqa: B018
    except (requests.RequestException, ValueError) as error:
        raise Unfetched(State.UNAVAILABLE, BROKEN, MONTH) from error
    return address


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".")


def _has_proxy(url: str, session: requests.Session) -> bool:
    settings = session.merge_environment_settings(url, {}, None, None, None)
    return select_proxy(url, settings["proxies"]) is not None


def _is_public(host: str, *, has_proxy: bool) -> bool:
    """Whether all addresses of a host are public; true for an unknown name, which can't be connected to."""
    if host == "localhost" or host.endswith(".localhost"):
        return False
    if address := _literal(host):
        return _is_global(address)
    return has_proxy or all(map(_is_global, _resolved(host)))


def _literal(host: str) -> _Address | None:
    """The address that a host spells, in any form that inet_aton takes, such as 2130706433 and 0x7f.1."""
    with suppress(OSError, ValueError):
        return IPv4Address(socket.inet_aton(host))
    with suppress(ValueError):
        return ip_address(host)
    return None


def _resolved(host: str) -> list[_Address]:
    try:
        return [ip_address(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, ValueError):
        return []


def _is_global(address: _Address) -> bool:
    if isinstance(address, IPv6Address):
        ends_in_ipv4 = any(address in network for network in _ENDING_IN_IPV4)
        address = address.sixtofour or (IPv4Address(address.packed[-4:]) if ends_in_ipv4 else address)
    return address.is_global and not address.is_multicast and address not in _LOCAL_NAT64
