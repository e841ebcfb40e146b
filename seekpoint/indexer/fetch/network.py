"""Connects to hosts by checked addresses: private networks are closed to addresses that only the web names (SSRF)."""

from __future__ import annotations

import socket
from contextlib import suppress
from ipaddress import IPv4Network, ip_address
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from seekpoint.hosts import Address, is_private_host, is_public, literal_address
from seekpoint.indexer.fetch.retries import PrivateAddress

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
    if is_private_host(host):
        raise PrivateAddress(host)
