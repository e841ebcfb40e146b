"""Cuts Chinese, which is written without spaces, into words: the longest ones that the dictionaries have.

It cuts from the end, which is right more often than from the beginning: 个数字 is 个 and 数字, not 个数 and 字.
"""

from __future__ import annotations

from functools import cache

from seekpoint.indexer.vocabulary.dictionary import chinese_words

# Longer entries are sayings.
_LONGEST = 6


def cut(run: str) -> list[str]:
    """The words of a run of simplified characters; a character with which no word ends is one by itself."""
    known, stop, found = _known(), len(run), list[str]()
    while stop:
        first = next(
            (first for first in range(max(stop - _LONGEST, 0), stop - 1) if run[first:stop] in known), stop - 1
        )
        found.append(run[first:stop])
        stop = first
    return found[::-1]


@cache
def _known() -> frozenset[str]:
    return frozenset(word for word in chinese_words() if len(word) <= _LONGEST)
