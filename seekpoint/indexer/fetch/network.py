"""Connects to hosts by checked addresses: private networks are closed to addresses that only the web names (SSRF)."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from seekpoint.indexer.fetch.retries import PrivateAddress
from seekpoint.indexer.reading_list.addresses import resource_of

Address: TypeAlias = IPv4Address | IPv6Address

# IPv4-compatible, IPv4-mapped, and NAT64 (RFC 6052) addresses: the last 32 bits are an IPv4 address.
_ENDING_IN_IPV4 = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96")))
# NAT64 with prefixes of any length, for use within a network (RFC 8215).
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
# Proxies that take all traffic of a machine resolve every name to an address of this range ("fake IP"), by which they
# know the name again. No network uses the range: it is reserved for benchmarks (RFC 2544).
_FAKE_IP = IPv4Network("198.18.0.0/15")


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
    literal = literal_address(host)
    if f".{host.rstrip('.')}".endswith(".localhost") or (literal and not is_public(literal)):
        raise PrivateAddress(host)


def picture_address(url: str) -> str | None:
    """The address of a picture by TLS, since a page that was opened by TLS shows no others; `None` if `url` is none.

    Pictures in a private network are none: a browser would ask there for whoever wrote the address.
    """
    found = resource_of(url)
    try:
        check_name(urlsplit(found.url).hostname or "" if found else "")
    except (ValueError, PrivateAddress):
        return None
    return f"https://{found.url.partition('://')[2]}" if found else None


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
