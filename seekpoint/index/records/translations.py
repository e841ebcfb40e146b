"""Translations of words, as they are stored: the entries of the dictionaries that a library can use.

A word is stored under the key that `joined` makes of its terms, and each translation as the terms that passages are
indexed by. Entries whose translations occur nowhere in the library are left out, so little of a dictionary is stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from seekpoint.files import parsed_json
from seekpoint.index.store import Translations
from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import joined, located_terms
from seekpoint.index.types import Alternatives

SETTING = "translations"
"""The name of the setting that says what the stored translations were chosen for."""

# The share of new chunks above which the translations are chosen again. Reading the dictionaries takes seconds, and a
# few more passages bring few words that a large library doesn't have yet.
_MOST_UNREAD = 0.02


class TranslationRow(NamedTuple):
    """A word with its translations; `alternatives` is JSON."""

    source: str
    word: str
    target: str
    alternatives: str


def is_stale(stored: str | None, now: Sequence[Any]) -> bool:
    """Whether the translations have to be chosen again: the dictionaries, the languages or too many chunks are new.

    `stored` is the setting, the JSON of an earlier `now`: the dictionaries' version, the number of chunks, a number
    that grows with every change by that of new chunks, and the languages.
    """
    if stored is None:
        return True
    now_version, now_chunks, now_last, *now_languages = now
    try:
        version, chunks, last, *languages = parsed_json(stored)
        is_same = (version, languages) == (now_version, now_languages)
        unread = abs(now_chunks - chunks), now_last - last
        return not (is_same and all(number <= _MOST_UNREAD * chunks for number in unread))
    except (ValueError, TypeError):
        return True


def usable(dictionaries: Translations, languages: Iterable[str], vocabulary: set[str]) -> Iterator[TranslationRow]:
    """The translations that a library with these languages and terms can use."""
    normal = cache(_normal)
    for target in languages:
        for source in dictionaries.sources(target):
            words = _usable(dictionaries.entries(source, target), vocabulary, normal)
            for word, alternatives in words.items():
                yield TranslationRow(source, word, target, _as_json(alternatives))


def merged(rows: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, Alternatives]]:
    """The translations by target language and word, from rows of (target, word, alternatives)."""
    translations: dict[str, dict[str, Alternatives]] = {}
    for target, word, alternatives in rows:
        words_of_target = translations.setdefault(target, {})
        both = (*words_of_target.get(word, ()), *map(tuple, parsed_json(alternatives)))
        words_of_target[word] = tuple(dict.fromkeys(both))
    return translations


class _Normal(NamedTuple):
    key: str
    terms: tuple[str, ...]


def _normal(text: str) -> _Normal:
    text = simplified(text)
    located = list(located_terms(text))
    return _Normal(joined(text, located) if located else "", tuple(term.text for term in located))


def _usable(
    entries: Iterable[tuple[str, Sequence[str]]], vocabulary: set[str], normal: Callable[[str], _Normal]
) -> dict[str, dict[tuple[str, ...], None]]:
    """The words by key, each with the translations whose terms are in the vocabulary, in the dictionary's order.

    `normal` is called with single words, so that its cache spares stemming: dictionaries repeat their words.
    """
    usable: dict[str, dict[tuple[str, ...], None]] = {}
    for word, translations in entries:
        split = (tuple(term for part in text.split() for term in normal(part).terms) for text in translations)
        alternatives = {terms: None for terms in split if terms and vocabulary.issuperset(terms)}
        key = " ".join(filter(None, (normal(part).key for part in word.split()))) if alternatives else ""
        if key:
            usable.setdefault(key, {}).update(alternatives)
    return usable


def _as_json(alternatives: Iterable[Iterable[str]]) -> str:
    return json.dumps([list(terms) for terms in alternatives], ensure_ascii=False, separators=(",", ":"))
