"""Cuts Chinese, which is written without spaces, into words: the longest ones that the dictionaries have."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from seekpoint.indexer.vocabulary.dictionary import chinese_words

# Longer entries are sayings.
_LONGEST = 6


def cut(run: str) -> Iterator[str]:
    """The words of a run of simplified characters; a character with which no word begins is one by itself."""
    known, place = _known(), 0
    while place < len(run):
        longest = range(min(_LONGEST, len(run) - place), 1, -1)
        size = next((size for size in longest if run[place : place + size] in known), 1)
        yield run[place : place + size]
        place += size


@cache
def _known() -> frozenset[str]:
    return frozenset(word for word in chinese_words() if len(word) <= _LONGEST)
