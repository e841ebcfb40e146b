"""Breaking a text into the lines of a terminal: at spaces, and between Chinese or Japanese characters."""

from __future__ import annotations

import regex
from wcwidth import propagate_sgr
from wcwidth.textwrap import SequenceTextWrapper

# What a line can't begin with and what it can't end with, by classes of Unicode's line breaking (UAX #14).
_CLOSING = r"[\p{lb=CL}\p{lb=CP}\p{lb=EX}\p{lb=NS}\p{lb=IS}\p{lb=SY}\p{lb=IN}\p{lb=CJ}\p{Pf}—]"
_OPENING = r"[\p{lb=OP}\p{Pi}]"
_CHARACTER = r"[\p{Han}\p{Hiragana}\p{Katakana}]\p{M}*"
_NARROWEST = 20


class _Wrapper(SequenceTextWrapper):
    """Measures in columns, two of them for a wide character, and breaks between characters that need no spaces."""

    wordsep_simple_re = regex.compile(rf"(\s+|{_OPENING}*{_CHARACTER}{_CLOSING}*)")


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """The lines of a text, of at most `width` columns; `first` and `rest` indent the first one and those after it.

    A style that begins in a line and ends in another holds in both.
    """
    wrapper = _Wrapper(
        max(width, _NARROWEST), initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, tabsize=1
    )
    return propagate_sgr(wrapper.wrap(text)) or [first]
