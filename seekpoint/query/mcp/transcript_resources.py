"""A window of a transcript, from a resource and a place that an assistant names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from seekpoint.index.errors import SourceError, UsageError
from seekpoint.index.text.clean import clean
from seekpoint.index.text.transcript_text import attributed, title_at
from seekpoint.index.types import Chapter, Cue, Resource
from seekpoint.query.filters import in_language
from seekpoint.query.link_targets import LinkTarget, find_resource, parse_seconds, parse_target
from seekpoint.query.links import link, text_link, timestamp
from seekpoint.query.mcp.results import (
    MOST_TOKENS,
    TranscriptPassage,
    TranscriptWindow,
    address,
    compact,
    fitting,
    place,
    quotable,
    title,
)
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.token_budget import tokens

# Tokens: the fields of a transcript beside its passages and headings; all its headings; one heading.
_ABOUT, _HEADINGS = 150, 500
_HEADING = 30


def indexed_resource(name: str, cache: ResourceCache) -> Resource:
    """The indexed resource with an id, an address or a link to a place in it; raises SourceError."""
    resource = find_resource(name, [status.resource for status in cache.statuses.values()])
    if not resource:
        raise SourceError(f"nothing here is called {quotable(name, 40)}: `list_resources` tells the ids")
    status = cache.statuses[resource.id]
    if not status.chunks:
        reason = status.reason or "build again"
        raise SourceError(f"{title(resource)} has no transcript here ({status.state.replace('_', ' ')}): {reason}")
    return resource


class Place(NamedTuple):
    """A place in a transcript: a time, words of a heading, or a page; where all are `None`, what the address names."""

    at: float | str | None = None
    heading: str | None = None
    page: int | None = None


def read_window(
    address: str, place: Place, cache: ResourceCache, seconds: float, language: str | None
) -> TranscriptWindow:
    """The window of a transcript at a place in a resource; raises UsageError or SourceError."""
    resource = indexed_resource(address, cache)
    name = title(resource)
    transcripts = cache.transcripts(resource.id)
    languages = [each.language for each in transcripts]
    transcript = in_language(transcripts, language)
    if transcript is None:
        shown = quotable(language or "", 20)
        raise UsageError(f"{name} has no transcript in {shown}: there is {', '.join(languages)}")
    cues, chapters = transcript.cues, cache.chapters(resource.id, transcript)
    target = _target(address, place, chapters, resource)
    headings = _headings(chapters, resource) if target == LinkTarget() and chapters else None
    budget = MOST_TOKENS - _ABOUT - (tokens("".join(headings)) + 2 * len(headings) if headings else 0)
    passages, following = read_from(cue_at(cues, target, resource), resource, cues, chapters, seconds, budget)
    pages = max((cue.page or 0 for cue in cues), default=0)
    many = f"{pages} {resource.kind.page_name}s" if pages else None
    return TranscriptWindow(
        title=name,
        kind=resource.kind,
        resource=resource.id,
        language=transcript.language,
        origin=transcript.origin,
        languages=languages,
        length=timestamp(max(cue.end for cue in cues)) if resource.kind.plays else many,
        passages=passages,
        continues_at=None if following is None else round(cues[following].start, 3),
        headings=headings,
        generated=True if headings and chapters[0].generated else None,
    )


def _target(address: str, place: Place, chapters: Sequence[Chapter], resource: Resource) -> LinkTarget:
    at, heading, page = place
    if sum(each is not None for each in place) > 1:
        raise UsageError("`at`, `heading` and `page` each name a place: give one of them")
    if at is not None:
        return LinkTarget(seconds=parse_seconds(at))
    if heading is None:
        return parse_target(address) if page is None else LinkTarget(page=page)
    for chapter in chapters:
        if heading.strip().casefold() in chapter.title.casefold():
            return LinkTarget(seconds=chapter.start)
    headings = "; ".join(_headings(chapters, resource))
    lacking = f"heading with {quotable(heading, 40)}, but {headings}" if headings else "headings: give a time or a page"
    raise UsageError(f"{title(resource)} has no {lacking}")


def _headings(chapters: Sequence[Chapter], resource: Resource) -> list[str]:
    """The titles of the chapters, with their times in a recording, as many as fit."""
    budget, headings = float(_HEADINGS), list[str]()
    for chapter in chapters:
        label = f"{timestamp(chapter.start)} {chapter.title}" if resource.kind.plays else chapter.title
        heading = quotable(label, _HEADING)
        budget -= tokens(heading) + 2
        if budget < 0:
            return [*headings, "…"]
        headings.append(heading)
    return headings


# Seconds and tokens before the place, for context.
_LEAD, _LEAD_TOKENS = 15.0, 150
# The length of a passage, in seconds and in tokens.
_PASSAGE, _PASSAGE_TOKENS = 30.0, 300
# Positions in results are rounded to the millisecond.
_ROUNDING = 0.001
_CHAPTER = 40


def cue_at(cues: Sequence[Cue], target: LinkTarget, resource: Resource) -> int:
    """The position of the cue at a place; raises UsageError if the resource has no such place."""
    name, page_name = title(resource), resource.kind.page_name
    if target.page is not None:
        pages = [cue.page or 0 for cue in cues]
        if not 1 <= target.page <= max(pages, default=0):
            remedy = f"has {max(pages)} {page_name}s" if any(pages) else f"has no {page_name}s: give a heading"
            raise UsageError(f"there is no {page_name} {target.page}: {name} {remedy}")
        return bisect_left(pages, target.page)
    if target.seconds is not None:
        end = max(cue.end for cue in cues)
        if not 0 <= target.seconds <= end:
            raise UsageError(f"{name} has nothing at {target.seconds:g} s: it ends after {end:g} s")
        return max(0, bisect_right(cues, target.seconds + _ROUNDING, key=lambda cue: cue.start) - 1)
    if target.phrase:
        folded = [cue.text.casefold() for cue in cues]
        offset = " ".join(folded).find(target.phrase.casefold())
        if offset >= 0:
            starts = list(accumulate((len(text) + 1 for text in folded), initial=0))
            return bisect_right(starts, offset) - 1
    if target.anchor:
        position = next((k for k, cue in enumerate(cues) if cue.anchor == target.anchor), None)
        if position is None:
            raise UsageError(f"{name} has nothing at #{target.anchor[:60]}: give a heading, or its address alone")
        return position
    return 0


def read_from(
    at: int, resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter], seconds: float, most: float
) -> tuple[list[TranscriptPassage], int | None]:
    """Passages from shortly before the cue at `at`, for `seconds` and within `most` tokens.

    Also returns the position of the cue after them, `None` at the end of the transcript.
    """
    stop = max(at + 1, bisect_left(cues, cues[at].start + seconds, key=lambda cue: cue.start))
    context, spent = at, 0.0
    while context and cues[at].start - cues[context - 1].start <= _LEAD:
        spent += tokens(cues[context - 1].text)
        if spent > _LEAD_TOKENS:
            break
        context -= 1
    for first in (context, at):
        bounds = [*_passage_starts(resource, cues[:stop], chapters, first), stop]
        passages = fitting((_passage(resource, cues[start:end], chapters) for start, end in pairwise(bounds)), most)
        if bounds[len(passages)] > at:
            break
    else:  # not even the first passage fits
        first_passage = _passage(resource, cues[bounds[0] : bounds[1]], chapters)
        left = most - tokens(compact(first_passage.model_copy(update={"text": ""})))
        passages = [first_passage.model_copy(update={"text": quotable(first_passage.text, left)})]
    following = bounds[len(passages)]
    return passages, following if following < len(cues) else None


def _passage_starts(resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter], first: int) -> Iterator[int]:
    """Where passages start: at a new chapter or page, and when the one before is long enough."""
    start, part, spent = 0.0, None, 0.0
    for k, cue in enumerate(cues[first:], first):
        # A passage ends with its chapter in a recording, else with its page or the text under its heading.
        cue_part = title_at(chapters, cue.start, plays=True) if resource.kind.plays else (cue.page, cue.anchor)
        spent += tokens(cue.text)
        if k == first or cue_part != part or cue.start - start >= _PASSAGE or spent > _PASSAGE_TOKENS:
            start, part, spent = cue.start, cue_part, tokens(cue.text)
            yield k


def _passage(resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter]) -> TranscriptPassage:
    first, plays = cues[0], resource.kind.plays
    chapter = title_at(chapters, first.start, plays=plays)
    return TranscriptPassage(
        place=place(resource.kind, first.start if plays else None, first.page),
        chapter=quotable(chapter, _CHAPTER) if chapter else None,
        text=clean(attributed(cues)),
        link=address(link(resource, first.start) if plays else text_link(resource, first)),
    )
