"""From hits to moments: the second where each answer begins, what is said there, and the link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from index.chapters import begun, title_at
from index.languages import primary
from index.library import Library
from index.types import Details, Hit, Moment, Resource
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
    windows: Mapping[int, Windows],
    library: Library,
    tuning: Tuning,
    *,
    explained: bool,
) -> Iterator[Moment]:
    """A moment for each hit, in their order; `windows` are those of their chunks, where they have any."""
    found_in = [hit.chunk.resource_id for hit in hits]
    resources, details = library.resources(found_in), library.details_by_id(found_in)
    for rank, (hit, found) in enumerate(zip(hits, found_in, strict=True), 1):
        near = windows.get(hit.chunk.id)
        yield _moment(rank, hit, resources[found], details[found], sought, near, library, tuning, explained=explained)


def _moment(
    rank: int,
    hit: Hit,
    resource: Resource,
    details: Details,
    sought: Sought,
    windows: Windows | None,
    library: Library,
    tuning: Tuning,
    *,
    explained: bool,
) -> Moment:
    chunk = hit.chunk
    weights = {**salient(sought.weights), **sought.glosses.get(primary(chunk.language), {})}
    cues = library.cues(chunk.transcript_id, chunk.first, chunk.stop)
    chapters = begun(details.chapters, chunk.start, chunk.end)
    first = best_cue(cues, weights, chapters, windows.ahead_at if windows else None, tuning.reach)
    words = quote(cues[first:])
    last = inf if details.duration is None else details.duration  # captions of another cut go on beyond it
    start = min(cues[first].start, last)
    said = " ".join(cue.text for cue in cues)
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
        explanation=explain(hit, said, sought, windows, tuning) if explained else None,
    )
