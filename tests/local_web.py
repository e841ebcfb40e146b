"""A web where chosen hosts are on the local machine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from seekpoint.indexer.fetch.session import Limit, Web


class LocalWeb(Web):
    """Brings what is asked of `hosts`, each with its scheme, to the server at `root`, where each keeps its name."""

    def __init__(
        self,
        root: str = "",
        *hosts: str,
        proxy: str | None = None,
        cookies: Path | None = None,
        timeouts: tuple[float, float] = (10.0, 30.0),
        deadline: float = 120.0,
    ) -> None:
        super().__init__(proxy, cookies, timeouts, deadline)
        self._root = root.rstrip("/")
        self._hosts = hosts

    def session(self, limit: Limit = lambda _: 64_000_000) -> requests.Session:
        session = super().session(limit)
        session.trust_env = False
        for host in self._hosts:
            session.mount(host, _ToLocal(host, self._root, session.get_adapter(f"{host}/")))
        return session


class _ToLocal(HTTPAdapter):
    def __init__(self, host: str, root: str, sender: BaseAdapter) -> None:
        super().__init__()
        self._sender = sender
        self._host = host
        self._root = root

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        asked = request.url or ""
        request.url = asked.replace(self._host, self._root, 1)
        request.headers["Host"] = self._host.partition("://")[2]
        try:
            response = self._sender.send(request, *args, **kwargs)
        finally:
            request.url = asked
        response.url = asked
        return response


@contextmanager
def raw_server(answer: Callable[[str, socket.socket], object]) -> Iterator[str]:
    """Give the root of a server that speaks no HTTP but what `answer` sends, told the path; then it hangs up."""
    with listening(lambda connection: answer(_path(connection.recv(65_536)), connection)) as root:
        yield root


def _path(request: bytes) -> str:
    return request.decode("latin-1").partition(" ")[2].partition(" ")[0]


@contextmanager
def listening(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """Give the root of a server that calls `serve` with each connection, in a thread; then it hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def served(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            serve(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                Thread(target=served, args=listener.accept()[:1], daemon=True).start()

    thread = Thread(target=accept, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
