"""A window of a transcript, from a resource and a place that an assistant names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from seekpoint.index.errors import SourceError, UsageError
from seekpoint.index.types import Chapter, Resource, Transcript
from seekpoint.query.filters import in_language
from seekpoint.query.links import LinkTarget, find_resource, parse_seconds, parse_target, timestamp
from seekpoint.query.mcp import transcript_windows
from seekpoint.query.mcp.results import MOST_TOKENS, TranscriptWindow, quotable, title
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.token_budget import tokens

# Tokens: the fields of a transcript beside its passages and headings; all its headings; one heading.
_ABOUT, _HEADINGS = 150, 500
_HEADING = 30


def indexed_resource(name: str, cache: ResourceCache) -> Resource:
    """The indexed resource with an id, an address or a link to a place in it."""
    resource = find_resource(name, [status.resource for status in cache.statuses.values()])
    if not resource:
        raise UsageError(f"nothing here is called {quotable(name, 40)}: `list_resources` tells the ids")
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
    if sum(each is not None for each in place) > 1:
        raise UsageError("`at`, `heading` and `page` each name a place: give one of them")
    resource = indexed_resource(address, cache)
    transcript = _transcript(resource, cache, language)
    chapters = cache.chapters(resource.id, transcript)
    target = _target(address, place) if place.heading is None else _at_heading(place.heading, chapters, resource)
    return _window(resource, cache, transcript, chapters, target, seconds)


def _target(address: str, place: Place) -> LinkTarget:
    at, page = place.at, place.page
    if at is not None:
        return LinkTarget(seconds=parse_seconds(at))
    return parse_target(address) if page is None else LinkTarget(page=page)


def _at_heading(words: str, chapters: Sequence[Chapter], resource: Resource) -> LinkTarget:
    for chapter in chapters:
        if words.strip().casefold() in chapter.title.casefold():
            return LinkTarget(seconds=chapter.start)
    headings = "; ".join(_headings(chapters, resource))
    lacking = f"heading with {quotable(words, 40)}, but {headings}" if headings else "headings: give a time or a page"
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


def _transcript(resource: Resource, cache: ResourceCache, language: str | None) -> Transcript:
    transcripts = cache.transcripts(resource.id)
    transcript = in_language(transcripts, language)
    if transcript is None:
        languages = ", ".join(each.language for each in transcripts)
        raise UsageError(f"{title(resource)} has no transcript in {quotable(language or '', 20)}: there is {languages}")
    return transcript


def _window(
    resource: Resource,
    cache: ResourceCache,
    transcript: Transcript,
    chapters: Sequence[Chapter],
    target: LinkTarget,
    seconds: float,
) -> TranscriptWindow:
    headings = _headings(chapters, resource) if target.is_start and chapters else None
    budget = MOST_TOKENS - _ABOUT - (tokens("".join(headings)) + 2 * len(headings) if headings else 0)
    at = transcript_windows.cue_at(transcript.cues, target, title(resource))
    window = transcript_windows.read_from(at, resource, transcript.cues, chapters, seconds, budget)
    return TranscriptWindow(
        title=title(resource),
        kind=resource.kind,
        resource=resource.id,
        language=transcript.language,
        origin=transcript.origin,
        languages=[each.language for each in cache.transcripts(resource.id)],
        length=_length(resource, transcript),
        passages=window.passages,
        continues_at=None if window.following is None else round(transcript.cues[window.following].start, 3),
        headings=headings,
        generated=True if headings and chapters[0].generated else None,
    )


def _length(resource: Resource, transcript: Transcript) -> str | None:
    if resource.kind.plays:
        return timestamp(max(cue.end for cue in transcript.cues))
    last = max((cue.page or 0 for cue in transcript.cues), default=0)
    return f"{last} pages" if last else None
