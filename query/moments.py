"""From hits to moments: the second where each answer begins, what is said there, and the link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from index.chapters import begun, title_at
from index.languages import primary
from index.library import Library
from index.types import Details, Hit, Moment, Resource, StoredChunk
from query.explain import explain
from query.links import link
from query.localise import best_cue, marks, quote, salient
from query.sought import Sought
from query.tuning import Tuning

if TYPE_CHECKING:
    from query.windows import Windows


def moments(
    hits: Sequence[Hit],
    sought: Sought,
    openings: Mapping[int, StoredChunk],
    windows: Mapping[int, Windows],
    library: Library,
    tuning: Tuning,
    *,
    explained: bool,
) -> Iterator[Moment]:
    """A moment for each hit, in their order.

    `openings` are the chunks in which they may begin, and `windows` those of chunks that have any, by chunk.
    """
    found_in = [hit.chunk.resource_id for hit in hits]
    resources, details = library.resources(found_in), library.details_by_id(found_in)
    for rank, (hit, found) in enumerate(zip(hits, found_in, strict=True), 1):
        opening = openings[hit.chunk.id]
        moment = _moment(rank, hit, opening, resources[found], details[found], sought, windows, library, tuning)
        if explained:
            said = " ".join(cue.text for cue in library.cues(hit.chunk.transcript_id, hit.chunk.first, hit.chunk.stop))
            moment = replace(moment, explanation=explain(hit, said, sought, windows.get(hit.chunk.id), tuning))
        yield moment


def _moment(
    rank: int,
    hit: Hit,
    opening: StoredChunk,
    resource: Resource,
    details: Details,
    sought: Sought,
    windows: Mapping[int, Windows],
    library: Library,
    tuning: Tuning,
) -> Moment:
    chunk = hit.chunk
    weights = {**salient(sought.weights), **sought.glosses.get(primary(chunk.language), {})}
    cues = library.cues(chunk.transcript_id, opening.first, chunk.stop)
    chapters = begun(details.chapters, opening.start, chunk.end)
    first = best_cue(cues, weights, chapters, _nearness(chunk, opening, windows), tuning.reach)
    words = quote(cues[first:])
    last = inf if details.duration is None else details.duration  # captions of another cut go on beyond it
    start = min(cues[first].start, last)
    return Moment(
        rank=rank,
        score=round(hit.score, 4),
        resource=resource,
        language=chunk.language,
        start=start,
        end=min(chunk.end, last),
        quote=words,
        link=link(resource, start),
        marks=marks(words, weights.keys()),
        chapter=title_at(details.chapters, start),
    )


def _nearness(
    chunk: StoredChunk, opening: StoredChunk, windows: Mapping[int, Windows]
) -> Callable[[float], float] | None:
    """How near in meaning is what is said from a second on, in the chunk or before it; `None` where nobody knows."""
    if chunk.id not in windows or opening.id not in windows:
        return None
    return lambda second: windows[(opening if second < chunk.start else chunk).id].ahead_at(second)
