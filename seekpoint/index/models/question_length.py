"""How much of a question is embedded: what it takes grows with its length."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_QUESTION = 512
"""The most tokens of a question that are embedded, with those that the model puts around it."""


def beginning(text: str, tokens: Callable[[str], int]) -> str:
    """A text where it has no more than LONGEST_QUESTION tokens, else its longest beginning that hasn't.

    `tokens` counts those of a text. It gets little more than the beginning, however long the text is.
    """
    fits, end = 0, LONGEST_QUESTION
    while tokens(text[:end]) <= LONGEST_QUESTION:
        if end >= len(text):
            return text
        fits, end = end, 2 * end
    while end - fits > 1:
        middle = (fits + end) // 2
        fits, end = (middle, end) if tokens(text[:middle]) <= LONGEST_QUESTION else (fits, middle)
    return text[:fits]
