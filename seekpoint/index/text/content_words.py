"""The content words of a question: its terms without function words (function_words/, a list a language) and addresses.

A word of a script with spaces is compared by its stem. In Chinese, function words are found by longest match, and a
bigram that has a character of one isn't content.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path

import regex

from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import Term, is_whole_word, located_terms, terms


def content_terms(text: str) -> list[Term]:
    """The terms of a text that say what it is about, in order, with repetitions; all terms if none does."""
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
    covered = {place for found in pattern.finditer(simplified(text)) for place in range(*found.span())}
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
