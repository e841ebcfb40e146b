"""Text from outside, made safe to store and to show."""

from __future__ import annotations

import re
import unicodedata

CELL_BREAK, LINE_BREAK = " | ", " ⏎ "
"""What stands between the cells of a table's row and between lines of code; a browser finds no words across."""

# The joiners (ZWNJ, ZWJ) are part of spelling in Persian, Hindi and emoji; the rest of category C is controls,
# surrogates, and format characters that reverse or hide text.
_JOINERS = "\u200c\u200d"
# Colours and cursor moves: without their first character the rest would be left over as letters.
_ESCAPE_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")


def clean(text: str) -> str:
    """One line without control, bidirectional or escape characters; runs of white space become one space."""
    spaced = re.sub(r"\s+", " ", _ESCAPE_SEQUENCE.sub("", text))
    return re.sub(r" {2,}", " ", printable(spaced)).strip()


def printable(text: str) -> str:
    """The text without control, bidirectional or escape characters, every other character in place."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in _JOINERS or unicodedata.category(c)[0] != "C")


def counted(number: int, noun: str) -> str:
    """A number of things: 1 entry, 2,000 entries."""
    many = f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}"
