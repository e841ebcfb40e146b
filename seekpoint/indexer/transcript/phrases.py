"""The phrases of a text that could be a heading: neither begins nor ends with a word that says little. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeAlias

import regex

from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import UNSPACED, Term, content_test, function_words, located_words, words
from seekpoint.indexer.vocabulary.chinese_words import cut

Key: TypeAlias = tuple[str, ...]
"""The words of a phrase, as stems or in simplified characters."""

# The sizes of phrases: a word counts 2, a character of a script without spaces 1.
LONGEST = 8
_WORD = 2
_LEAST = 2
# What may stand between the words of a phrase.
_JOINT = regex.compile(r"[\s\-‐’'/]*")
_HAN = regex.compile(r"\p{Han}+")
_UNSPACED = regex.compile(f"[{UNSPACED}]")
# The words without content that may stand inside a phrase.
_INSIDE = frozenset(words("of the a an in for to and with on per by vs 的 与 和 之"))


class Phrase(NamedTuple):
    """A phrase in a text: its words, how it is written there, its size, and the words before and after it."""

    key: Key
    written: str
    size: int
    before: str
    after: str


class _Word(NamedTuple):
    """A word in a text: its key, offsets and size; whether a phrase may begin or end with it, or have it inside."""

    key: str
    start: int
    stop: int
    size: int
    is_content: bool
    is_inside: bool


def phrases(text: str) -> Iterator[Phrase]:
    """All phrases of a text, in order, with repetitions."""
    found = list(_words(text))
    joined = [_is_joined(text, one, other) for one, other in pairwise(found)] + [False]
    for first, begin in enumerate(found):
        if not begin.is_content:
            continue
        size, before = 0, found[first - 1].key if first and joined[first - 1] else ""
        for last in range(first, len(found)):
            word = found[last]
            size += word.size
            if size > LONGEST or not (word.is_content or word.is_inside):
                break
            if word.is_content and size >= _LEAST:
                key = tuple(each.key for each in found[first : last + 1])
                after = found[last + 1].key if joined[last] else ""
                yield Phrase(key, text[begin.start : word.stop], size, before, after)
            if not joined[last]:
                break


def _is_joined(text: str, one: _Word, other: _Word) -> bool:
    """Whether two words may stand in a phrase; white space between Chinese words is a pause."""
    between = text[one.stop : other.start]
    is_pause = between.isspace() and all(map(_UNSPACED.match, (text[one.stop - 1], text[other.start])))
    return not is_pause and bool(_JOINT.fullmatch(between))


def _words(text: str) -> Iterator[_Word]:
    """The words of a text; Chinese is cut by the dictionaries."""
    is_content = content_test(text)
    plain = simplified(text)
    place = 0
    for word, stem in zip(located_words(text), located_words(text, stemmed=True), strict=True):
        if word.start < place:
            continue
        run = _HAN.match(plain, word.start)
        if run:
            for part in cut(run[0]):
                place = word.start if place < word.start else place
                yield _Word(part, place, place + len(part), len(part), not is_empty(part), part in _INSIDE)
                place += len(part)
        else:
            yield _Word(
                stem.text,
                word.start,
                word.stop,
                _size(word),
                is_content(stem) and not is_empty(word.text),
                word.text in _INSIDE,
            )


def _size(word: Term) -> int:
    return 1 if _UNSPACED.match(word.text) else _WORD


def is_empty(word: str) -> bool:
    """Whether a word says little: a listed one, a number, a letter, or Chinese made of listed characters alone."""
    listed = _listed()
    if word in listed or word.isdecimal():
        return True
    return all(character in listed for character in word) if _HAN.fullmatch(word) else len(word) == 1


@cache
def _listed() -> frozenset[str]:
    """The words that say little, and function words."""
    files = sorted((Path(__file__).parent / "empty_words").glob("*.txt"))
    listed = (*" ".join(file.read_text("utf-8") for file in files).split(), *function_words())
    return frozenset(part for word in listed for part in ([word] if _HAN.search(word) else words(word)))
