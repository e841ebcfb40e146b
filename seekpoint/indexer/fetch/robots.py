"""Robots exclusion (RFC 9309)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol
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
                reason = Reason("robots_unreadable", reason=error.reason)
                return Unfetched(error.state, reason, error.retry_after)
            data = b""
        return Protego.parse(data[:_MOST_BYTES].decode("utf-8-sig", "replace"))


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


_JITTER = 0.3


class Turns(Protocol):
    """Says when a request may be sent."""

    def turn(self) -> AbstractContextManager[None]:
        """Wait until the next request is due, then run the block."""
        ...


class Pace:
    """Keeps `seconds` between the end of a request and the start of the next, with random jitter."""

    def __init__(
        self,
        seconds: float,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: float = _JITTER,
    ) -> None:
        self._seconds = seconds
        self._sleep = sleep
        self._clock = clock
        self._jitter = jitter
        self._ended: float | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until the next request is due, then run the block."""
        if self._ended is not None:
            jitter = random.uniform(1 - self._jitter, 1 + self._jitter)
            wait = self._ended + self._seconds * jitter - self._clock()
            if wait > 0:
                self._sleep(wait)
        try:
            yield
        finally:
            self._ended = self._clock()


class SharedPace:
    """Keeps `seconds` between the requests of several processes, with random jitter.

    `turn_of` reserves the next turn of the given length in seconds, and returns the wait for it in seconds.
    """

    def __init__(
        self, seconds: float, turn_of: Callable[[float], float], sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._seconds = seconds
        self._turn_of = turn_of
        self._sleep = sleep

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until the next request is due, then run the block."""
        wait = self._turn_of(self._seconds * random.uniform(1 - _JITTER, 1 + _JITTER))
        if wait > 0:
            self._sleep(wait)
        yield
