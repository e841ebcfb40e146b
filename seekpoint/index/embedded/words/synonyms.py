"""Words that are told by any of several terms, as their translations are: how often chunks have them."""

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
    """Words by their alternatives in the chunks of a language, kept for the questions to come."""

    def __init__(self, lexicon: Lexicon, spoken: Mapping[str, Ranges]) -> None:
        self._lexicon = lexicon
        self._spoken = spoken
        self._cache = ListCache[tuple[str, Alternatives]]()

    def counts(self, words: Sequence[Alternatives], language: str, combiner: PostingsCombiner) -> list[Postings]:
        """How often each chunk of a language, by its place, has each of the words."""
        keys = [(language, word) for word in words]
        found = self._cache.get(keys)
        if missing := [word for key, word in zip(keys, words, strict=True) if key not in found]:
            made = dict(
                zip(((language, word) for word in missing), self._made(missing, language, combiner), strict=True)
            )
            self._cache.put(made)
            found |= made
        return [found[key] for key in keys]

    def _made(self, words: Sequence[Alternatives], language: str, combiner: PostingsCombiner) -> Iterator[Postings]:
        lists = self._lexicon.counts(terms_of(words))
        is_spoken = self._lexicon.mask(self._spoken[language])
        for word in words:
            counts = any_of(word, lists, combiner)
            here = is_spoken[counts.chunks]
            yield Postings(counts.chunks[here], counts.values[here])


def any_of(alternatives: Alternatives, lists: Mapping[str, Postings], combiner: PostingsCombiner) -> Postings:
    """How often each chunk has any of the alternatives: all terms of one, as often as the rarest of them."""
    return combiner.sum([combiner.intersection([lists[term] for term in set(terms)]) for terms in alternatives])


def terms_of(words: Iterable[Alternatives]) -> set[str]:
    """The terms of all alternatives."""
    return {term for word in words for alternative in word for term in alternative}
