"""The candidates for a question: the chunks that a backend's searches by meaning and by words propose together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Protocol, TypeVar

from seekpoint.background import in_background
from seekpoint.index.types import Alternatives, CandidateQuery, Scope, Vectors, WordGroup

S = TypeVar("S", contravariant=True)

# How many chunks are proposed by meaning for each that is wanted, since vector indexes only approximate cosines. By
# words, as many as are wanted suffice: half more changes no result in benchmarks/RESULTS.md.
_BY_MEANING = 1.5


class Words(Protocol[S]):
    """Each search gives the ids of about the k best chunks that `keep` keeps, `without` those that have some terms."""

    def by_terms(self, weights: Mapping[str, float], k: int, keep: S, without: Collection[str]) -> Sequence[int]: ...
    def by_groups(
        self, groups: Sequence[tuple[WordGroup, float]], k: int, keep: S, without: Collection[str]
    ) -> Sequence[int]: ...
    def by_phrases(
        self,
        phrases: Sequence[Alternatives],
        weights: Mapping[str, float],
        k: int,
        keep: S,
        without: Collection[str],
    ) -> Sequence[int]: ...


def candidates(
    query: CandidateQuery,
    words: Words[S],
    nearest: Callable[[Vectors, int, S, Collection[str]], Sequence[int]],
    kept: Callable[[Scope | None], S],
    *,
    may_share: bool,
) -> list[int]:
    """The candidates for a question, as `Reader.candidates`.

    `nearest` searches by meaning as `words` do by words; if it can't exclude terms, it proposes more chunks instead.
    `kept` gives a backend's form of a scope. With `may_share`, two threads search.
    """
    keep, limit, without = kept(query.scope), query.limit, query.excluded
    by_groups = partial(words.by_groups, query.groups, limit, keep, without)
    with in_background(by_groups, may_share=may_share) as translated:  # the longest of the three
        by_meaning = nearest(query.vector, round(_BY_MEANING * limit), keep, without)
        proposed = [by_meaning, words.by_terms(query.terms, limit, keep, without), translated()]
    if query.named:
        named = kept(query.named.scope)
        proposed.append(nearest(query.vector, limit, named, without))
        proposed.append(words.by_terms(query.named.terms, limit, named, without))
    if query.required:
        phrases, most = query.required
        proposed.append(words.by_phrases(phrases, query.terms, most, keep, without))
    return sorted(set(chain.from_iterable(proposed)))
