"""Search by words in one snapshot: the word index on disk, and one in memory of the chunks that it lacks.

Any index serves any snapshot of its library: transcripts that only the index has are hidden, and those that it lacks (a
build is running, or was killed) are indexed in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.background import in_background
from seekpoint.index.embedded import word_files
from seekpoint.index.embedded.chunk_ranges import Holdings, Ranges, RangeScope, TranscriptSpan
from seekpoint.index.embedded.database import THREADS_MAY_SHARE, damaged, library_errors
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.word_index import WordIndex, engine_errors
from seekpoint.index.types import BY_MEANING, Alternatives, CandidateQuery, Scope, WordGroup

if TYPE_CHECKING:
    from tantivy import Query

    from seekpoint.index.embedded.vectors import VectorStore


@dataclass(eq=False)
class WordSearch:
    """Counts and proposes the chunks of a snapshot by words. Raises DamagedLibrary."""

    _folder: Path
    _connection: sqlite3.Connection
    _manifest: Manifest
    _holdings: Holdings

    def frequencies(self, terms: Collection[str]) -> dict[str, int]:
        """The number of chunks with each term; terms that no chunk has are left out."""
        counts = {term: self._count(term) for term in dict.fromkeys(terms)}
        return {term: count for term, count in counts.items() if count}

    def group_frequencies(self, groups: Sequence[WordGroup]) -> list[int]:
        """The number of chunks of each group's language that have any of its alternatives; counted by two threads."""
        self._indexes  # noqa: B018 - opened by this thread
        half = len(groups) // 2
        with in_background(lambda: [*map(self._count, groups[:half])]) as first_half:
            rest = [*map(self._count, groups[half:])]
            return [*first_half(), *rest]

    def by_terms(
        self, weights: Mapping[str, float], k: int, keep: Ranges | None, without: Collection[str] = ()
    ) -> list[int]:
        """The ids of about the k best chunks by weighted terms that `keep` keeps, `without` those with some terms."""
        return self._best(lambda index: index.by_terms(weights), k, keep, without)

    def by_groups(
        self,
        groups: Sequence[tuple[WordGroup, float]],
        k: int,
        keep: Ranges | None,
        without: Collection[str] = (),
    ) -> list[int]:
        """As `by_terms`, by weighted groups."""
        return self._best(lambda index: index.by_groups(groups), k, keep, without)

    def by_phrases(
        self,
        phrases: Sequence[Alternatives],
        weights: Mapping[str, float],
        k: int,
        keep: Ranges | None,
        without: Collection[str] = (),
    ) -> list[int]:
        """As `by_terms`, of those that have the terms of all phrases."""
        return self._best(lambda index: index.by_phrases(phrases, weights), k, keep, without)

    def _count(self, sought: str | WordGroup) -> int:
        with self._errors():
            count = sum(index.count(sought) for index in self._indexes)
            if count > len(self._holdings.alive):
                raise ValueError("it counts more chunks than there are")
            return count

    def _best(
        self, queries: Callable[[WordIndex], list[Query]], k: int, keep: Ranges | None, without: Collection[str]
    ) -> list[int]:
        within = None if keep is None else self._holdings.transcripts_in(keep)
        with self._errors():
            proposals = [hit for index in self._indexes for hit in index.best(queries(index), k, within, without)]
        return [chunk for _, chunk in sorted(proposals, reverse=True)[:k]]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with library_errors(self._folder), engine_errors():
                yield
        except ValueError as error:
            reason = " ".join(str(error).split())  # the engine's own may have several lines
            raise damaged(self._folder, f"its word index can't be read ({reason})") from error

    @cached_property
    def _indexes(self) -> list[WordIndex]:
        index = word_files.current(self._folder, self._manifest, self._holdings)
        if index is None:
            return [self._in_memory(self._holdings.transcripts)]
        if not index.lacking:
            return [index]
        return [index, self._in_memory([span for span in self._holdings.transcripts if span.first in index.lacking])]

    def _in_memory(self, spans: Sequence[TranscriptSpan]) -> WordIndex:
        entries = word_files.entries(self._folder, self._connection, spans)
        return WordIndex.in_memory(entries, self._holdings.spoken, [span.first for span in spans])


# As many times more by meaning where some are excluded, since vector files don't know words; a server's index does.
_WHERE_SOME_ARE_EXCLUDED = 3


def candidates(query: CandidateQuery, vectors: VectorStore, words: WordSearch, chunks: Ranges) -> Sequence[int]:
    """The candidates for a question, as `Reader.candidates`; `chunks` are those of the library."""
    keep = _ranges(query.scope)
    without, more = query.excluded, _WHERE_SOME_ARE_EXCLUDED if query.excluded else 1
    by_groups = partial(words.by_groups, query.groups, query.limit, keep, without)
    with in_background(by_groups, may_share=THREADS_MAY_SHARE) as translated:  # the longest of the three
        nearest = vectors.nearest(query.vector, round(BY_MEANING * query.limit * more), keep).chunks.tolist()
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
