"""The pure stages of a search, from scores to distinct places. Scores run from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import fsum

from index.languages import primary
from index.types import Hit, StoredChunk

# The share of the dense score; the rest is the lexical one's. On dev-natural 0.45 to 0.6 do equally well.
DENSE_SHARE = 0.5
# A passage in another language than the question's can't share its words: so much of the dense score stands in for
# them, and so much of how far the words' translations cover it is added. Alone, a stand-in of 0.4 to 0.6 does equally
# well on dev-natural. With translations moment@1 of Chinese questions over English lectures (fast.ai) goes from .34 to
# .38; from 0.3 of them on, they push passages in the question's own language aside (dev-natural).
_STAND_IN = 0.4
_TRANSLATED = 0.2
K1 = 1.2
"""BM25's saturation, as FTS5 has it built in: a term that repeats without end counts K1 + 1 times its weight."""

UNKNOWN_SHARE = 0.5
"""So much of the heaviest one's weight has a word that the library doesn't know."""


def coverage(bm25: float, weights: Mapping[str, float], question_terms: Iterable[str]) -> float:
    """BM25 as a share of the most that the question could reach, so that it means the same for every question.

    `weights` holds the terms that the library knows.
    """
    unknown = max(weights.values(), default=0.0) * UNKNOWN_SHARE
    most = fsum(weights.get(term, unknown) for term in set(question_terms)) * (K1 + 1)
    return min(bm25 / most, 1.0) if most else 0.0


def fuse(
    chunks: Iterable[StoredChunk],
    dense: Mapping[int, float],
    lexical: Mapping[int, float],
    language: str | None,
    translated: Mapping[int, float] | None = None,
) -> list[Hit]:
    """Every chunk with the convex sum of its two scores, best first.

    `language` is the question's; `translated` is the coverage of chunks in other languages by its words' translations.
    """
    translated = translated or {}
    hits = []
    for chunk in chunks:
        meaning, words = max(dense.get(chunk.id, 0.0), 0.0), lexical.get(chunk.id, 0.0)
        if primary(chunk.language) != language:
            words = max(words, min(_STAND_IN * meaning + _TRANSLATED * translated.get(chunk.id, 0.0), 1.0))
        hits.append(Hit(chunk, meaning, words, DENSE_SHARE * meaning + (1 - DENSE_SHARE) * words))
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))


def distinct(hits: Sequence[Hit], language: str | None) -> Iterator[Hit]:
    """The hits that overlap no better one of the same resource, in the question's language where that was found too."""
    taken: list[StoredChunk] = []
    for hit in hits:
        if not any(_shared_seconds(hit.chunk, other) > 0 for other in taken):
            chosen = _twin(hit, hits, language)
            taken += [hit.chunk, chosen.chunk]
            yield replace(chosen, score=hit.score)


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
