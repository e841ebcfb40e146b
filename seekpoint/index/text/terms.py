"""Text to lexical terms, for passages and questions of every language.

Words of scripts with spaces are case-folded and stemmed. Scripts without spaces are cut into overlapping character
bigrams, which need no dictionary and miss nothing; a single character is a term by itself. Traditional and simplified
Chinese give the same terms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import regex
import Stemmer

from seekpoint.index.text.languages import simplified

# The last ones are Katakana's length mark and voicing marks, which Unicode assigns to no script.
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc\uff70\uff9e\uff9f"
"""The characters of scripts without spaces, as the inside of a character class."""
_RUN = regex.compile(
    rf"(?P<unspaced>(?:[{UNSPACED}]\p{{M}}*)+)|(?P<word>(?:[\p{{L}}\p{{N}}--[{UNSPACED}]]\p{{M}}*)+)", regex.V1
)
# Simpler patterns for text in ASCII, or in ASCII with common Chinese characters and punctuation: several times as fast.
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+")
_COMMON = re.compile(r"[\0-\x7f\u2010-\u2027\u3000-\u3002\u3008-\u3011\u4e00-\u9fff\uff01-\uff0f\uff1a-\uff20]+")
_COMMON_RUN = re.compile(r"(?P<unspaced>[\u4e00-\u9fff]+)|(?P<word>[A-Za-z0-9]+)")
_COMMON_WORD = re.compile(r"[\u4e00-\u9fff]|[A-Za-z0-9]+")
_PAIRED = regex.compile(f"[{UNSPACED}]")
_HAN_ALONE = regex.compile(r"\p{Han}+")
_GRAPHEME = regex.compile(r"\X")
# By script, because a question's language isn't known for sure: English rules for all Latin letters, and so on.
_STEMMERS = {"LATIN": "english", "CYRILLIC": "russian", "GREEK": "greek", "ARABIC": "arabic", "ARMENIAN": "armenian"}


class Term(NamedTuple):
    """A term and its position in the text, as character offsets."""

    text: str
    start: int
    stop: int


def terms(text: str) -> list[str]:
    """The terms of a text in order, with repetitions."""
    if text.isascii():
        return [_stem(word) for word in _ASCII_WORD.findall(text)]
    return [term for term, _, _ in _located(text)]


def located_terms(text: str, wanted: Container[str] | None = None) -> Iterator[Term]:
    """The terms of a text with their positions; only the `wanted` ones if these are given."""
    return (Term(*located) for located in _located(text) if wanted is None or located[0] in wanted)


def words(text: str, *, stemmed: bool = False) -> list[str]:
    """The words of a text in order, folded or `stemmed`; each character where no spaces are written."""
    text = simplified(text)
    if _COMMON.fullmatch(text):
        common = _COMMON_WORD.findall(text.lower())
        return list(map(_stem, common)) if stemmed else common
    return [word.text for word in located_words(text, stemmed=stemmed)]


def located_words(text: str, *, stemmed: bool = False) -> Iterator[Term]:
    """The words of a text as `words` has them, with their positions."""
    text = simplified(text)
    for run in _RUN.finditer(text):
        first = run.start()
        if run["word"]:
            yield Term(_stem(run[0]) if stemmed else fold(run[0]), *run.span())
        else:
            for character in _GRAPHEME.finditer(run[0]):
                yield Term(fold(character[0]), first + character.start(), first + character.end())


def is_whole_word(term: str) -> bool:
    """Whether a term is a word, not a bigram of characters, which may not be one."""
    return not _PAIRED.match(term)


def fold(word: str) -> str:
    """The word in lower case and in one Unicode form: NFKC maps full-width and decomposed variants."""
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
        elif stop - first > 1 and (is_common or (_HAN_ALONE.fullmatch(run[0]) and fold(run[0]) == run[0])):
            for start in range(first, stop - 1):
                yield text[start : start + 2], start, start + 2
        else:
            spans = [match.span() for match in _GRAPHEME.finditer(run[0])]
            if len(spans) == 1:
                yield fold(run[0]), first, stop
            for (start, _), (_, end) in pairwise(spans):
                yield fold(run[0][start:end]), first + start, first + end


@lru_cache(maxsize=1 << 15)
def _stem(word: str) -> str:
    word = fold(word)
    script = unicodedata.name(word[0], "").split(" ", 1)[0]
    language = _STEMMERS.get(script)
    stemmed: str = _stemmer(language).stemWord(word) if language else word
    return stemmed


_stemmer = cache(Stemmer.Stemmer)


def joined(text: str, neighbours: Sequence[Term]) -> str:
    """The key of neighbouring terms of a text: words joined by spaces, or the characters between them as they are."""
    if any(after.start >= before.stop for before, after in pairwise(neighbours)):
        return " ".join(term.text for term in neighbours)
    return fold(text[neighbours[0].start : neighbours[-1].stop]) if len(neighbours) > 1 else neighbours[0].text


def content_terms(text: str) -> list[Term]:
    """The terms of a text that say what it is about, in order, with repetitions; all terms if none does.

    They are its terms without addresses and function words (function_words/, a list a language). Words of scripts with
    spaces are compared by their stems. In Chinese, function words are found by longest match, and a bigram that has a
    character of one isn't content.
    """
    return _content(text) or list(located_terms(text))


def has_content(text: str) -> bool:
    """Whether any term of a text says what it is about."""
    return bool(_content(text))


@lru_cache(maxsize=1 << 12)
def is_function_word(term: str) -> bool:
    """Whether a term says nothing of what a text is about."""
    return term in _function_words()[0] or not _content(term)


def content_test(text: str) -> Callable[[Term], bool]:
    """A test whether a term of a text, located in it and stemmed, is content."""
    stems, pattern = _function_words()
    covered = {place for match in pattern.finditer(simplified(text)) for place in range(*match.span())}
    return lambda term: term.text not in stems and covered.isdisjoint(range(term.start, term.stop))


def function_words() -> list[str]:
    """The function words of all languages, as they are listed."""
    folder = Path(__file__).parent / "function_words"
    return " ".join(path.read_text("utf-8") for path in sorted(folder.glob("*.txt"))).split()


def _content(text: str) -> list[Term]:
    return list(filter(content_test(text), located_terms(text)))


@cache
def _function_words() -> tuple[frozenset[str], regex.Pattern[str]]:
    """The stems of function words, and a pattern of those without spaces between words and of addresses."""
    words = function_words()
    unspaced = sorted((word for word in words if not all(map(is_whole_word, terms(word)))), key=len, reverse=True)
    stems = frozenset(term for word in words for term in terms(word) if is_whole_word(term))
    return stems, regex.compile("|".join([r"\S+://\S+", *map(regex.escape, unspaced)]))
