"""Candidates: the chunks that the indexes propose for a question, by meaning, by words and by translations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from seekpoint.background import in_background
from seekpoint.index.embedded.chunk_ranges import Ranges, RangeScope
from seekpoint.index.embedded.database import THREADS_MAY_SHARE
from seekpoint.index.store import CandidateQuery, Scope

if TYPE_CHECKING:
    from seekpoint.index.embedded.vectors.search import VectorStore
    from seekpoint.index.embedded.words.search import WordSearch

# How many chunks are proposed by meaning for each that is wanted, since vector files only approximate cosines. By words
# as many as wanted do: with half more, no set of docs/quality.md changes.
_BY_MEANING = 1.5
# As many times more by meaning where some are excluded, since vector files don't know words.
_WHERE_SOME_ARE_EXCLUDED = 3


def candidates(query: CandidateQuery, vectors: VectorStore, words: WordSearch, chunks: Ranges) -> Sequence[int]:
    """The candidates for a question, as `Reader.candidates`; `chunks` are those of the library."""
    keep = _ranges(query.scope)
    without, more = query.excluded, _WHERE_SOME_ARE_EXCLUDED if query.excluded else 1
    by_groups = partial(words.by_groups, query.groups, query.limit, keep, without)
    with in_background(by_groups, may_share=THREADS_MAY_SHARE) as translated:  # the longest of the three
        nearest = vectors.nearest(query.vector, round(_BY_MEANING * query.limit * more), keep).chunks.tolist()
        proposed = [nearest, words.by_terms(query.terms, query.limit, keep, without), translated()]
    if query.named:
        named = _ranges(query.named.scope)
        proposed.append(vectors.nearest(query.vector, query.limit * more, named).chunks.tolist())
        proposed.append(words.by_terms(query.named.terms, query.limit, named, without))
    if query.required:
        phrases, most = query.required
        proposed.append(words.by_phrases(phrases, query.terms, most, keep, without))
    ids = sorted(set(chain.from_iterable(proposed)))
    return [chunk_id for chunk_id, exists in zip(ids, chunks.contains(ids).tolist(), strict=True) if exists]


def _ranges(scope: Scope | None) -> Ranges | None:
    if scope is None:
        return None
    assert isinstance(scope, RangeScope)
    return scope.ranges
