"""When YouTube may be asked: not after it refused this address, for the longer, the oftener it did."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, TypeVar

from seekpoint.index.errors import Blocked, Halt
from seekpoint.index.store import Reader, Writer
from seekpoint.indexer.fetch.retries import BLOCK_REMEDY, HOUR

Clock: TypeAlias = Callable[[], float]
_Answer = TypeVar("_Answer")

_LONGEST = 24 * HOUR
_SETTING = "youtube_coolings"  # without the s, libraries of schema 1 hold a number


class Backoff(NamedTuple):
    """Until when YouTube is left alone after a block (Unix seconds), and how long that takes in all."""

    until: float
    seconds: float


class YouTubeBackoffs:
    """The blocks stored in a library, by route: another proxy or other cookies are another route."""

    def __init__(self, library: Reader) -> None:
        stored = json.loads(library.setting(_SETTING) or "{}")
        self._by_route = {route: Backoff(*backoff) for route, backoff in stored.items()}

    def of(self, route: str) -> Backoff:
        """The last block that this route met."""
        return self._by_route.get(route, Backoff(0.0, 0.0))

    def are_evaded(self, route: str, now: float) -> bool:
        """Whether this route is open while another one is closed: what was deferred there can be asked for here."""
        return self.of(route).until <= now and any(now < backoff.until for backoff in self._by_route.values())

    def keep(self, writer: Writer, route: str, backoff: Backoff | None) -> None:
        """Remember a block, or forget it."""
        self._by_route = {
            **{w: c for w, c in self._by_route.items() if w != route},
            **({route: backoff} if backoff else {}),
        }
        writer.put_setting(_SETTING, json.dumps(self._by_route) if self._by_route else None)


class YouTubeGate:
    """Closed while YouTube mustn't be asked, or can't: `closed` says why.

    `route` names the route out, and `clock` gives Unix seconds. `regardless` opens it in spite of an earlier block.
    """

    def __init__(self, writer: Writer, clock: Clock, route: str, *, regardless: bool) -> None:
        self._writer = writer
        self._clock = clock
        self._route = route
        self._backoffs = YouTubeBackoffs(writer)
        left = self._backoffs.of(route).until - clock()
        block = Blocked(f"YouTube refused this address a while ago: {BLOCK_REMEDY}", left)
        self.closed: Halt | None = None if regardless or left <= 0 else block

    def through(self, ask: Callable[[], _Answer], say: Callable[[str], None]) -> _Answer:
        """What YouTube answers; raises Unfetched, and Halt while the gate is closed. `say` is told when it closes."""
        if self.closed:
            raise self.closed
        try:
            answer = ask()
        except Halt as halt:
            say(f"{halt}; nothing more is asked of YouTube in this run")
            raise self.close(halt) from None
        self.answered()
        return answer

    def close(self, halt: Halt) -> Halt:
        """Ask no more in this run; after a block for an hour, and twice as long each time that it's followed by one."""
        self.closed = self._begin(halt) if isinstance(halt, Blocked) else halt
        return self.closed

    def answered(self) -> None:
        """Forget the block: YouTube answers."""
        self._backoffs.keep(self._writer, self._route, None)

    def _begin(self, block: Blocked) -> Blocked:
        seconds = min(2 * (self._backoffs.of(self._route).seconds or HOUR / 2), _LONGEST)
        self._backoffs.keep(self._writer, self._route, Backoff(self._clock() + seconds, seconds))
        return Blocked(block.reason, seconds)
