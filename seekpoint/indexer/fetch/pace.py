"""The pace at which one server is asked."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_JITTER = 0.3


class Pace:
    """Keeps `seconds`, give or take a share of them, from the end of one turn to the start of the next."""

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
        """Wait until it is time, then let the block ask."""
        if self._ended is not None:
            jitter = random.uniform(1 - self._jitter, 1 + self._jitter)
            wait = self._ended + self._seconds * jitter - self._clock()
            if wait > 0:
                self._sleep(wait)
        try:
            yield
        finally:
            self._ended = self._clock()
