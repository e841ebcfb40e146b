"""The gate to YouTube: closed during the pause that follows a block, and while YouTube can't be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from seekpoint.index.errors import Blocked, Halt, Unfetched, Unreachable
from seekpoint.index.reasons import Reason
from seekpoint.index.store import Reader, Writer
from seekpoint.indexer.build_options import Clock
from seekpoint.indexer.fetch.retries import DAY, HOUR, MOST_FAULTS, ConnectionFault

_Response = TypeVar("_Response")


class Backoff(NamedTuple):
    """The end of a pause after a block, in Unix seconds, and its length."""

    until: float
    seconds: float


OPEN = Backoff(0.0, 0.0)


def stored_backoffs(library: Reader, now: float) -> dict[str, Backoff]:
    """The blocks stored in a library, by route: another proxy or other cookies are another route.

    A block that ends more than a day after `now` (Unix seconds) was stored by a clock that was ahead, and one that
    lasts longer isn't ours: they are ignored.
    """
    backoffs = {route: Backoff(*stored) for route, stored in library.settings.backoffs.items()}
    latest = now + DAY
    return {route: backoff for route, backoff in backoffs.items() if backoff.until <= latest and backoff.seconds <= DAY}


def is_new_route(backoffs: Mapping[str, Backoff], route: str, now: float) -> bool:
    """Whether this route is open while another one is blocked: requests deferred there can be sent now."""
    return backoffs.get(route, OPEN).until <= now < max((other.until for other in backoffs.values()), default=0.0)


class YouTubeGate:
    """Guards the requests to YouTube: closed during a backoff or an outage; `closed` is the reason.

    `regardless` ignores the backoff of an earlier run. `answers` counts YouTube's answers in this run, refusals too.
    """

    def __init__(
        self, writer: Writer, clock: Clock, route: str, say: Callable[[str], None], *, regardless: bool
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._route = route
        self._say = say
        now = clock()
        self._backoffs = stored_backoffs(writer, now)
        self.is_new_route = is_new_route(self._backoffs, route, now)
        left = self._backoffs.get(route, OPEN).until - now
        self.closed: Halt | None = None if regardless or left <= 0 else Blocked(Reason("youtube_refused"), left)
        self.answers = 0
        self._faults = 0

    def through(self, ask: Callable[[], _Response]) -> _Response:
        """Send a request by `ask`; raises Unfetched, and Halt if the gate is closed."""
        if self.closed:
            raise self.closed
        try:
            answer = ask()
        except ConnectionFault as fault:
            self._faults += 1
            if self._faults < MOST_FAULTS:
                raise
            raise self._close(Unreachable(fault.reason)) from None
        except Halt as halt:
            raise self._close(halt) from None
        except Unfetched:
            self._count_answer()
            raise
        self._count_answer()
        self._keep_backoff(OPEN)
        return answer

    def _count_answer(self) -> None:
        self.answers += 1
        self._faults = 0

    def _close(self, halt: Halt) -> Halt:
        """Send no more requests in this run; after a block, none until YouTube's pause or the backoff ends."""
        self._say(f"{halt}; nothing more is asked of YouTube in this run")
        if isinstance(halt, Blocked):
            doubled = min(max(2 * self._backoffs.get(self._route, OPEN).seconds, HOUR), DAY)
            seconds = halt.retry_after or doubled
            self._keep_backoff(Backoff(self._clock() + seconds, seconds))
            halt = Blocked(halt.reason, seconds)
        self.closed = halt
        return halt

    def _keep_backoff(self, backoff: Backoff) -> None:
        others = {route: other for route, other in self._backoffs.items() if route != self._route}
        self._backoffs = others if backoff == OPEN else others | {self._route: backoff}
        self._writer.put_settings(backoffs=self._backoffs)
