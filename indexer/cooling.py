"""How long YouTube is left alone after it refused this address: the longer, the oftener it did."""

from __future__ import annotations

from collections.abc import Callable

from index.errors import Blocked
from index.writer import Writer

HOUR = 3600.0
_LONGEST = 24 * HOUR
_SECONDS, _UNTIL = "youtube_cooling", "youtube_cooling_until"


class Cooling:
    """What a library remembers of blocks, so that the next build keeps to it; `clock` gives Unix seconds."""

    def __init__(self, writer: Writer, clock: Callable[[], float]) -> None:
        self._writer = writer
        self._clock = clock

    def lasting(self) -> Blocked | None:
        """The block of an earlier build, while it isn't time yet to ask again."""
        left = float(self._writer.setting(_UNTIL) or 0) - self._clock()
        return Blocked("YouTube refused requests from this address a while ago", left) if left > 0 else None

    def begin(self, block: Blocked) -> Blocked:
        """Note a block: an hour at first, twice as long each time that the next attempt is blocked too."""
        seconds = min(2 * float(self._writer.setting(_SECONDS) or HOUR / 2), _LONGEST)
        self._writer.keep_setting(_SECONDS, str(seconds))
        self._writer.keep_setting(_UNTIL, str(self._clock() + seconds))
        return Blocked(block.reason, seconds)

    def end(self) -> None:
        """Forget the blocks: YouTube answers."""
        for name in (_SECONDS, _UNTIL):
            self._writer.keep_setting(name, None)
