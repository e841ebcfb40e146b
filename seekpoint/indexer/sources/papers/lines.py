"""Lines of print joined to running text: what was broken at the end of a line is mended."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_STARTS_WIDE = re.compile(f"[{_WIDE}]")
_WORD = re.compile(r"[^\W_]+(?:[-‐][^\W_]+)*")
_LAST_WORD = re.compile(r"([^\W_]+(?:[-‐][^\W_]+)*)[-‐\xad]$")
_SENTENCE_END = re.compile(r"""[.!?:…。！？：][)\]"'”’»」』）》]*$""")
# So long is a word that is a compound's first or second part rather than a syllable.
_LEAST_PART = 5
_LONGEST_WORD = 80


def is_wide(text: str) -> bool:
    """Whether a text begins in a script that is set without spaces: Chinese or Japanese."""
    return _STARTS_WIDE.match(text) is not None


def is_unspaced(before: str, after: str) -> bool:
    """Whether nothing is written between two characters: one is wide, and the other is or is a mark."""
    wide, marks = (is_wide(before), is_wide(after)), (not before.isalnum(), not after.isalnum())
    return all(wide) or (wide[0] and marks[1]) or (marks[0] and wide[1])


def ends_sentence(text: str) -> bool:
    """Whether a text ends as sentences do, or leads over to what it announces."""
    return _SENTENCE_END.search(text) is not None


def starts_lower(text: str) -> bool:
    """Whether a text begins with a small letter."""
    return text[:1].islower()


def first_word(text: str) -> str:
    """What would have had to fit on the line before."""
    return text[:1] if is_wide(text) else text.split(maxsplit=1)[0]


def _broken_word(line: str) -> re.Match[str] | None:
    return _LAST_WORD.search(line[-_LONGEST_WORD:])


class Joiner:
    """Joins lines; whether a hyphen at the end of one stays is learnt from how the text writes the word elsewhere."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        for line in lines:
            broken = _broken_word(line)
            whole = line[: -len(broken[0])] if broken else line
            self._words.update(_WORD.findall(whole.casefold().replace("‐", "-")))

    def joined(self, lines: Iterable[str]) -> str:
        """One text of lines that follow each other."""
        parts: list[str] = []
        last = ""
        for line in lines:
            parts[-1:] = [*self._seam(last, line)] if parts else [line]
            last = parts[-1]
        return "".join(parts)

    def _seam(self, before: str, line: str) -> tuple[str, str]:
        """Both lines, with what belongs between them."""
        broken, word = _broken_word(before), _WORD.match(line)
        if broken and word:
            is_compound = self._is_compound(broken[1], word[0], soft=before.endswith("\xad"))
            return before[:-1] + "-" * is_compound, line
        if is_unspaced(before[-1:], line[:1]) or before.endswith(("—", "/")):
            return before, line
        return f"{before} ", line

    def _is_compound(self, first: str, second: str, soft: bool) -> bool:
        first, second = first.replace("‐", "-"), second.replace("‐", "-")
        compound, word = self._words[f"{first}-{second}".casefold()], self._words[(first + second).casefold()]
        if compound or word:
            return compound > word
        if soft:
            return False
        if not (first[-1].isalpha() and second[0].islower()):
            return True
        if "-" in first or "-" in second:
            return not self._words[(first.rpartition("-")[2] + second.partition("-")[0]).casefold()]
        return self._words[first.casefold()] > 0 and min(len(first), len(second)) >= _LEAST_PART
