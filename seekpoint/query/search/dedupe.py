"""From ranked hits to distinct moments: overlapping hits, the same passage in other languages, earlier beginnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seekpoint.index.chunks import StoredChunk
from seekpoint.index.text.language_tags import primary
from seekpoint.query.answers import Hit


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
    return next(
        (
            other
            for other in hits
            if primary(other.chunk.language) == language and _shared_seconds(hit.chunk, other.chunk) > half
        ),
        hit,
    )


def _shared_seconds(chunk: StoredChunk, other: StoredChunk) -> float:
    """The seconds by which two chunks of a resource overlap, whatever their languages; 0 or less if they don't."""
    if chunk.resource_id != other.resource_id:
        return 0.0
    return min(chunk.end, other.end) - max(chunk.start, other.start)
