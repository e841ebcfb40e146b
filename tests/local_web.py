"""A web where chosen hosts are on the local machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from indexer.sources.web import Web


class LocalWeb(Web):
    """Brings what is asked of `hosts`, each with its scheme, to the server at `root`, under their own paths."""

    def __init__(
        self,
        root: str = "",
        *hosts: str,
        proxy: str | None = None,
        cookies: Path | None = None,
        timeouts: tuple[float, float] = (10.0, 30.0),
    ) -> None:
        super().__init__(proxy, cookies, timeouts)
        self._root = root.rstrip("/")
        self._hosts = hosts

    def session(self) -> requests.Session:
        session = super().session()
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
        try:
            response = self._sender.send(request, *args, **kwargs)
        finally:
            request.url = asked
        response.url = asked
        return response
