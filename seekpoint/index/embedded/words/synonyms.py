"""Posting lists of words that count wherever any of their alternatives, such as translations, occurs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from seekpoint.index.embedded.words.accumulators import Postings, PostingsCombiner
from seekpoint.index.embedded.words.list_cache import ListCache
from seekpoint.index.types import Alternatives

if TYPE_CHECKING:
    from seekpoint.index.embedded.chunk_ranges import Ranges
    from seekpoint.index.embedded.words.lexicon import Lexicon


class Synonyms:
    """The posting lists of words with alternatives, limited to the chunks of a language; cached."""

    def __init__(self, lexicon: Lexicon, spoken: Mapping[str, Ranges]) -> None:
        self._lexicon = lexicon
        self._spoken = spoken
        self._cache = ListCache[tuple[str, Alternatives]]()

    def counts(self, words: Sequence[Alternatives], language: str, combiner: PostingsCombiner) -> list[Postings]:
        """The list of each word: the places of the language's chunks that have it, and how often they do."""
        keys = [(language, word) for word in words]
        lists = self._cache.get(keys)
        if missing := [word for key, word in zip(keys, words, strict=True) if key not in lists]:
            computed = self._computed(missing, language, combiner)
            added = dict(zip(((language, word) for word in missing), computed, strict=True))
            self._cache.put(added)
            lists |= added
        return [lists[key] for key in keys]

    def _computed(self, words: Sequence[Alternatives], language: str, combiner: PostingsCombiner) -> Iterator[Postings]:
        lists = self._lexicon.counts(terms_of(words))
        is_spoken = self._lexicon.mask(self._spoken[language])
        for word in words:
            counts = any_of(word, lists, combiner)
            is_kept = is_spoken[counts.chunks]
            yield Postings(counts.chunks[is_kept], counts.values[is_kept])


def any_of(alternatives: Alternatives, lists: Mapping[str, Postings], combiner: PostingsCombiner) -> Postings:
    """How often each chunk has any of the alternatives; one with several terms counts as often as its rarest term."""
    return combiner.sum([combiner.intersection([lists[term] for term in set(terms)]) for terms in alternatives])


def terms_of(words: Iterable[Alternatives]) -> set[str]:
    """The terms of all alternatives."""
    return {term for word in words for alternative in word for term in alternative}
