"""The pure stages of a search, from scores to distinct places. Scores run from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import accumulate
from math import fsum, inf
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import StoredChunk
from seekpoint.query.answers import Hit
from seekpoint.query.search.settings import COMMON, K1, TUNING, UNKNOWN_SHARE, Tuning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.floating]


def telling(weights: Mapping[str, float], question_terms: Sequence[str]) -> list[str]:
    """The terms that tell passages apart: not those that a third of them have, unless all known ones are such.

    They have the longest lists to read by far, and without them answers are as good. In a library of a few passages
    every term is in more than a third of them.
    """
    if all(weight < COMMON for weight in weights.values()):
        return list(question_terms)
    return [term for term in question_terms if weights.get(term, inf) >= COMMON]


def cheapest(lengths: Mapping[str, int], most: int) -> set[str]:
    """Those with the shortest lists, as many as have `most` entries together, and in any case the first."""
    order = sorted(lengths, key=lambda name: lengths[name])
    reached = accumulate(lengths[name] for name in order)
    return {name for place, (name, total) in enumerate(zip(order, reached, strict=True)) if total <= most or not place}


def coverage(
    bm25: Iterable[tuple[int, float]], weights: Mapping[str, float], question_terms: Iterable[str]
) -> dict[int, float]:
    """BM25, by chunk, as a share of the most that the question could reach: it means the same for every question then.

    `weights` holds the terms that the library knows.
    """
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    most = fsum(weights.get(term, unknown) for term in set(question_terms)) * (K1 + 1)
    return {chunk_id: min(score / most, 1.0) for chunk_id, score in bm25} if most else {}


def fuse(
    chunks: Iterable[StoredChunk],
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    language: str | None,
    translated: Mapping[int, float] | None = None,
    tuning: Tuning = TUNING,
    named: Set[str] = frozenset(),
) -> list[Hit]:
    """Every chunk with the convex sum of its two scores, best first; those of references behind all others.

    `language` is the question's; `translated` is the coverage of chunks in other languages by its words' translations;
    `named` are the ids of resources that the question names.
    """
    translated = translated or {}
    chunks = list(chunks)
    found = Parts(
        np.array([dense.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([lexical.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([translated.get(chunk.id, 0.0) for chunk in chunks]),
        np.array([primary(chunk.language) != language for chunk in chunks], bool),
        np.array([chunk.resource_id in named for chunk in chunks], bool),
    ).scored(tuning)
    hits = list(map(Hit, chunks, *(column.tolist() for column in found)))
    last = np.array([chunk.is_reference for chunk in chunks], bool)
    order = np.lexsort([np.array([chunk.id for chunk in chunks]), -found.score, last])
    return [hits[place] for place in order.tolist()]


class Scored(NamedTuple):
    """How near chunks are by meaning, by words or what stands in for them, and all told."""

    meaning: Floats
    words: Floats
    score: Floats


class Parts(NamedTuple):
    """What is known of some chunks: cosines, the coverage of words and of their translations, and two marks.

    `are_foreign` are those in other languages than the question, `are_named` those in resources that it names.
    """

    cosines: Floats
    words: Floats
    translated: Floats
    are_foreign: NDArray[np.bool_]
    are_named: NDArray[np.bool_]

    def scored(self, tuning: Tuning) -> Scored:
        """The convex sum of meaning and words, where meaning and translations stand in for words between languages."""
        meaning = np.maximum(self.cosines, 0.0)
        stand_in = np.minimum(tuning.stand_in * meaning + tuning.translated * self.translated, 1.0)
        words = np.where(self.are_foreign, np.maximum(self.words, stand_in), self.words)
        score = tuning.dense_share * meaning + (1 - tuning.dense_share) * words
        score = np.where(self.are_named, np.minimum(score + tuning.named, 1.0), score)
        return Scored(meaning, words, score)


def distinct(hits: Sequence[Hit], language: str | None) -> Iterator[Hit]:
    """The hits that overlap no better one of the same resource, in the question's language where that was found too."""
    taken: list[StoredChunk] = []
    for hit in hits:
        if not any(_shared_seconds(hit.chunk, other) > 0 for other in taken):
            chosen = _twin(hit, hits, language)
            taken += [hit.chunk, chosen.chunk]
            yield hit._replace(chunk=chosen.chunk)


def openings(hits: Sequence[Hit], among: Sequence[Hit], nearly: float) -> dict[int, StoredChunk]:
    """For each hit, by its chunk, the chunk in which its answer may begin: the one before if nearly as good, or it.

    That must not touch a better hit, where the reader has been already.
    """
    return {
        hit.chunk.id: _opening(hit, among, nearly, [better.chunk for better in hits[:place]])
        for place, hit in enumerate(hits)
    }


def _opening(hit: Hit, among: Sequence[Hit], nearly: float, taken: Sequence[StoredChunk]) -> StoredChunk:
    before = [
        other.chunk
        for other in among
        if other.chunk.transcript_id == hit.chunk.transcript_id
        and other.chunk.start < hit.chunk.start < other.chunk.end
        and other.score >= nearly * hit.score
        and not any(_shared_seconds(other.chunk, chunk) > 0 for chunk in taken)
    ]
    return max(before, key=lambda chunk: chunk.start, default=hit.chunk)


def _twin(hit: Hit, hits: Sequence[Hit], language: str | None) -> Hit:
    """The best hit on the same passage in the question's language; the hit itself where there is none."""
    if primary(hit.chunk.language) == language:
        return hit
    half = (hit.chunk.end - hit.chunk.start) / 2
    return next(
        (
            other
            for other in hits
            if primary(other.chunk.language) == language and _shared_seconds(hit.chunk, other.chunk) > half
        ),
        hit,
    )


def _shared_seconds(one: StoredChunk, other: StoredChunk) -> float:
    """How long two chunks of a resource overlap, whatever their languages; chunks of two resources never do."""
    if one.resource_id != other.resource_id:
        return 0.0
    return min(one.end, other.end) - max(one.start, other.start)
