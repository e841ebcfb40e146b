"""From ranked hits to distinct moments: overlaps, the same passage in other languages, a mix of resources, openings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import StoredChunk
from seekpoint.query.answers import Hit
from seekpoint.query.search.settings import NEAR

# The first hits are mixed, and so many hits beyond those that are shown are looked at for that.
_MIXED, _BEYOND = 5, 10


def distinct(hits: Sequence[Hit], language: str | None) -> Iterator[Hit]:
    """The hits that don't overlap a better hit of the same resource.

    If the same passage was also found in the question's language, that chunk replaces the hit's.
    """
    taken: list[StoredChunk] = []
    for hit in hits:
        if not any(_shared_seconds(hit.chunk, chunk) > 0 for chunk in taken):
            preferred = _same_passage(hit, hits, language)
            taken += [hit.chunk, preferred.chunk]
            yield hit._replace(chunk=preferred.chunk)


def mixed(hits: Iterable[Hit], k: int, per_resource: int, nearly: float) -> tuple[list[Hit], Counter[str]]:
    """The first k of distinct hits, and how many more each resource has that are near the best hit.

    Among the first five are at most `per_resource` of a resource, unless no hit of another one is near, which also
    scores at least `nearly` times as much as the one whose place it takes.
    """
    left, shown, counts = list(islice(hits, k + _BEYOND)), list[Hit](), Counter[str]()
    least = NEAR * left[0].score if left else 0.0

    def may_replace(hit: Hit, held: Hit) -> bool:
        is_near = hit.score >= max(nearly * held.score, least)
        return is_near and counts[hit.chunk.resource_id] < per_resource and not hit.chunk.is_reference

    while left and len(shown) < k:
        hit = left[0]
        if len(shown) < _MIXED and counts[hit.chunk.resource_id] >= per_resource:
            hit = next((other for other in left if may_replace(other, hit)), hit)
        left.remove(hit)
        shown.append(hit)
        counts[hit.chunk.resource_id] += 1
    return shown, Counter(hit.chunk.resource_id for hit in left if hit.score >= least)


def openings(hits: Sequence[Hit], among: Sequence[Hit], nearly: float) -> dict[int, StoredChunk]:
    """For each hit, by its chunk's id, the chunk in which its answer may begin.

    That is the overlapping chunk before it, if it scores at least `nearly` times as much and doesn't overlap a better
    hit, which the reader has already seen; else the hit's own chunk.
    """
    return {
        hit.chunk.id: _opening(hit, among, nearly, [better.chunk for better in hits[:rank]])
        for rank, hit in enumerate(hits)
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


def _same_passage(hit: Hit, hits: Sequence[Hit], language: str | None) -> Hit:
    """The best hit on the same passage in the question's language, or else the hit itself."""
    if primary(hit.chunk.language) == language:
        return hit
    half = (hit.chunk.end - hit.chunk.start) / 2
    of_resource = (other for other in hits if other.chunk.resource_id == hit.chunk.resource_id)
    in_language = (other for other in of_resource if primary(other.chunk.language) == language)
    return next((other for other in in_language if _shared_seconds(hit.chunk, other.chunk) > half), hit)


def _shared_seconds(chunk: StoredChunk, other: StoredChunk) -> float:
    """The seconds by which two chunks of a resource overlap, whatever their languages; 0 or less if they don't."""
    if chunk.resource_id != other.resource_id:
        return 0.0
    return min(chunk.end, other.end) - max(chunk.start, other.start)
