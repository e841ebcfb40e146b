"""Posting lists that were read or made, kept for the questions to come, since these share their commonest words."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from seekpoint.index.embedded.words.accumulators import Postings

K = TypeVar("K", bound=Hashable)

_KEPT_BYTES = 64 << 20
# What a list takes beside its numbers.
_KEPT_OVERHEAD = 512


class ListCache(Generic[K]):
    """Lists by what they are of, as many as there is room for, the last used first; safe to use from threads."""

    def __init__(self) -> None:
        self._lists: OrderedDict[K, Postings] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, keys: Iterable[K]) -> dict[K, Postings]:
        """The lists of those keys that are here."""
        with self._lock:
            found = {key: self._lists[key] for key in keys if key in self._lists}
            for key in found:
                self._lists.move_to_end(key)
        return found

    def put(self, lists: Mapping[K, Postings]) -> None:
        """Keep lists, in place of those that weren't used for longest."""
        with self._lock:
            self._bytes += sum(_size(found) for key, found in lists.items() if key not in self._lists)
            self._lists.update(lists)
            while self._bytes > _KEPT_BYTES:
                _, oldest = self._lists.popitem(last=False)
                self._bytes -= _size(oldest)


def _size(found: Postings) -> int:
    return found.chunks.nbytes + found.values.nbytes + _KEPT_OVERHEAD
