"""From hits to moments: the second where each answer begins, what is said there, and the link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, takewhile
from math import inf
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from seekpoint.index.embedded.library import Library
from seekpoint.index.text.chapters import begun, title_at
from seekpoint.index.text.language_tags import primary
from seekpoint.index.types import Cue, Details, Resource, StoredChunk
from seekpoint.query.answers import Explanation, Hit, Moment
from seekpoint.query.links.timestamps import link, text_link
from seekpoint.query.search.explain import explain
from seekpoint.query.search.localise import best_cue, marks, quoted, said_in, salient
from seekpoint.query.search.question import Sought
from seekpoint.query.search.settings import Tuning

if TYPE_CHECKING:
    from seekpoint.query.search.window_scores import Windows

# What browsers show as it is, line by line; of Markdown they show the beginning, whatever the link says.
_PLAIN, _MARKDOWN = ".txt", ".md"


class Search(NamedTuple):
    """What was looked for, where, and what came to light beside the hits.

    `openings` are the chunks in which hits may begin, and `windows` those of chunks that have any, by chunk.
    """

    sought: Sought
    library: Library
    tuning: Tuning
    openings: Mapping[int, StoredChunk]
    windows: Mapping[int, Windows]


def moments(hits: Sequence[Hit], search: Search, *, explained: bool) -> Iterator[Moment]:
    """A moment for each hit, in their order."""
    found_in = [hit.chunk.resource_id for hit in hits]
    resources, details = search.library.resources(found_in), search.library.details_by_id(found_in)
    for rank, (hit, found) in enumerate(zip(hits, found_in, strict=True), 1):
        moment = _moment(rank, hit, resources[found], details[found], search)
        yield replace(moment, explanation=_explanation(hit, moment, search)) if explained else moment


def _moment(rank: int, hit: Hit, resource: Resource, details: Details, search: Search) -> Moment:
    chunk, opening = hit.chunk, search.openings[hit.chunk.id]
    weights = _weights(chunk, search.sought)
    cues = search.library.cues(chunk.transcript_id, opening.first, chunk.stop)
    chapters = begun(details.chapters, opening.start, chunk.end)
    terms = said_in(cues, salient(search.sought.weights).keys() | weights.keys())
    first = best_cue(cues, terms, weights, chapters, _nearness(chunk, opening, search.windows), search.tuning.reach)
    said = quoted(cues[first:])
    before = sum(len(cue.text) + 1 for cue in cues[:first])
    last = inf if details.duration is None else details.duration  # captions of another cut go on beyond it
    start = min(said[0].start, last)
    plays = resource.kind.plays
    return Moment(
        rank=rank,
        score=round(hit.score, 4),
        resource=resource,
        language=chunk.language,
        start=start if plays else None,
        end=min(chunk.end, last) if plays else None,
        quote=" ".join(cue.text for cue in said),
        link=link(resource, start)
        if plays
        else _link_to_text(resource, said, opening.first + first, chunk, details, search.library),
        marks=marks(chain.from_iterable(terms[first : first + len(said)]), before),
        chapter=title_at(details.chapters, start),
        page=said[0].page,
    )


def _weights(chunk: StoredChunk, sought: Sought) -> dict[str, float]:
    """What the terms weigh that tell where in a chunk the answer is, translations among them."""
    names = sought.named.terms if chunk.resource_id in sought.named.resources else frozenset()
    own = {term: weight for term, weight in sought.weights.items() if term not in names}
    return {**salient(own), **sought.glosses.get(primary(chunk.language), {})}


def _link_to_text(
    resource: Resource, said: Sequence[Cue], position: int, chunk: StoredChunk, details: Details, library: Library
) -> str:
    """The link to what is said from a cue's position on; a heading may stand in a table of contents too."""
    from seekpoint.query.links.text_fragments import line_fragments, text_fragment

    headings = {chapter.start for chapter in details.chapters}
    above = sum(1 for _ in takewhile(lambda cue: cue.start in headings, said))
    suffix = PurePath(resource.url).suffix.lower()
    if said[0].page is not None or above == len(said) or suffix == _MARKDOWN:
        return text_link(resource, said[0])
    before_and_here = library.cues(chunk.transcript_id, 0, position + len(said))
    fragment = line_fragments if suffix == _PLAIN else text_fragment
    return text_link(resource, said[0], fragment([cue.text for cue in before_and_here], position + above))


def _nearness(
    chunk: StoredChunk, opening: StoredChunk, windows: Mapping[int, Windows]
) -> Callable[[float], float] | None:
    """How near in meaning is what is said from a second on, in the chunk or before it; `None` where nobody knows."""
    if chunk.id not in windows or opening.id not in windows:
        return None
    return lambda second: windows[(opening if second < chunk.start else chunk).id].ahead_at(second)


def _explanation(hit: Hit, moment: Moment, search: Search) -> Explanation:
    chunk = hit.chunk
    cues = search.library.cues(chunk.transcript_id, chunk.first, chunk.stop)
    said = " ".join(cue.text for cue in cues)
    windows = search.windows.get(chunk.id) if moment.resource.kind.plays else None  # what is read has no seconds
    return explain(hit, said, search.sought, windows, search.tuning)
