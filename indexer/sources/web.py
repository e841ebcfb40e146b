"""The way out to the web: the user's proxy and cookies, timeouts, and an end to answers without end."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

_TIMEOUTS = (10.0, 30.0)  # to connect, to read
_MOST_BYTES = 64_000_000  # a watch page has one million, the captions of ten hours two
_PIECE = 16_384  # compressed bytes at a time: what they unpack to is a thousand times as much at most


class Endless(requests.RequestException):
    """An answer was longer than anything that is worth reading."""


class Web:
    """Makes the sessions that sources ask through."""

    def session(self) -> requests.Session:
        """Make a session for one thread."""
        session = requests.Session()
        session.hooks["response"].append(_read_to_the_end)
        # A proxy configuration that retries replaces the adapter of https:// alone.
        for prefix in ("https://", "https://www.youtube.com"):
            session.mount(prefix, _Adapter())
        return session


class _Adapter(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        return super().send(request, *args, **{**kwargs, "timeout": kwargs.get("timeout") or _TIMEOUTS})


def _read_to_the_end(response: requests.Response, *_args: object, **_kwargs: object) -> None:
    """Take in an answer piece by piece, so that one that unpacks without end fills no memory."""
    read = bytearray()
    for piece in response.iter_content(_PIECE):
        read += piece
        if len(read) > _MOST_BYTES:
            response.close()
            raise Endless(f"more than {_MOST_BYTES / 1e6:.0f} MB")
    response._content = bytes(read)
