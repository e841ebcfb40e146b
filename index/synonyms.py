"""Words that are told by any of several terms, as their translations are: how often chunks have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from index.kept_lists import KeptLists
from index.tally import Postings, Tally
from index.translations import Alternatives

if TYPE_CHECKING:
    from index.lexicon import Lexicon
    from index.older_lexicon import OlderLexicon
    from index.ranges import Ranges


class Synonyms:
    """Words by their alternatives in the chunks of a language, kept for the questions to come."""

    def __init__(self, lexicon: Lexicon | OlderLexicon, spoken: Mapping[str, Ranges]) -> None:
        self._lexicon = lexicon
        self._spoken = spoken
        self._kept = KeptLists()

    def unread(self, words: Iterable[Alternatives], language: str) -> set[str]:
        """The terms whose lists have to be read for these words."""
        return terms_of(word for word in words if self._kept.get((language, word)) is None)

    def counts(self, words: Sequence[Alternatives], language: str, tally: Tally) -> list[Postings]:
        """How often each chunk of a language, by its place, has each of the words."""
        kept = {word: self._kept.get((language, word)) for word in words}
        missing = [word for word, counts in kept.items() if counts is None]
        made = dict(zip(missing, self._made(missing, language, tally), strict=True))
        return [made[word] if (counts := kept[word]) is None else counts for word in words]

    def _made(self, words: Sequence[Alternatives], language: str, tally: Tally) -> Iterator[Postings]:
        lists = self._lexicon.counts(terms_of(words))
        is_spoken = self._lexicon.mask(self._spoken[language])
        for word in words:
            counts = any_of(word, lists, tally)
            here = is_spoken[counts.chunks]
            counts = Postings(counts.chunks[here], counts.values[here])
            self._kept.put((language, word), counts)
            yield counts


def any_of(alternatives: Alternatives, lists: Mapping[str, Postings], tally: Tally) -> Postings:
    """How often each chunk has any of the alternatives: all terms of one, as often as the rarest of them."""
    return tally.sum([tally.common([lists[term] for term in set(terms)]) for terms in alternatives])


def terms_of(words: Iterable[Alternatives]) -> set[str]:
    """The terms of all alternatives."""
    return {term for word in words for alternative in word for term in alternative}
