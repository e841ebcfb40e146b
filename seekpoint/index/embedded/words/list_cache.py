"""A cache of posting lists: questions share their most common words, which have the longest lists."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from seekpoint.index.embedded.words.accumulators import Postings

K = TypeVar("K", bound=Hashable)

_KEPT_BYTES = 64 << 20
# Bytes of a list's Python objects.
_KEPT_OVERHEAD = 512


class ListCache(Generic[K]):
    """Posting lists by key, up to _KEPT_BYTES; the least recently used are dropped first. Thread-safe."""

    def __init__(self) -> None:
        self._lists: OrderedDict[K, Postings] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, keys: Iterable[K]) -> dict[K, Postings]:
        """The cached lists by key; keys that aren't cached are left out."""
        with self._lock:
            cached = {key: self._lists[key] for key in keys if key in self._lists}
            for key in cached:
                self._lists.move_to_end(key)
        return cached

    def put(self, lists: Mapping[K, Postings]) -> None:
        """Add lists to the cache."""
        with self._lock:
            self._bytes += sum(_size(postings) for key, postings in lists.items() if key not in self._lists)
            self._lists.update(lists)
            while self._bytes > _KEPT_BYTES:
                _, oldest = self._lists.popitem(last=False)
                self._bytes -= _size(oldest)


def _size(postings: Postings) -> int:
    return postings.chunks.nbytes + postings.values.nbytes + _KEPT_OVERHEAD
