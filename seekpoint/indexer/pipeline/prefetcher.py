"""Fetches coming items in a thread while others are worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Semaphore, Thread
from typing import Generic, TypeVar

from seekpoint.index.errors import Halt

_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


class Prefetcher(Generic[_Key, _Item]):
    """Fetches the items of `keys` in a thread, in their order, up to `most` ahead of `take`, until it is closed.

    For requests to servers, one ahead is enough: with more, a kill would lose more. It stops after a Halt.
    """

    def __init__(self, fetch: Callable[[_Key], _Item], keys: Sequence[_Key], most: int = 1) -> None:
        self._fetch = fetch
        self._keys = keys
        self._fetched: SimpleQueue[_Item | BaseException] = SimpleQueue()
        self._waiting: deque[_Item | BaseException] = deque()
        self._permits = Semaphore(most)
        self._is_closed = False
        # A daemon thread, so that Ctrl-C needn't wait for a response.
        Thread(target=self._work, name="fetch-ahead", daemon=True).start()

    def close(self) -> None:
        """Fetch no further items."""
        self._is_closed = True
        self._permits.release()

    def take(self) -> _Item:
        """Wait for the next item; raises what fetching it raised."""
        item = self._waiting.popleft() if self._waiting else self._fetched.get()
        self._permits.release()
        if isinstance(item, BaseException):
            raise item
        return item

    def ready(self) -> list[_Item]:
        """The items that are already fetched, in their order, without waiting."""
        while not self._fetched.empty():
            self._waiting.append(self._fetched.get())
        return [item for item in self._waiting if not isinstance(item, BaseException)]

    def _work(self) -> None:
        for key in self._keys:
            self._permits.acquire()
            if self._is_closed:
                return
            try:
                item: _Item | BaseException = self._fetch(key)
            except BaseException as error:
                item = error
            self._fetched.put(item)
            if isinstance(item, Halt):
                return
