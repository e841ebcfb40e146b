"""When YouTube may be asked: not after it refused this address, for the longer, the oftener it did."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, TypeVar

from seekpoint.indexer.fetch.retries import HOUR, OTHER_WAYS
from seekpoint.index.embedded.catalogue import Catalogue
from seekpoint.index.embedded.writer import Writer
from seekpoint.index.errors import Blocked, Halt

Clock: TypeAlias = Callable[[], float]
_Answer = TypeVar("_Answer")

_LONGEST = 24 * HOUR
_SETTING = "youtube_coolings"  # without the s, libraries of schema 1 hold a number


class Cooling(NamedTuple):
    """Until when YouTube is left alone after a block (Unix seconds), and how long that takes in all."""

    until: float
    seconds: float


class Coolings:
    """What a library remembers of blocks, by the way out that met them: another proxy or other cookies are another."""

    def __init__(self, library: Catalogue) -> None:
        stored = json.loads(library.setting(_SETTING) or "{}")
        self._by_way = {way: Cooling(*cooling) for way, cooling in stored.items()}

    def of(self, way: str) -> Cooling:
        """The last block that this way met."""
        return self._by_way.get(way, Cooling(0.0, 0.0))

    def are_evaded(self, way: str, now: float) -> bool:
        """Whether this way is open while another one is closed: what was deferred there can be asked for here."""
        return self.of(way).until <= now and any(now < cooling.until for cooling in self._by_way.values())

    def keep(self, writer: Writer, way: str, cooling: Cooling | None) -> None:
        """Remember a block, or forget it."""
        self._by_way = {**{w: c for w, c in self._by_way.items() if w != way}, **({way: cooling} if cooling else {})}
        writer.keep_setting(_SETTING, json.dumps(self._by_way) if self._by_way else None)


class Gate:
    """Closed while YouTube mustn't be asked, or can't: `closed` says why.

    `way` names the way out, and `clock` gives Unix seconds. `regardless` opens it in spite of an earlier block.
    """

    def __init__(self, writer: Writer, clock: Clock, way: str, *, regardless: bool) -> None:
        self._writer = writer
        self._clock = clock
        self._way = way
        self._coolings = Coolings(writer)
        left = self._coolings.of(way).until - clock()
        block = Blocked(f"YouTube refused this address a while ago: {OTHER_WAYS}", left)
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
        self._coolings.keep(self._writer, self._way, None)

    def _begin(self, block: Blocked) -> Blocked:
        seconds = min(2 * (self._coolings.of(self._way).seconds or HOUR / 2), _LONGEST)
        self._coolings.keep(self._writer, self._way, Cooling(self._clock() + seconds, seconds))
        return Blocked(block.reason, seconds)
