"""A rate limit for the requests to one server."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_JITTER = 0.3


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
