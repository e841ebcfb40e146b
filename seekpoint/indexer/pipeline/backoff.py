"""Exponential backoff after a block by YouTube, per route (proxy and cookies)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias, TypeVar

from seekpoint.index.errors import Blocked, Halt, Unfetched, Unreachable
from seekpoint.index.reasons import Reason
from seekpoint.index.store import Reader, Writer
from seekpoint.indexer.fetch.retries import DAY, HOUR, MOST_FAULTS, ConnectionFault

Clock: TypeAlias = Callable[[], float]
_Response = TypeVar("_Response")

_LONGEST = DAY


class Backoff(NamedTuple):
    """The end of a pause after a block, in Unix seconds, and its length."""

    until: float
    seconds: float


class YouTubeBackoffs:
    """The blocks stored in a library, by route: another proxy or other cookies are another route.

    A block that ends more than a day after `now` (Unix seconds) was stored by a clock that was ahead, and one that
    lasts longer isn't ours: they are ignored.
    """

    def __init__(self, library: Reader, now: float) -> None:
        backoffs = {route: Backoff(*one) for route, one in library.settings.backoffs.items()}
        self._by_route = {
            route: backoff
            for route, backoff in backoffs.items()
            if backoff.until <= now + _LONGEST and backoff.seconds <= _LONGEST
        }

    def of(self, route: str) -> Backoff:
        """The backoff of a route; zeros without a block."""
        return self._by_route.get(route, Backoff(0.0, 0.0))

    def is_new_route(self, route: str, now: float) -> bool:
        """Whether this route is open while another one is blocked: requests deferred there can be sent now."""
        return self.of(route).until <= now and any(now < backoff.until for backoff in self._by_route.values())

    def keep(self, writer: Writer, route: str, backoff: Backoff | None) -> None:
        """Store a backoff, or delete it."""
        self._by_route = {
            **{other: kept for other, kept in self._by_route.items() if other != route},
            **({route: backoff} if backoff else {}),
        }
        writer.put_settings(backoffs=self._by_route)


class YouTubeGate:
    """Guards the requests to YouTube: closed during a backoff or an outage; `closed` is the reason.

    `clock` returns Unix seconds. `regardless` ignores the backoff of an earlier run. `answers` counts YouTube's answers
    in this run, refusals too.
    """

    def __init__(self, writer: Writer, clock: Clock, route: str, *, regardless: bool) -> None:
        self._writer = writer
        self._clock = clock
        self._route = route
        self._backoffs = YouTubeBackoffs(writer, clock())
        left = self._backoffs.of(route).until - clock()
        block = Blocked(Reason("youtube_refused"), left)
        self.closed: Halt | None = None if regardless or left <= 0 else block
        self.answers = 0
        self._faults = 0

    def through(self, ask: Callable[[], _Response], say: Callable[[str], None]) -> _Response:
        """Send a request by `ask`; raises Unfetched, and Halt if the gate is closed. `say` reports that it closes."""
        if self.closed:
            raise self.closed
        try:
            answer = ask()
        except ConnectionFault as fault:
            self._faults += 1
            if self._faults < MOST_FAULTS:
                raise
            raise self._close(Unreachable(fault.reason), say) from None
        except Halt as halt:
            raise self._close(halt, say) from None
        except Unfetched:
            self._count_answer()
            raise
        self._count_answer()
        self._backoffs.keep(self._writer, self._route, None)
        return answer

    def _count_answer(self) -> None:
        self.answers += 1
        self._faults = 0

    def _close(self, halt: Halt, say: Callable[[str], None]) -> Halt:
        """Send no more requests in this run; after a block, none until YouTube's pause or the backoff ends."""
        say(f"{halt}; nothing more is asked of YouTube in this run")
        self.closed = self._start_backoff(halt) if isinstance(halt, Blocked) else halt
        return self.closed

    def _start_backoff(self, block: Blocked) -> Blocked:
        doubled = min(max(2 * self._backoffs.of(self._route).seconds, HOUR), _LONGEST)
        seconds = block.retry_after or doubled
        self._backoffs.keep(self._writer, self._route, Backoff(self._clock() + seconds, seconds))
        return Blocked(block.reason, seconds)
