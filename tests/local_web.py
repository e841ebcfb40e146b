"""A web where chosen hosts are on the local machine."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from seekpoint.hosts import Address
from seekpoint.indexer.fetch.http_session import Limit, Network, Web

SCHEME = "X-Forwarded-Proto"
"""The header with the scheme of the address, as servers behind a proxy get it."""


class LocalWeb(Web):
    """Brings what is asked of `hosts`, each with its scheme, to the server at `root`, where each keeps its name."""

    def __init__(
        self,
        root: str = "",
        *hosts: str,
        proxy: str | None = None,
        cookies: Path | str | None = None,
        timeouts: tuple[float, float] = (10.0, 30.0),
        deadline: float = 120.0,
        network: Network | None = None,
    ) -> None:
        names = [urlsplit(host).hostname or "" for host in hosts]
        super().__init__(proxy, cookies, timeouts, deadline, network or LocalNetwork(root, names))
        self._hosts = hosts

    def session(self, limit: Limit = lambda _: 64_000_000, *, private: bool = False) -> requests.Session:
        session = super().session(limit, private=private)
        session.trust_env = False
        for host in self._hosts:
            session.mount(host, _WithoutTls(session.get_adapter(f"{host}/")))
        return session


class LocalNetwork(Network):
    """A network where names have public addresses, all of which are the server at `root`.

    `addresses` are those of each further name, one for each time that it is resolved; the last one stays. `connected`
    lists where connections went.
    """

    def __init__(
        self, root: str, names: Iterable[str] = (), addresses: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        super().__init__()
        self._server = urlsplit(root)
        self._found = {name: deque(["93.184.215.14"]) for name in names}
        self._found |= {name: deque(found) for name, found in (addresses or {}).items()}
        self.connected: list[str] = []

    def resolve(self, name: str) -> list[Address]:
        if not (found := self._found.get(name)):
            return super().resolve(name)
        spelled = found.popleft() if len(found) > 1 else found[0]
        return [ip_address(address) for address in spelled.split()]

    def connect(self, address: Address, port: int, options: dict[str, Any]) -> socket.socket:
        self.connected.append(str(address))
        if address.is_loopback or not self._server.port:
            return super().connect(address, port, options)
        host = "127.0.0.1" if self._server.hostname == "localhost" else str(self._server.hostname)
        return super().connect(ip_address(host), self._server.port, options)


class _WithoutTls(HTTPAdapter):
    """Sends requests to https addresses as http, and says so in a header."""

    def __init__(self, sender: BaseAdapter) -> None:
        super().__init__()
        self._sender = sender

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        asked = request.url or ""
        request.url = asked.replace("https:", "http:", 1)
        request.headers[SCHEME] = urlsplit(asked).scheme
        try:
            response = self._sender.send(request, *args, **kwargs)
        finally:
            request.url = asked
        response.url = asked
        return response


@contextmanager
def raw_server(answer: Callable[[str, socket.socket], object]) -> Iterator[str]:
    """Give the root of a server that speaks no HTTP but what `answer` sends, told the path; then it hangs up."""

    def serve(connection: socket.socket) -> None:
        path = connection.recv(65_536).decode("latin-1").partition(" ")[2].partition(" ")[0]
        answer(path, connection)

    with listening(serve) as root:
        yield root


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
