"""A proxy before a server of the tests that disturbs chosen connections, with the faults of toxiproxy and some more.

No library for Python has them: toxiproxy itself is a program in Go, and its Python packages are clients of that.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from random import Random
from urllib.parse import urlsplit

from tests.local_web import listening

LATE, DRIP = 0.2, 0.05
_PATIENCE = 10.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST, and throws away what is unsent
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Toxic(StrEnum):
    """What happens to a response: the first two delay it, all others break it."""

    LATENCY = "latency"  # it comes late
    SLOW_CLOSE = "slow close"  # the connection stays open after it
    RESET = "reset"  # the connection is reset in its middle
    TRUNCATED = "truncated"  # the connection is closed in its middle
    DRIP = "slow drip"  # it comes byte by byte
    GARBAGE = "garbage"  # it is random bytes
    HALF_OPEN = "half-open"  # nothing comes after its middle, and the connection stays open


class FaultProxy:
    """Stands before the server at `upstream`; `toxics` gives faults by a pattern of the requests that meet them."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname, parts.port)
        self.toxics: dict[bytes, Toxic] = {}

    def serve(self, connection: socket.socket) -> None:
        """Answer one request."""
        request = _received(connection)
        with socket.create_connection(self._upstream, _PATIENCE) as server:
            server.sendall(request)
            response = b"".join(iter(lambda: server.recv(65_536), b""))
        toxic = next((toxic for pattern, toxic in self.toxics.items() if re.search(pattern, request, re.DOTALL)), None)
        _send(response, toxic, connection)


@contextmanager
def fault_proxy(upstream: str) -> Iterator[tuple[str, FaultProxy]]:
    """Give the root of a proxy, and the proxy."""
    proxy = FaultProxy(upstream)
    with listening(proxy.serve) as root:
        yield root, proxy


def _received(connection: socket.socket) -> bytes:
    """A whole request, whose head may say that its connection should stay open."""
    request = b""
    while b"\r\n\r\n" not in request and (piece := connection.recv(65_536)):
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    while length and len(body) < int(length[1]) and (piece := connection.recv(65_536)):
        body += piece
    return re.sub(rb"\r\nConnection: [^\r]*", b"", head) + b"\r\nConnection: close\r\n\r\n" + body


def _send(response: bytes, toxic: Toxic | None, connection: socket.socket) -> None:
    """Send a response with its fault; the caller closes the connection."""
    head = response.find(b"\r\n\r\n") + 4
    part = response[: (head + len(response)) // 2]
    if toxic is Toxic.GARBAGE:
        connection.sendall(Random(7).randbytes(len(response)))
    elif toxic is Toxic.DRIP:
        for byte in response:
            connection.sendall(bytes([byte]))
            time.sleep(DRIP)
    elif toxic in (Toxic.RESET, Toxic.TRUNCATED, Toxic.HALF_OPEN):
        connection.sendall(part)
    else:
        time.sleep(LATE if toxic is Toxic.LATENCY else 0)
        connection.sendall(response)
    if toxic is Toxic.RESET:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    if toxic in (Toxic.SLOW_CLOSE, Toxic.HALF_OPEN):
        connection.settimeout(_PATIENCE)
        with suppress(OSError):
            connection.recv(1)
