"""Terms as words that every text parser of PostgreSQL takes whole: their numbers, written in letters.

The parser would cut some terms apart, and which ones depends on the database's locale.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from string import ascii_lowercase


@lru_cache(1 << 16)
def letters(number: int) -> str:
    """A number in base 26."""
    written = ""
    while True:
        number, rest = divmod(number, len(ascii_lowercase))
        written = ascii_lowercase[rest] + written
        if not number:
            return written


def text_of(numbers: Iterable[int]) -> str:
    """The text of a chunk, or of a query, with these terms."""
    return " ".join(map(letters, numbers))
