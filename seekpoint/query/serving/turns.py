"""Turns for questions: limits for those in work at once and for those that wait."""

from __future__ import annotations

import asyncio
from collections import deque

# Bytes of a question above which it is long: it takes the encoder several times as long as others.
_LONG = 512
# The latest long questions whose vectors the encoder has, of the 512 that it keeps.
_KNOWN = 64


class ClientTurns:
    """Turns for work of clients, in one event loop: each client that waits gets the next turn in its own turn.

    `at_once` turns are taken at a time. `waiting` others wait, and of one client `of_client` at most.
    """

    def __init__(self, at_once: int, waiting: int, of_client: int) -> None:
        self._free = at_once
        self._most, self._most_of_client = waiting, of_client
        self._taken: set[asyncio.Future[None]] = set()
        self._lines: dict[str, deque[asyncio.Future[None]]] = {}

    def join(self, client: str) -> asyncio.Future[None] | None:
        """A turn, which is done once it has come; `None` where too many wait already. It has to be ended."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._free:
            self._free -= 1
            self._give(turn)
            return turn
        line = self._lines.get(client, deque())
        if sum(map(len, self._lines.values())) >= self._most or len(line) >= self._most_of_client:
            return None
        self._lines[client] = line
        line.append(turn)
        return turn

    def end(self, client: str, turn: asyncio.Future[None]) -> None:
        """End a turn, or leave the line before it comes; nothing if it has ended."""
        if turn in self._taken:
            self._taken.remove(turn)
            if not self._lines:
                self._free += 1
                return
            following = next(iter(self._lines))
            line = self._lines.pop(following)
            self._give(line.popleft())
            if line:  # behind the other clients
                self._lines[following] = line
        elif turn in self._lines.get(client, ()):
            self._lines[client].remove(turn)
            if not self._lines[client]:
                del self._lines[client]

    def _give(self, turn: asyncio.Future[None]) -> None:
        self._taken.add(turn)
        if not turn.done():
            turn.set_result(None)


class QuestionTurns:
    """The turns of a server's questions: long ones have few of their own, so that others needn't wait for many."""

    def __init__(self) -> None:
        # A server answers other requests with the rest of its 40 threads, and opens 16 connections to a database.
        self._short, self._long = ClientTurns(16, 128, 64), ClientTurns(1, 8, 6)
        self._known: deque[str] = deque(maxlen=_KNOWN)

    def of(self, question: str) -> ClientTurns:
        """The turns for a question."""
        is_long = len(question.encode("utf-8", "replace")) > _LONG and question not in self._known
        return self._long if is_long else self._short

    def embedded(self, question: str) -> None:
        """Count a long question as short from here on: its vector needn't be computed again."""
        if self.of(question) is self._long:
            self._known.append(question)
