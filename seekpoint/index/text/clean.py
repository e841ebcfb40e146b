"""Making text from outside safe to store and to show."""

from __future__ import annotations

import hashlib
import re
import unicodedata

CELL_BREAK, LINE_BREAK = " | ", " ⏎ "
"""The separators between the cells of a table's row, and between lines of code. A text fragment can't span them, since
a browser doesn't find them on the page."""

INDENT = "⇥"
"""Two columns of the indentation of a line of code; between words of a line, several spaces, which no text fragment can
span either: a browser finds them only by their number."""

# ZWNJ and ZWJ are part of the spelling of Persian, Hindi and emoji. The rest of Unicode's category C is controls,
# surrogates, and format characters that reverse or hide text.
_JOINERS = "\u200c\u200d"
# Terminal colours and cursor moves. They are removed whole: without its ESC the rest would be left as letters.
_ESCAPE_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")

# The password of an address of the web ends before its path. Others may have plain characters that divide an address,
# but up to five digits after a colon are a port, and the colon in the path of a file is a drive's.
_SECRETS = re.compile(
    r"(https?://[^\s/@:]*:)[^\s/?#]*(?=@)|((?<!file):/+[^\s/@:]*:)(?![0-9]{1,5}(?:[/?,\s]|$))\S*(?=@)"
    r"|(password\s*=\s*)\S+",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """One line without control, bidirectional or escape characters; runs of white space become one space."""
    spaced = re.sub(r"\s+", " ", _ESCAPE_SEQUENCE.sub("", text))
    return re.sub(r" {2,}", " ", printable(spaced)).strip()


def printable(text: str) -> str:
    """The text without control, bidirectional or escape characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c in _JOINERS or unicodedata.category(c)[0] != "C")


def without_passwords(text: str) -> str:
    """The text with … for each password of an address in it."""
    return _SECRETS.sub(lambda match: f"{match[1] or match[2] or match[3]}…", text)


def first_line(error: Exception) -> str:
    """The first line of another library's error, or the error's name; 200 characters at most."""
    return (clean((str(error).strip().splitlines() or [""])[0]) or type(error).__name__)[:200]


def counted(number: int, noun: str) -> str:
    """A number with its noun, as in `1 entry` and `2,000 entries`."""
    many = f"{noun.removesuffix('y')}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else many}"


_BYTES = 8


def text_digest(text: str) -> bytes:
    """The digest of a text. Eight bytes are enough to tell apart the texts of one resource, at most some thousands."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()[:_BYTES]


SENTENCE_END = r"""[.!?…][)\]"'”’»]*(?=\s)|[。！？｡．।؟۔።။…]+[」』”’）》]*"""
"""A pattern for the marks that end a sentence and what closes after them; not for those that end the text."""
