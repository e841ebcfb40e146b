"""A rate limit for the requests to one server."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

PACE = 5.0
"""Seconds between two requests to YouTube, unless the user says otherwise."""

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

    `turn_of` reserves the next turn, that so many seconds belong to, and returns how long to wait for it.
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
