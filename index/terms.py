"""Text to lexical terms, the same way for passages and questions, whatever the language.

Words of scripts that put spaces between them are folded and stemmed; scripts that don't are cut into overlapping pairs
of characters, which needs no dictionary and misses nothing (a single character stands for itself). Traditional and
simplified Chinese give the same terms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex
import Stemmer

from index.scripts import simplified

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
    found: list[str] = []
    for run in _runs(text):
        if run["word"]:
            found.append(_stem(run["word"]))
        else:
            found += [term for term, _, _ in _pairs(run[0])]
    return found


def located_terms(text: str, wanted: Container[str] | None = None) -> Iterator[Term]:
    """The terms of a text, or the wanted ones, with their places in it."""
    if text.isascii():
        for word in _ASCII_WORD.finditer(text):
            stem = _stem(word[0])
            if wanted is None or stem in wanted:
                yield Term(stem, word.start(), word.end())
        return
    for run in _runs(text):
        offset = run.start()
        for term, start, stop in _pairs(run[0]) if run["unspaced"] else [(_stem(run[0]), 0, len(run[0]))]:
            if wanted is None or term in wanted:
                yield Term(term, offset + start, offset + stop)


def is_whole_word(term: str) -> bool:
    """Whether a term is a word, rather than a pair of characters that may be none."""
    return not _PAIRED.match(term)


def fold(word: str) -> str:
    """One spelling for full-width, accented-by-composition and upper-case variants."""
    return unicodedata.normalize("NFKC", word).casefold()


def _runs(text: str) -> Iterator[re.Match[str]]:
    """The runs of a text in simplified characters."""
    text = simplified(text)
    found: Iterator[re.Match[str]] = (_COMMON_RUN if _COMMON.fullmatch(text) else _RUN).finditer(text)
    return found


def _pairs(run: str) -> Iterator[tuple[str, int, int]]:
    """The pairs of a run in simplified characters, with their places in it."""
    if _is_plain(run):
        yield from ((run[k : k + 2], k, k + 2) for k in range(len(run) - 1))
        return
    spans = [match.span() for match in _GRAPHEME.finditer(run)]
    if len(spans) == 1:
        yield fold(run), 0, len(run)
    for (start, _), (_, stop) in pairwise(spans):
        yield fold(run[start:stop]), start, stop


def _is_plain(run: str) -> bool:
    """Whether it's Chinese that folding leaves as it is, of more than a character."""
    return len(run) > 1 and bool(_HAN_ALONE.fullmatch(run)) and fold(run) == run


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
