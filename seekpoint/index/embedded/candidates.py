"""Candidates: the chunks that vectors and posting lists propose for a question, with approximate scores."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import accumulate, chain
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from seekpoint.background import in_background
from seekpoint.index.embedded.chunk_ranges import Ranges, RangeScope
from seekpoint.index.embedded.database import THREADS_MAY_SHARE
from seekpoint.index.embedded.holdings import Holdings
from seekpoint.index.embedded.words.accumulators import Postings, PostingsCombiner, ScoreAccumulator, highest
from seekpoint.index.embedded.words.synonyms import Synonyms, terms_of
from seekpoint.index.retrieval import CandidateQuery, Candidates, Frequencies, Scope, WordGroup
from seekpoint.index.text import bm25
from seekpoint.index.types import Alternatives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seekpoint.index.embedded.vectors.search import VectorStore
    from seekpoint.index.embedded.words.lexicon import Lexicon

_MOST_POSTINGS = 300_000
"""The most entries of posting lists that are read for a question's words, and as many for its translations into each
language. The rarest words come first: in 100,000 chunks hardly a word is left out, in a million only common ones, which
say little beside the others.
"""


_Key = TypeVar("_Key", int, str)


class _Lexical(NamedTuple):
    """The best chunks by words in the scope and in the named scope, and the score of every chunk by translations."""

    best: Postings
    named_best: Postings
    translated: ScoreAccumulator


class CandidateSearch:
    """Proposes the chunks of a library for a question."""

    def __init__(self, vectors: VectorStore, lexicon: Lexicon, holdings: Holdings) -> None:
        self._vectors = vectors
        self._lexicon = lexicon
        self._holdings = holdings
        self._synonyms = Synonyms(lexicon, holdings.spoken)

    def frequencies(self, terms: Collection[str], groups: Sequence[WordGroup]) -> Frequencies:
        """Document frequencies, as `Reader.frequencies`."""
        alternatives = terms_of(group.alternatives for group in groups)
        known = self._lexicon.frequencies(chain(terms, alternatives))  # one query for all of them
        counts: list[int | None] = [None] * len(groups)
        for language, members in _by_language(groups).items():
            lengths = {k: _length(groups[k], known) for k in members}
            affordable = within_budget(lengths, _MOST_POSTINGS)
            looked_up = [k for k in members if k in affordable]
            lists = self._counts([groups[k].alternatives for k in looked_up], language)
            for k, postings in zip(looked_up, lists, strict=True):
                counts[k] = len(postings.chunks)
        return Frequencies({term: known[term] for term in terms if term in known}, counts)

    def candidates(self, query: CandidateQuery) -> Candidates:
        """The candidates for a question, as `Reader.candidates`."""
        keep = _ranges(query.scope)
        by_meaning = partial(self._vectors.nearest, query.vector, 2 * query.limit, keep)
        with in_background(by_meaning, may_share=THREADS_MAY_SHARE) as nearest:
            lexical = self._by_words(query, keep)
            dense = nearest()
        named_dense = None
        if query.named:
            named_dense = self._vectors.nearest(query.vector, query.limit, _ranges(query.named.scope))
        return self._merged(dense, named_dense, lexical, query.limit)

    def _by_words(self, query: CandidateQuery, keep: Ranges | None) -> _Lexical:
        named = query.named
        return _Lexical(
            self._best(query.terms, query.limit, keep),
            self._best(named.terms, query.limit, _ranges(named.scope)) if named else Postings.none(),
            self._translated(query.groups, keep),
        )

    def _best(self, weights: Mapping[str, float], limit: int, keep: Ranges | None) -> Postings:
        affordable = within_budget(self._lexicon.frequencies(weights), _MOST_POSTINGS)
        return self._lexicon.best({term: weight for term, weight in weights.items() if term in affordable}, limit, keep)

    def _translated(self, groups: Sequence[tuple[WordGroup, float]], keep: Ranges | None) -> ScoreAccumulator:
        scores = ScoreAccumulator(self._lexicon.span)
        for language, members in _by_language([group for group, _ in groups]).items():
            lists = self._counts([groups[k][0].alternatives for k in members], language)
            for k, (chunks, counts) in zip(members, lists, strict=True):
                scores.add(Postings(chunks, bm25.scores(counts, groups[k][1])))
        if keep is not None:
            scores.limit(self._lexicon.mask(keep))
        return scores

    def _counts(self, words: Sequence[Alternatives], language: str) -> list[Postings]:
        return self._synonyms.counts(words, language, PostingsCombiner(self._lexicon.span))

    def _merged(self, dense: Postings, named_dense: Postings | None, lexical: _Lexical, limit: int) -> Candidates:
        best_translated = highest(self._lexicon.by_id(lexical.translated.best(limit)), limit)
        lists = [dense, *([named_dense] if named_dense else []), lexical.best, lexical.named_best, best_translated]
        ids = _distinct(np.concatenate([postings.chunks for postings in lists]))
        cosines = np.full(len(ids), np.nan)
        for postings in [named_dense, dense] if named_dense else [dense]:
            cosines[np.searchsorted(ids, postings.chunks)] = postings.values
        transcripts = self._holdings.of_chunks(ids)
        return Candidates(
            ids=ids,
            cosines=cosines,
            farthest=float(dense.values.min(initial=np.inf)) if len(dense.values) else 0.0,
            bm25=_placed(lexical.best, ids),
            named_bm25=_placed(lexical.named_best, ids),
            translated=lexical.translated.at(self._lexicon.places(ids)),
            languages=[span.language for span in transcripts],
            resources=[span.resource_id for span in transcripts],
        )


def within_budget(lengths: Mapping[_Key, int], most: int) -> set[_Key]:
    """The keys with the shortest lists that together have at most `most` entries, and in any case the shortest one."""
    order = sorted(lengths, key=lambda key: lengths[key])
    totals = accumulate(lengths[key] for key in order)
    return {key for rank, (key, total) in enumerate(zip(order, totals, strict=True)) if total <= most or not rank}


def _distinct(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each id once, ascending. `np.unique` loads numpy.ma, which takes 5 ms of a cold question."""
    ids = np.sort(ids)
    return ids[np.flatnonzero(np.diff(ids, prepend=-1))]


def _by_language(groups: Sequence[WordGroup]) -> dict[str, list[int]]:
    """The indices of the groups of each language."""
    indices: dict[str, list[int]] = {}
    for k, group in enumerate(groups):
        indices.setdefault(group.language, []).append(k)
    return indices


def _length(group: WordGroup, frequencies: Mapping[str, int]) -> int:
    return sum(frequencies.get(term, 0) for term in terms_of([group.alternatives]))


def _placed(postings: Postings, ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """The value of each id: that of its posting, 0 if it has none."""
    values = np.zeros(len(ids))
    values[np.searchsorted(ids, postings.chunks)] = postings.values
    return values


def _ranges(scope: Scope | None) -> Ranges | None:
    if scope is None:
        return None
    assert isinstance(scope, RangeScope)
    return scope.ranges
