"""Text from outside, made safe to store and to show."""

from __future__ import annotations

import re
import unicodedata

# The joiners (ZWNJ, ZWJ) are part of spelling in Persian, Hindi and emoji; the rest of category C is controls,
# surrogates, and format characters that reverse or hide text.
_JOINERS = "\u200c\u200d"


def clean(text: str) -> str:
    """One line without control, bidirectional or escape characters; runs of white space become one space."""
    return re.sub(r" {2,}", " ", printable(re.sub(r"\s+", " ", text))).strip()


def printable(text: str) -> str:
    """The text without control, bidirectional or escape characters, every other character in place."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in _JOINERS or unicodedata.category(c)[0] != "C")
