"""Candidates: the chunks that the indexes propose for a question, by meaning, by words and by translations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from seekpoint.background import in_background
from seekpoint.index.embedded.chunk_ranges import Ranges, RangeScope
from seekpoint.index.embedded.database import THREADS_MAY_SHARE
from seekpoint.index.retrieval import CandidateQuery, Scope

if TYPE_CHECKING:
    from seekpoint.index.embedded.vectors.search import VectorStore
    from seekpoint.index.embedded.words.search import WordSearch

# How many chunks the indexes propose for each that is wanted, since they only approximate scores. Then nearly all of
# the best are among them: by terms all, by groups .98 on the questions about lectures.
_BY_MEANING, _BY_TERMS, _BY_GROUPS = 2.0, 1.5, 2.0


def candidates(query: CandidateQuery, vectors: VectorStore, words: WordSearch, chunks: Ranges) -> Sequence[int]:
    """The candidates for a question, as `Reader.candidates`; `chunks` are those of the library."""
    keep = _ranges(query.scope)
    by_meaning = partial(vectors.nearest, query.vector, round(_BY_MEANING * query.limit), keep)
    with in_background(by_meaning, may_share=THREADS_MAY_SHARE) as nearest:
        proposed = [*_by_words(query, words, keep)]
        proposed.append(nearest().chunks.tolist())
    if query.named:
        proposed.append(vectors.nearest(query.vector, query.limit, _ranges(query.named.scope)).chunks.tolist())
    ids = sorted(set(chain.from_iterable(proposed)))
    return [chunk_id for chunk_id, exists in zip(ids, chunks.contains(ids).tolist(), strict=True) if exists]


def _by_words(query: CandidateQuery, words: WordSearch, keep: Ranges | None) -> Iterator[list[int]]:
    yield words.by_terms(query.terms, round(_BY_TERMS * query.limit), keep)
    yield words.by_groups(query.groups, round(_BY_GROUPS * query.limit), keep)
    if query.named:
        yield words.by_terms(query.named.terms, query.limit, _ranges(query.named.scope))


def _ranges(scope: Scope | None) -> Ranges | None:
    if scope is None:
        return None
    assert isinstance(scope, RangeScope)
    return scope.ranges
