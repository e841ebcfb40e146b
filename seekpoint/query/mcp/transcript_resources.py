"""A window of a transcript, from a resource and a place that an assistant names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import count, pairwise

from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import primary
from seekpoint.index.text.transcript_text import attributed, title_at
from seekpoint.index.types import Chapter, Cue, NotedQuestion, Resource
from seekpoint.query.link_targets import LinkTarget
from seekpoint.query.links import link, text_link, timestamp
from seekpoint.query.mcp.results import (
    MOST_TOKENS,
    TranscriptPassage,
    TranscriptWindow,
    address,
    compact,
    fitting,
    place,
)
from seekpoint.query.noted_questions import in_one_language
from seekpoint.query.reading.passages import labels, marks_in
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.token_budget import quotable, tokens
from seekpoint.query.transcript_places import (
    Place,
    cue_at,
    headings_of,
    indexed_resource,
    target_of,
    title,
    transcript_in,
)

# Tokens of the fields of a transcript beside its passages, headings and questions; of all questions, of one, and of
# the summary.
_ABOUT, _QUESTIONS, _QUESTION, _SUMMARY = 150, 500, 40, 270


def read_window(
    address: str, place: Place, cache: ResourceCache, seconds: float, language: str | None
) -> TranscriptWindow:
    """The window of a transcript at a place in a resource; raises UsageError or SourceError."""
    resource = indexed_resource(address, cache)
    name = title(resource)
    transcript = transcript_in(language, resource, cache)
    cues, chapters = transcript.cues, cache.chapters(resource.id, transcript)
    target = target_of(address, place, chapters, resource)
    is_whole = target == LinkTarget()
    headings = headings_of(chapters, resource) if is_whole and chapters else None
    questions = _spread(in_one_language(transcript.questions, primary(transcript.language))) if is_whole else []
    summary = quotable(transcript.summary, _SUMMARY) if is_whole else ""
    listed = [*(headings or ()), *questions, summary]
    budget = MOST_TOKENS - _ABOUT - tokens("".join(listed)) - 2 * len(listed)
    at, lead = cue_at(cues, target, resource), _LEAD
    if place.following is not None:
        lead, start = 0.0, cues[at].start
        at = next((each for each in range(max(at - _AT_ONCE, 0), at) if cues[each].start == start), at)
    passages, following = read_from(at, resource, cues, chapters, seconds, budget, lead)
    pages = max((cue.page or 0 for cue in cues), default=0)
    many = f"{pages} {resource.kind.page_name}s" if pages else None
    return TranscriptWindow(
        title=name,
        kind=resource.kind,
        resource=resource.id,
        language=transcript.language,
        origin=transcript.origin,
        languages=[each.language for each in cache.transcripts(resource.id)],
        length=timestamp(max(cue.end for cue in cues)) if resource.kind.plays else many,
        passages=passages,
        continues_at=None if following is None else round(cues[following].start, 3),
        headings=headings,
        generated=True if headings and chapters[0].generated else None,
        summary=summary or None,
        questions=questions or None,
    )


def _spread(questions: Sequence[NotedQuestion]) -> list[str]:
    """The questions after their seconds; of more than fit every second one, or every third, and so on."""
    lines = [f"{round(each.start, 1):g} {quotable(each.text, _QUESTION)}" for each in questions]
    sizes = [tokens(line) + 2 for line in lines]
    step = next(step for step in count(1) if sum(sizes[::step]) <= _QUESTIONS)
    return lines[::step]


# Seconds and tokens before the place, for context.
_LEAD, _LEAD_TOKENS = 15.0, 150
# Cues that begin at the same second.
_AT_ONCE = 5
# The length of a passage, in seconds and in tokens.
_PASSAGE, _PASSAGE_TOKENS = 30.0, 300
_CHAPTER = 40


def read_from(
    at: int,
    resource: Resource,
    cues: Sequence[Cue],
    chapters: Sequence[Chapter],
    seconds: float,
    most: float,
    lead: float = _LEAD,
) -> tuple[list[TranscriptPassage], int | None]:
    """Passages from `lead` seconds before the cue at `at`, for `seconds` and within `most` tokens.

    Also returns the position of the cue after them, `None` at the end of the transcript.
    """
    stop = max(at + 1, bisect_left(cues, cues[at].start + seconds, key=lambda cue: cue.start))
    context, spent = at, 0.0
    while context and cues[at].start - cues[context - 1].start < lead:
        spent += tokens(cues[context - 1].text)
        if spent > _LEAD_TOKENS:
            break
        context -= 1
    for first in (context, at):
        bounds = [*_passage_starts(resource, cues[:stop], chapters, first), stop]
        parts = enumerate(pairwise(bounds), 1)
        passages = fitting((_passage(resource, cues[start:end], chapters, n) for n, (start, end) in parts), most)
        if bounds[len(passages)] > at:
            break
    else:  # not even the first passage fits
        first_passage = _passage(resource, cues[bounds[0] : bounds[1]], chapters, 1)
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


def _passage(resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter], number: int) -> TranscriptPassage:
    first, plays = cues[0], resource.kind.plays
    text = clean(attributed(cues))
    if plays:
        marks = marks_in(cues, range(len(cues)), resource.kind, [first.start], labels(number))
        text = " ".join(f"{mark.shown} {mark.text}" for mark in marks)
    chapter = title_at(chapters, first.start, plays=plays)
    return TranscriptPassage(
        place=place(resource.kind, first.start if plays else None, first.page),
        chapter=quotable(chapter, _CHAPTER) if chapter else None,
        text=text,
        link=address(link(resource, first.start) if plays else text_link(resource, first)),
    )
