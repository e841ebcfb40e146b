"""Proxies before a server: one disturbs chosen requests, as toxiproxy does; one stops at a statement for PostgreSQL.

No library for Python has them: toxiproxy itself is a program in Go, and its Python packages are clients of that.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from random import Random
from threading import Event, Lock, Thread
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
        request = _received(connection)
        with socket.create_connection(self._upstream, _PATIENCE) as server:
            server.sendall(request)
            response = b"".join(iter(lambda: server.recv(65_536), b""))
        toxic = next((toxic for pattern, toxic in self.toxics.items() if re.search(pattern, request, re.DOTALL)), None)
        _send(response, toxic, connection)


class CutProxy:
    """Stands before a port of this machine and forwards bytes both ways, until it is cut: then it keeps them.

    A trap is a text that a client sends and what is done then, once, before the text is forwarded.
    """

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._open = Event()
        self._open.set()
        self._lock = Lock()
        self._trap: tuple[bytes, Callable[[], object]] | None = None
        self.sprung = Event()
        self.cut, self.restore = self._open.clear, self._open.set

    def set_trap(self, text: bytes, do: Callable[[], object]) -> None:
        with self._lock:
            self._trap = text, do

    def serve(self, client: socket.socket) -> None:
        self._open.wait()
        with socket.create_connection(self._upstream) as server:
            answers = Thread(target=self._forward, args=(server, client), daemon=True)
            answers.start()
            self._forward(client, server, self._meet)
            answers.join()

    def _forward(
        self, source: socket.socket, target: socket.socket, meet: Callable[[bytes], object] = lambda _: None
    ) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                meet(piece)
                self._open.wait()
                target.sendall(piece)
        self._open.wait()
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _meet(self, piece: bytes) -> None:
        """Spring the trap where the piece has its text; the driver sends a statement in one piece."""
        with self._lock:
            if self._trap and self._trap[0] in piece:
                self._trap[1]()
                self._trap = None
                self.sprung.set()


@contextmanager
def fault_proxy(upstream: str) -> Iterator[tuple[str, FaultProxy]]:
    proxy = FaultProxy(upstream)
    with listening(proxy.serve) as root:
        yield root, proxy


@contextmanager
def cut_proxy(port: int) -> Iterator[tuple[int, CutProxy]]:
    proxy = CutProxy(port)
    with listening(proxy.serve) as root:
        yield int(root.rpartition(":")[2]), proxy


def _received(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request and (piece := connection.recv(65_536)):
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    while length and len(body) < int(length[1]) and (piece := connection.recv(65_536)):
        body += piece
    return re.sub(rb"\r\nConnection: [^\r]*", b"", head) + b"\r\nConnection: close\r\n\r\n" + body


def _send(response: bytes, toxic: Toxic | None, connection: socket.socket) -> None:
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
