"""Posting lists that were read or made, kept for the questions to come, since these share their commonest words."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.tally import Postings

_KEPT_BYTES = 64 << 20
# What a list takes beside its numbers.
_KEPT_OVERHEAD = 512


class KeptLists:
    """Lists by what they are of, as many as there is room for, the last used first; safe to use from threads."""

    def __init__(self) -> None:
        self._lists: OrderedDict[Hashable, Postings] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> Postings | None:
        with self._lock:
            if key in self._lists:
                self._lists.move_to_end(key)
            return self._lists.get(key)

    def put(self, key: Hashable, found: Postings) -> None:
        with self._lock:
            if key not in self._lists:
                self._bytes += _size(found)
            self._lists[key] = found
            while self._bytes > _KEPT_BYTES:
                _, oldest = self._lists.popitem(last=False)
                self._bytes -= _size(oldest)


def _size(found: Postings) -> int:
    return found.chunks.nbytes + found.values.nbytes + _KEPT_OVERHEAD
