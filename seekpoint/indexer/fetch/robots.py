"""Robots exclusion (RFC 9309)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from protego import Protego

from seekpoint.index.errors import Unfetched
from seekpoint.index.reasons import Reason
from seekpoint.index.types import State
from seekpoint.indexer.fetch.retries import MONTH, PrivateNetwork, ServerFault

TOKEN = "Seekpoint"
"""Our product token in robots.txt."""

_LONGEST_DELAY = 30.0
_MOST_BYTES = 512_000  # RFC 9309, 2.5: at least 500 KiB


class Robots:
    """The rules of each origin, fetched once.

    `fetch` returns the body at an address, or raises Unfetched; it is also told whether the address may be in a private
    network.
    """

    def __init__(self, fetch: Callable[[str, bool], bytes]) -> None:
        self._fetch = fetch
        self._rules: dict[str, Protego | Unfetched] = {}

    def check(self, url: str, private: bool = False) -> float:
        """The crawl delay in seconds; raises Unfetched if the address is disallowed, or in a private network."""
        origin = origin_of(url)
        if origin not in self._rules:
            self._rules[origin] = self._read(f"{origin}/robots.txt", private)
        rules = self._rules[origin]
        if isinstance(rules, Unfetched):
            raise rules
        if not rules.can_fetch(url, TOKEN):
            raise Unfetched(State.UNAVAILABLE, Reason("robots_forbid"), MONTH)
        return min(rules.crawl_delay(TOKEN) or 0.0, _LONGEST_DELAY)

    def _read(self, url: str, private: bool) -> Protego | Unfetched:
        try:
            data = self._fetch(url, private)
        except PrivateNetwork:
            raise
        except ServerFault as failure:
            return failure
        except Unfetched as error:
            if error.state is State.DEFERRED:
                return Unfetched(error.state, Reason("robots_unreadable", reason=error.reason), error.retry_after)
            data = b""
        return Protego.parse(data[:_MOST_BYTES].decode("utf-8-sig", "replace"))


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
