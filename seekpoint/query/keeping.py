"""Keep a moment of an answer, and find the headings that a kept one is under."""

from __future__ import annotations

import time
from dataclasses import replace

from seekpoint.index.text.clean import clean, printable
from seekpoint.index.text.transcript_text import title_at
from seekpoint.index.types import KeptMoment, Resource
from seekpoint.query.answers import Moment
from seekpoint.query.filters import in_language
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.transcript_paragraphs import PositionedCue

LONGEST_TEXT = 8000
"""The most characters of a note."""

# Characters of a cue that a quote has, though either may begin or end in the middle of the other.
_QUOTED = 20


def to_keep(moment: Moment, anchor: str | None, question: str) -> KeptMoment:
    """A moment of the answer to a question, as it is kept; `anchor` is the id of the heading above a text."""
    speaker = f"{moment.speaker}: " if moment.speaker else ""
    return KeptMoment(
        as_kept(moment.resource), clean(moment.language), moment.start, moment.page, clean(anchor or "") or None,
        clean(speaker + moment.quote), clean(moment.link), clean(question), added=time.time(),
    )  # fmt: skip


def as_kept(resource: Resource) -> Resource:
    """The resource of a kept moment, which is in no list."""
    return replace(resource, title=clean(resource.title) or resource.id, sections=())


def in_lines(note: str) -> str:
    """A note as it is kept: in lines, without control characters."""
    return "\n".join(printable(line).rstrip() for line in note.splitlines()).strip()


def quoted_cue(kept: KeptMoment, cache: ResourceCache) -> PositionedCue | None:
    """The cue of a text that a kept moment quotes, else the first one of its page or heading."""
    transcript = in_language(cache.transcripts(kept.resource.id), kept.language)
    cues = (PositionedCue(*each) for each in enumerate(transcript.cues if transcript else ()))
    places = [each for each in cues if (each.cue.page, each.cue.anchor) == (kept.page, kept.anchor)]

    def shared(place: PositionedCue) -> int:
        text = clean(place.cue.text)
        return _QUOTED if kept.quote[:_QUOTED] in text else len(text[:_QUOTED]) * (text[:_QUOTED] in kept.quote)

    return max(places, key=shared, default=None)


def under_headings(kept: KeptMoment, cache: ResourceCache) -> KeptMoment:
    """The kept moment with the headings that it's under and what is known of its source, if that is still there."""
    if not (resource := cache.resource(kept.resource.id)):
        return kept
    chapters, start = cache.details(resource.id).chapters, kept.start
    if start is None and chapters and (quoted := quoted_cue(kept, cache)):
        start = quoted.cue.start
    chapter = None if start is None else title_at(chapters, start, plays=resource.kind.plays)
    known = replace(kept.resource, sections=resource.sections, stated=resource.stated)
    return replace(kept, resource=known, chapter=chapter)
