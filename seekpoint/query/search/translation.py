"""Words across languages: what a question's words mean in the passages' language, weighed as one term a word.

All translations of a word count together, so that a word with many doesn't outweigh one with few: their frequencies
are added, and how rare it is follows from the passages that have any of them (Pirkola's structured query).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seekpoint.index.embedded.translations import Alternatives, joined
from seekpoint.index.embedded.words import synonyms
from seekpoint.index.embedded.words.accumulators import Postings
from seekpoint.index.text.scripts import simplified
from seekpoint.index.text.terms import Term, located_terms
from seekpoint.query.search.scoring import cheapest
from seekpoint.query.search.settings import K1, SALIENT_SHARE, UNKNOWN_SHARE

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

# A word that is looked up has at most so many terms: two neighbouring characters are one where no spaces are written.
_MOST_TERMS = 7
_MOST_WORDS = 3


class Group(NamedTuple):
    """A word, as the question has it, with its translations."""

    word: str
    alternatives: Alternatives


class _Span(NamedTuple):
    """Where some neighbouring terms start and stop, and their key."""

    start: int
    stop: int
    key: str


class Weighed(NamedTuple):
    """A group, how often each chunk has any of its translations, and how rare that is."""

    group: Group
    counts: Postings
    weight: float

    @property
    def is_said(self) -> bool:
        """Whether any chunk has a translation."""
        return len(self.counts.chunks) > 0


def candidates(text: str) -> list[str]:
    """All that could be a word with translations, as keys."""
    return list(dict.fromkeys(span.key for span in _spans(text)))


def groups(text: str, found: Mapping[str, Alternatives]) -> list[Group]:
    """The words of a text that were found, each once: left to right, the longest first, none inside another."""
    matched: dict[str, Group] = {}
    reached = 0
    for start, stop, key in _spans(text):
        if start >= reached and key in found:
            matched[key] = Group(text[start:stop], found[key])
            reached = stop
    return list(matched.values())


def affordable(groups: Sequence[Group], frequencies: Mapping[str, int], most: int) -> list[Group]:
    """The groups whose lists are short enough: the shortest first, until they have `most` entries together."""
    lengths = {group.word: sum(frequencies.get(term, 0) for term in terms_of([group])) for group in groups}
    kept = cheapest(lengths, most)
    return [group for group in groups if group.word in kept]


def terms_of(groups: Iterable[Group]) -> set[str]:
    """The terms of all translations."""
    return synonyms.terms_of(group.alternatives for group in groups)


def weigh(groups: Sequence[Group], counts: Sequence[Postings], chunks: int) -> list[Weighed]:
    """Each group with how often it is said, of so many chunks in that language, and its weight."""
    return [_weighed(group, found, chunks) for group, found in zip(groups, counts, strict=True)]


def coverage(weighed: Sequence[Weighed]) -> Iterator[Postings]:
    """What each word adds to the BM25 of chunks that have it, as a share of the most that the question could reach.

    Without length normalisation, as the passages are equally long.
    """
    known = [one for one in weighed if one.is_said]
    heaviest = max((one.weight for one in known), default=0.0)
    missing = (len(weighed) - len(known)) * UNKNOWN_SHARE * heaviest
    most = (math.fsum(one.weight for one in known) + missing) * (K1 + 1)
    return (Postings(one.counts.chunks, _bm25(one.counts.values, one.weight / most)) for one in known)


def _bm25(counts: Vectors, weight: float) -> Vectors:
    return np.float32(weight * (K1 + 1)) * counts / (counts + np.float32(K1))


def weights(weighed: Sequence[Weighed]) -> dict[str, float]:
    """The terms of the translations that tell where the answer is, each with its part of its word's weight."""
    least = SALIENT_SHARE * max((one.weight for one in weighed), default=0.0)
    found: dict[str, float] = {}
    for one in weighed:
        if one.is_said and one.weight >= least:
            for alternative in one.group.alternatives:
                for term in alternative:
                    found[term] = max(found.get(term, 0.0), one.weight / len(alternative))
    return found


@lru_cache(maxsize=16)
def _spans(text: str) -> tuple[_Span, ...]:
    """Neighbouring terms: left to right, at each place the longest first; a question is asked for several languages."""
    text = simplified(text)
    found = list(located_terms(text))
    return tuple(
        _Span(term.start, found[last].stop, joined(text, found[first : last + 1]))
        for first, term in enumerate(found)
        for last in range(_reach(found, first), first - 1, -1)
    )


def _reach(terms: Sequence[Term], first: int) -> int:
    """The last term of the longest word that could begin with the first: in a run of characters they overlap."""
    overlap = _overlap(terms, first)
    last, most = first, first + (_MOST_TERMS if overlap else _MOST_WORDS)
    while last + 1 < min(len(terms), most) and _overlap(terms, last) == overlap:
        last += 1
    return last


def _overlap(terms: Sequence[Term], one: int) -> bool:
    return one + 1 < len(terms) and terms[one + 1].start < terms[one].stop


def _weighed(group: Group, counts: Postings, chunks: int) -> Weighed:
    having = len(counts.chunks)
    rarity = math.log((chunks - having + 0.5) / (having + 0.5))
    return Weighed(group, counts, max(rarity, 1e-6) if having else 0.0)
