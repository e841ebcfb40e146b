"""Text to lexical terms, the same way for passages and questions, whatever the language.

Words of scripts that put spaces between them are folded and stemmed; scripts that don't are cut into overlapping pairs
of characters, which needs no dictionary and misses nothing (a single character stands for itself). Traditional and
simplified Chinese give the same terms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
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
# The same of what is in ASCII alone, several times as quick.
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
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
    for run in _RUN.finditer(text):
        if run["word"]:
            found.append(_stem(run["word"]))
        else:
            found += _pair_texts(run["unspaced"])
    return found


def located_terms(text: str) -> Iterator[Term]:
    """The terms of a text with their places in it."""
    if text.isascii():
        for word in _ASCII_WORD.finditer(text):
            yield Term(_stem(word[0]), word.start(), word.end())
        return
    for run in _RUN.finditer(text):
        if run["unspaced"]:
            yield from _pairs(run["unspaced"], run.start())
        else:
            yield Term(_stem(run["word"]), run.start(), run.end())


def is_whole_word(term: str) -> bool:
    """Whether a term is a word, rather than a pair of characters that may be none."""
    return not _PAIRED.match(term)


def fold(word: str) -> str:
    """One spelling for full-width, accented-by-composition and upper-case variants."""
    return unicodedata.normalize("NFKC", word).casefold()


def _pairs(run: str, offset: int) -> Iterator[Term]:
    run = simplified(run)
    spans = [match.span() for match in _GRAPHEME.finditer(run)]
    if len(spans) == 1:
        yield Term(fold(run), offset, offset + len(run))
    for (start, _), (_, stop) in pairwise(spans):
        yield Term(fold(run[start:stop]), offset + start, offset + stop)


def _pair_texts(run: str) -> list[str]:
    """The texts of `_pairs`, at once for Chinese that folding leaves as it is."""
    plain = simplified(run)
    if len(plain) > 1 and _HAN_ALONE.fullmatch(plain) and fold(plain) == plain:
        return [plain[start : start + 2] for start in range(len(plain) - 1)]
    return [term.text for term in _pairs(run, 0)]


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
