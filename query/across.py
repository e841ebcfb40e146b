"""Words across languages: what a question's words mean in the passages' language, weighed as one term a word.

All translations of a word count together, so that a word with many doesn't outweigh one with few: their frequencies
are added, and how rare it is follows from the passages that have any of them (Pirkola's structured query).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from index.scripts import simplified
from index.terms import Term, located_terms
from index.translations import Alternatives, joined
from query.localise import SALIENT_SHARE
from query.ranking import K1, UNKNOWN_SHARE

# A word that is looked up has at most so many terms: two neighbouring characters are one where no spaces are written.
_MOST_TERMS = 7
_MOST_WORDS = 3


class Group(NamedTuple):
    """A word of the question with its translations."""

    word: str
    alternatives: Alternatives


class Weighed(NamedTuple):
    """A group, how often each chunk has any of its translations, and how rare that is."""

    group: Group
    counts: Mapping[int, int]
    weight: float


def candidates(text: str) -> list[str]:
    """All that could be a word with translations, as keys."""
    return list(dict.fromkeys(key for _, _, key in _spans(text)))


def groups(text: str, found: Mapping[str, Alternatives]) -> list[Group]:
    """The words of a text that were found, each once: left to right, the longest first, none inside another."""
    matched: dict[str, Group] = {}
    reached = 0
    for start, stop, key in _spans(text):
        if start >= reached and key in found:
            matched[key] = Group(key, found[key])
            reached = stop
    return list(matched.values())


def terms_of(groups: Iterable[Group]) -> set[str]:
    """The terms of all translations."""
    return {term for group in groups for alternative in group.alternatives for term in alternative}


def weigh(groups: Sequence[Group], postings: Mapping[str, Mapping[int, int]], chunks: Set[int]) -> list[Weighed]:
    """Each group with its counts and weight in those chunks; `postings` holds the chunks of each term."""
    return [_weighed(group, _counts(group.alternatives, postings, chunks), len(chunks)) for group in groups]


def coverage(weighed: Sequence[Weighed]) -> dict[int, float]:
    """BM25 of each chunk that has any translation, as a share of the most that the question could reach.

    Without length normalisation, as the passages are equally long.
    """
    known = [one for one in weighed if one.counts]
    heaviest = max((one.weight for one in known), default=0.0)
    missing = (len(weighed) - len(known)) * UNKNOWN_SHARE * heaviest
    most = (math.fsum(one.weight for one in known) + missing) * (K1 + 1)
    reached: dict[int, float] = {}
    for one in known:
        for chunk, count in one.counts.items():
            reached[chunk] = reached.get(chunk, 0.0) + one.weight * count * (K1 + 1) / (count + K1)
    return {chunk: score / most for chunk, score in reached.items()}


def weights(weighed: Sequence[Weighed]) -> dict[str, float]:
    """The terms of the translations that tell where the answer is, each with its part of its word's weight."""
    least = SALIENT_SHARE * max((one.weight for one in weighed), default=0.0)
    found: dict[str, float] = {}
    for one in weighed:
        if one.counts and one.weight >= least:
            for alternative in one.group.alternatives:
                for term in alternative:
                    found[term] = max(found.get(term, 0.0), one.weight / len(alternative))
    return found


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Neighbouring terms with where they start and stop and their key: left to right, at each place longest first."""
    text = simplified(text)
    found = list(located_terms(text))
    for first, term in enumerate(found):
        for last in range(_reach(found, first), first - 1, -1):
            yield term.start, found[last].stop, joined(text, found[first : last + 1])


def _reach(terms: Sequence[Term], first: int) -> int:
    """The last term of the longest word that could begin with the first: in a run of characters they overlap."""
    overlap = _overlap(terms, first)
    last, most = first, first + (_MOST_TERMS if overlap else _MOST_WORDS)
    while last + 1 < min(len(terms), most) and _overlap(terms, last) == overlap:
        last += 1
    return last


def _overlap(terms: Sequence[Term], one: int) -> bool:
    return one + 1 < len(terms) and terms[one + 1].start < terms[one].stop


def _counts(
    alternatives: Alternatives, postings: Mapping[str, Mapping[int, int]], chunks: Set[int]
) -> Mapping[int, int]:
    """How often each chunk has any alternative, which it has as often as the rarest of its terms."""
    total: Counter[int] = Counter()
    for alternative in alternatives:
        found = [postings.get(term, {}) for term in set(alternative)]
        for chunk in set.intersection(*(chunks & one.keys() for one in found)):
            total[chunk] += min(one[chunk] for one in found)
    return total


def _weighed(group: Group, counts: Mapping[int, int], chunks: int) -> Weighed:
    rarity = math.log((chunks - len(counts) + 0.5) / (len(counts) + 0.5))
    return Weighed(group, counts, max(rarity, 1e-6) if counts else 0.0)
