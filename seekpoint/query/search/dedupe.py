"""From ranked hits to distinct moments: overlaps, twins in another language, and where each answer may begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import StoredChunk
from seekpoint.query.answers import Hit


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
