"""Joins lines to running text and undoes hyphenation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_STARTS_WIDE = re.compile(f"[{_WIDE}]")
_WORD = re.compile(r"[^\W_]+(?:[-‐][^\W_]+)*")
_LAST_WORD = re.compile(r"([^\W_]+(?:[-‐][^\W_]+)*)[-‐\xad]$")
_SENTENCE_END = re.compile(r"""[.!?:…。！？：][)\]"'”’»」』）》]*$""")
# Letters: shorter parts of a hyphenated word are syllables rather than parts of a compound.
_LEAST_PART = 5
_LONGEST_WORD = 80


def is_wide(text: str) -> bool:
    """Whether a text begins in a script without spaces: Chinese or Japanese."""
    return _STARTS_WIDE.match(text) is not None


def is_unspaced(before: str, after: str) -> bool:
    """Whether no space belongs between two characters: one is wide, and the other is wide or punctuation."""
    wide, marks = (is_wide(before), is_wide(after)), (not before.isalnum(), not after.isalnum())
    return all(wide) or (wide[0] and marks[1]) or (marks[0] and wide[1])


def ends_sentence(text: str) -> bool:
    """Whether a text ends like a sentence, or with a colon."""
    return _SENTENCE_END.search(text) is not None


def starts_lower(text: str) -> bool:
    """Whether a text begins with a lower-case letter."""
    return text[:1].islower()


def first_word(text: str) -> str:
    """The first word, or the first character of an unspaced script: the least that a line break can move."""
    return text[:1] if is_wide(text) else text.split(maxsplit=1)[0]


def _hyphenated_word(line: str) -> re.Match[str] | None:
    return _LAST_WORD.search(line[-_LONGEST_WORD:])


class LineJoiner:
    """Joins lines; a hyphen at the end of one is kept if the text hyphenates the word elsewhere."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        for line in lines:
            hyphenated = _hyphenated_word(line)
            whole = line[: -len(hyphenated[0])] if hyphenated else line
            self._words.update(_WORD.findall(whole.casefold().replace("‐", "-")))

    def join(self, lines: Iterable[str]) -> str:
        """Join consecutive lines."""
        parts: list[str] = []
        last = ""
        for line in lines:
            parts[-1:] = [*self._seam(last, line)] if parts else [line]
            last = parts[-1]
        return "".join(parts)

    def _seam(self, before: str, line: str) -> tuple[str, str]:
        """Both lines, with the right separator between them."""
        hyphenated, word = _hyphenated_word(before), _WORD.match(line)
        if hyphenated and word:
            is_compound = self._is_compound(hyphenated[1], word[0], soft=before.endswith("\xad"))
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
