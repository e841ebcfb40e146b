"""Find a place in a transcript, from a resource and a place that a user or an assistant names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from seekpoint.files import path_and_place
from seekpoint.index.errors import SourceError, UsageError
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Chapter, Cue, Kind, Playlist, Resource, Transcript
from seekpoint.query.filters import in_language
from seekpoint.query.link_targets import LinkTarget, find_resource, parse_seconds, parse_target
from seekpoint.query.links import timestamp
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.token_budget import quotable, tokens
from seekpoint.query.transcript_paragraphs import position_at

# Tokens of a title, of all headings of a transcript, and of one.
_TITLE, _HEADINGS, _HEADING = 50, 500, 30
# Entries of a playlist that are named.
_MOST_HELD = 3


def title(resource: Resource) -> str:
    """The resource's title, shortened."""
    return quotable(resource.title, _TITLE)


def indexed_resource(name: str, cache: ResourceCache) -> Resource:
    """The indexed resource with an id, an address or a link to a place; raises SourceError."""
    resource = find_resource(name, [status.resource for status in cache.statuses.values()])
    if not resource:
        raise SourceError(f"nothing here is called {quotable(name, 40)}: `list_resources` tells the ids")
    status = cache.statuses[resource.id]
    if resource.kind is Kind.PLAYLIST:
        held = cache.reader.playlists().get(resource.id, Playlist("", ())).entries
        some = "; ".join(f"{each.resource.id} ({title(each.resource)})" for each in held[:_MOST_HELD])
        raise SourceError(f"{title(resource)} has no words of its own: give one of what it holds, such as {some}")
    if not status.chunks:
        reason = status.reason or "build again"
        raise SourceError(f"{title(resource)} has no transcript here ({status.state.replace('_', ' ')}): {reason}")
    return resource


def transcript_in(language: str | None, resource: Resource, cache: ResourceCache) -> Transcript:
    """The transcript of an indexed resource that suits a language best, the first without one; raises UsageError."""
    transcripts = cache.transcripts(resource.id)
    transcript = in_language(transcripts, language)
    if transcript is None:
        shown, languages = quotable(language or "", 20), ", ".join(each.language for each in transcripts)
        raise UsageError(f"{title(resource)} has no transcript in {shown}: there is {languages}")
    return transcript


class Place(NamedTuple):
    """A place in a transcript: a time, words of a heading, or a page; where all are `None`, what the address names.

    `following` is the second after which to read on, since all before it was read.
    """

    at: float | str | None = None
    heading: str | None = None
    page: int | None = None
    following: float | None = None


def target_of(address: str, place: Place, chapters: Sequence[Chapter], resource: Resource) -> LinkTarget:
    """The place in a resource, by what was said of it or by its link; raises UsageError."""
    at, heading, page, following = place
    if sum(each is not None for each in place) > 1:
        raise UsageError("a time, a heading and a page each name a place: give one of them")
    if (at := following if at is None else at) is not None:
        return LinkTarget(seconds=parse_seconds(at))
    if heading is None:
        is_path = resource.is_local and "://" not in address and not address.lower().startswith("file:")
        link = path_and_place(address)[1] if is_path else address
        return LinkTarget(page=page) if page is not None else parse_target(link)
    for chapter in chapters:
        if clean(heading).casefold() in clean(chapter.title).casefold():
            return LinkTarget(seconds=chapter.start)
    headings = "; ".join(headings_of(chapters, resource))
    lacking = f"heading with {quotable(heading, 40)}, but {headings}" if headings else "headings: give a time or a page"
    raise UsageError(f"{title(resource)} has no {lacking}")


def headings_of(chapters: Sequence[Chapter], resource: Resource) -> list[str]:
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


def cue_at(cues: Sequence[Cue], target: LinkTarget, resource: Resource) -> int:
    """The position of the cue at a place; raises UsageError if the resource has no such place."""
    name, page_name = title(resource), resource.kind.page_name
    if target.page is not None:
        pages = [cue.page or 0 for cue in cues]
        if not any(pages):
            page_name = "page"  # of a document it is known from slides alone
        if not 1 <= target.page <= max(pages, default=0):
            remedy = f"has {max(pages)} {page_name}s" if any(pages) else f"has no {page_name}s: give a heading"
            raise UsageError(f"there is no {page_name} {target.page}: {name} {remedy}")
        return bisect_left(pages, target.page)
    if target.seconds is not None:
        end = max(cue.end for cue in cues)
        if not 0 <= target.seconds <= end:
            raise UsageError(f"{name} has nothing at {target.seconds:g} s: it ends after {end:g} s")
        return position_at(cues, target.seconds)
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
