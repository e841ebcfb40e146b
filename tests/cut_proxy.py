"""A proxy before PostgreSQL that can stop at a statement: the network of a client, which fails in between."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread

from tests.local_web import listening

_PIECE = 65_536


class CutProxy:
    """Forwards bytes both ways, on any number of connections, until it is cut; then it keeps them, and closes nothing.

    A trap is a text that a client sends and what is done then, once, before the text is forwarded.
    """

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._open = Event()
        self._open.set()
        self._lock = Lock()
        self._trap: tuple[bytes, Callable[[], object]] | None = None
        self.sprung = Event()

    def set_trap(self, text: bytes, do: Callable[[], object]) -> None:
        """Do something when a client sends a text next."""
        with self._lock:
            self._trap = text, do

    def cut(self) -> None:
        """Forward nothing from now on."""
        self._open.clear()

    def restore(self) -> None:
        """Forward what was kept, and all that follows."""
        self._open.set()

    def serve(self, client: socket.socket) -> None:
        """Forward what a client sends, and what it is answered, until one of them closes."""
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
            while piece := source.recv(_PIECE):
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
def cut_proxy(port: int) -> Iterator[tuple[int, CutProxy]]:
    """Give the port of a proxy before a port of this machine, and the proxy."""
    proxy = CutProxy(port)
    with listening(proxy.serve) as root:
        yield int(root.rpartition(":")[2]), proxy
