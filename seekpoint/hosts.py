"""Hosts of addresses: which of them are plainly in a private network."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

import regex

Address: TypeAlias = IPv4Address | IPv6Address

# IPv4-compatible, IPv4-mapped, and NAT64 (RFC 6052) addresses: the last 32 bits are an IPv4 address.
_ENDING_IN_IPV4 = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96")))
# NAT64 with prefixes of any length, for use within a network (RFC 8215).
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
# Browsers leave these out of a host's name (UTS 46), such as a soft hyphen.
_LEFT_OUT = regex.compile(r"\p{Default_Ignorable_Code_Point}")


def is_private(url: str) -> bool:
    """Whether an address plainly leads into a private network, or has no host."""
    host = host_of(url)
    return not host or is_private_host(host)


def host_of(url: str) -> str:
    """The host of an address, as a browser reads it; empty if the address is malformed or has none."""
    try:
        return urlsplit(url.replace("\\", "/")).hostname or ""
    except ValueError:
        return ""


def is_private_host(host: str) -> bool:
    """Whether a host's name shows that it is in a private network; digits and dots of every width count."""
    spelled = _LEFT_OUT.sub("", normalize("NFKC", unquote(host))).replace("。", ".").rstrip(".").lower()
    literal = literal_address(spelled)
    return f".{spelled}".endswith(".localhost") or bool(literal and not is_public(literal))


def literal_address(host: str) -> Address | None:
    """The address that a host spells, in any form that inet_aton takes, such as 2130706433 and 0x7f.1."""
    spelled = host.rstrip(".")
    with suppress(OSError, ValueError):
        return IPv4Address(socket.inet_aton(spelled))
    with suppress(ValueError):
        return ip_address(spelled)
    return None


def is_public(address: Address) -> bool:
    """Whether an address is globally reachable, or the IPv4 address in it, as in ::ffff:10.0.0.1."""
    if isinstance(address, IPv6Address):
        ends_in_ipv4 = any(address in network for network in _ENDING_IN_IPV4)
        address = address.sixtofour or (IPv4Address(address.packed[-4:]) if ends_in_ipv4 else address)
    return address.is_global and not address.is_multicast and address not in _LOCAL_NAT64
