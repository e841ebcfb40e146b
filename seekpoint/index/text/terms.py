"""Text to lexical terms, the same way for passages and questions, whatever the language.

Words of scripts that put spaces between them are folded and stemmed; scripts that don't are cut into overlapping pairs
of characters, which needs no dictionary and misses nothing (a single character stands for itself). Traditional and
simplified Chinese give the same terms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex
import Stemmer

from seekpoint.index.text.scripts import simplified

# The last ones are the length mark and voicing marks of Katakana, which Unicode counts to no script.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc\uff70\uff9e\uff9f"
_RUN = regex.compile(
    rf"(?P<unspaced>(?:[{_UNSPACED}]\p{{M}}*)+)|(?P<word>(?:[\p{{L}}\p{{N}}--[{_UNSPACED}]]\p{{M}}*)+)", regex.V1
)
# The same of what is in ASCII alone, or with the common Chinese characters and marks, several times as quick.
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
_COMMON = re.compile(r"[\0-\x7f\u2010-\u2027\u3000-\u3002\u3008-\u3011\u4e00-\u9fff\uff01-\uff0f\uff1a-\uff20]+")
_COMMON_RUN = re.compile(r"(?P<unspaced>[\u4e00-\u9fff]+)|(?P<word>[A-Za-z0-9]+)")
_PAIRED = regex.compile(f"[{_UNSPACED}]")
_HAN_ALONE = regex.compile(r"\p{Han}+")
_GRAPHEME = regex.compile(r"\X")
# A question's language isn't known for sure, so the script decides: English's rules for Latin letters, and so on.
_STEMMERS = {"LATIN": "english", "CYRILLIC": "russian", "GREEK": "greek", "ARABIC": "arabic", "ARMENIAN": "armenian"}


class Term(NamedTuple):
    """A term and where it stands in the text, as character offsets."""

    text: str
    start: int
    stop: int


def terms(text: str) -> list[str]:
    """The terms of a text, in order, repeated as they occur."""
    if text.isascii():
        return [_stem(word) for word in _ASCII_WORD.findall(text)]
    return [term for term, _, _ in _located(text)]


def located_terms(text: str, wanted: Container[str] | None = None) -> Iterator[Term]:
    """The terms of a text, or the wanted ones, with their places in it."""
    return (Term(*found) for found in _located(text) if wanted is None or found[0] in wanted)


def is_whole_word(term: str) -> bool:
    """Whether a term is a word, rather than a pair of characters that may be none."""
    return not _PAIRED.match(term)


def fold(word: str) -> str:
    """One spelling for full-width, accented-by-composition and upper-case variants."""
    return unicodedata.normalize("NFKC", word).casefold()


def _located(text: str) -> Iterator[tuple[str, int, int]]:
    if text.isascii():
        for word in _ASCII_WORD.finditer(text):
            yield _stem(word[0]), word.start(), word.end()
        return
    text = simplified(text)
    is_common = _COMMON.fullmatch(text) is not None
    for run in (_COMMON_RUN if is_common else _RUN).finditer(text):
        first, stop = run.span()
        if run["word"]:
            yield _stem(run[0]), first, stop
        elif stop - first > 1 and (is_common or _is_folded_han(run[0])):
            for start in range(first, stop - 1):
                yield text[start : start + 2], start, start + 2
        else:
            yield from _folded_pairs(run[0], first)


def _is_folded_han(run: str) -> bool:
    """Whether it's Chinese that folding leaves as it is, as the common characters are."""
    return bool(_HAN_ALONE.fullmatch(run)) and fold(run) == run


def _folded_pairs(run: str, first: int) -> Iterator[tuple[str, int, int]]:
    """The pairs of a run that begins at a place, or what is alone in it."""
    spans = [match.span() for match in _GRAPHEME.finditer(run)]
    if len(spans) == 1:
        yield fold(run), first, first + len(run)
    for (start, _), (_, stop) in pairwise(spans):
        yield fold(run[start:stop]), first + start, first + stop


@lru_cache(maxsize=1 << 15)
def _stem(word: str) -> str:
    word = fold(word)
    script = unicodedata.name(word[0], "").split(" ", 1)[0]
    language = _STEMMERS.get(script)
    stemmed: str = _stemmer(language).stemWord(word) if language else word
    return stemmed


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language)


def joined(text: str, neighbours: Sequence[Term]) -> str:
    """The key of neighbouring terms of a text: words with a space between, or characters as they stand."""
    if any(after.start >= before.stop for before, after in pairwise(neighbours)):
        return " ".join(term.text for term in neighbours)
    return fold(text[neighbours[0].start : neighbours[-1].stop]) if len(neighbours) > 1 else neighbours[0].text
