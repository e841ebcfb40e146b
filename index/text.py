"""Text from outside, made safe to store and to show."""

from __future__ import annotations

import re
import unicodedata

# Category C holds controls, surrogates, and the format characters that reverse or hide text. The joiners (ZWNJ, ZWJ)
# are part of spelling in Persian, Hindi and emoji.
_JOINERS = "\u200c\u200d"


def clean(text: str) -> str:
    """One line without control, bidirectional or escape characters; runs of white space become one space."""
    spaced = re.sub(r"\s+", " ", text)
    if not spaced.isascii() or not spaced.isprintable():
        spaced = "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c)[0] != "C")
    return re.sub(r" {2,}", " ", spaced).strip()
