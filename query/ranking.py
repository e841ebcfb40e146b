"""The pure stages of a search, from scores to distinct places. Scores run from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import fsum

from index.languages import primary
from index.types import Hit, StoredChunk

# The share of the dense score; the rest is the lexical one's. On dev-natural 0.45 to 0.6 do equally well.
DENSE_SHARE = 0.5
# A passage in another language than the question's can't share its words: so much of the dense score stands in for
# them. With 0.4 to 0.6 the results on dev-natural are the same within the noise; without it Chinese questions lose
# half of the English answers.
_STAND_IN = 0.5
# FTS5's bm25 has k1 = 1.2 built in, so a term that repeats without end counts 2.2 times its weight.
_BM25_CEILING = 2.2


def coverage(bm25: float, weights: Mapping[str, float], question_terms: Iterable[str]) -> float:
    """BM25 as a share of the most that the question could reach, so that it means the same for every question.

    `weights` holds the terms that the library knows; one that it doesn't know weighs half the heaviest.
    """
    unknown = max(weights.values(), default=0.0) / 2
    most = fsum(weights.get(term, unknown) for term in set(question_terms)) * _BM25_CEILING
    return min(bm25 / most, 1.0) if most else 0.0


def fuse(
    chunks: Iterable[StoredChunk], dense: Mapping[int, float], lexical: Mapping[int, float], language: str | None
) -> list[Hit]:
    """Every chunk with the convex sum of its two scores, best first. `language` is the question's."""
    hits = []
    for chunk in chunks:
        meaning, words = max(dense.get(chunk.id, 0.0), 0.0), lexical.get(chunk.id, 0.0)
        if primary(chunk.language) != language:
            words = max(words, _STAND_IN * meaning)
        hits.append(Hit(chunk, meaning, words, DENSE_SHARE * meaning + (1 - DENSE_SHARE) * words))
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))


def distinct(hits: Iterable[Hit]) -> Iterator[Hit]:
    """The hits that overlap no better one of the same resource, in whatever language that one is."""
    taken: dict[str, list[StoredChunk]] = {}
    for hit in hits:
        chunk = hit.chunk
        others = taken.setdefault(chunk.resource_id, [])
        if all(chunk.end <= other.start or other.end <= chunk.start for other in others):
            others.append(chunk)
            yield hit
