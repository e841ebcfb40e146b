"""Retries, pace and pauses of requests, and the failures that are of a server or the network."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol

import requests
import stamina

from seekpoint.index.errors import Unfetched, Unreachable
from seekpoint.index.reasons import Reason

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONTH = 30 * DAY

RETRY_TWICE = stamina.RetryingCaller(attempts=3, timeout=45.0, wait_initial=0.5, wait_max=5.0)
RETRY_ONCE = stamina.RetryingCaller(attempts=2, wait_initial=1.0)

CONNECTION_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.RetryError,
)
MOST_FAULTS = 3
"""After this many faults of a server in a row, every further request would fail as well."""

_SECONDS = re.compile(r"\d+", re.ASCII)

# stamina logs each retry as a warning, which would end up on stderr.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class PrivateAddress(Unreachable):
    """A host is in a private network: it isn't connected to."""

    def __init__(self, host: str) -> None:
        super().__init__(Reason("host_private", host=host))


class PrivateNetwork(Unfetched):
    """A list from the web, or a redirect, leads into a private network."""


class ServerFault(Unfetched):
    """A failure of the server or the network rather than of the resource: the next request will likely fail as well."""


class ConnectionFault(ServerFault):
    """A connection that fails or breaks off. The next request shows whether one resource or the network is at fault."""


class ResponseTooLarge(requests.RequestException):
    """A response exceeds its limit of bytes, or a listing its limit of requests."""


def is_transient(error: Exception) -> bool:
    """Whether a retry may succeed."""
    return status_of(error) >= 500 or isinstance(error, CONNECTION_ERRORS)


def status_of(error: Exception) -> int:
    """The HTTP status of an error; 0 if it has none."""
    response = error.response if isinstance(error, requests.HTTPError) else None
    return 0 if response is None else response.status_code


def pause_of(response: requests.Response) -> float | None:
    """The seconds of Retry-After, a day at most; `None` without that header."""
    value = response.headers.get("Retry-After", "")
    if _SECONDS.fullmatch(value):
        return min(float(value), DAY)
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return min(max(date.timestamp() - time.time(), 0.0), DAY)


class Deadline:
    """The time for a download of many responses: ten minutes, and two more for each 8 MB and each 120 responses.

    `seconds` is the deadline of one response, of which the minutes are multiples.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + 5 * seconds
        self._seconds = seconds

    def is_over(self, received: int) -> bool:
        """Whether the time is over, once a response of so many bytes has come."""
        self._end += self._seconds * (received / 8e6 + 1 / 120)
        return time.monotonic() > self._end


_JITTER = 0.3


class Turns(Protocol):
    """Says when a request may be sent."""

    def turn(self) -> AbstractContextManager[None]:
        """Wait until the next request is due, then run the block."""
        ...


@dataclass(slots=True)
class Pace:
    """Keeps `seconds` between the end of a request and the start of the next, with random jitter."""

    seconds: float
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: float = _JITTER
    ended: float | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        if self.ended is not None:
            jitter = random.uniform(1 - self.jitter, 1 + self.jitter)
            wait = self.ended + self.seconds * jitter - self.clock()
            if wait > 0:
                self.sleep(wait)
        try:
            yield
        finally:
            self.ended = self.clock()


@dataclass(frozen=True, slots=True)
class SharedPace:
    """Keeps `seconds` between the requests of several processes, with random jitter.

    `turn_of` reserves the next turn of the given length in seconds, and returns the wait for it in seconds.
    """

    seconds: float
    turn_of: Callable[[float], float]
    sleep: Callable[[float], object] = time.sleep

    @contextmanager
    def turn(self) -> Iterator[None]:
        wait = self.turn_of(self.seconds * random.uniform(1 - _JITTER, 1 + _JITTER))
        if wait > 0:
            self.sleep(wait)
        yield
