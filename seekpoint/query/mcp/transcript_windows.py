"""A window of a transcript: passages from a place on, as many as fit into a result. All pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from seekpoint.index.errors import UsageError
from seekpoint.index.text.chapters import title_at
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Chapter, Cue, Resource
from seekpoint.query.links import LinkTarget, link, text_link
from seekpoint.query.mcp.results import TranscriptPassage, address, compact, fitting, place, quotable
from seekpoint.query.token_budget import tokens

# Seconds and tokens before the place, for context.
_LEAD, _LEAD_TOKENS = 15.0, 150
# The length of a passage, in seconds and in tokens.
_PASSAGE, _PASSAGE_TOKENS = 30.0, 300
# Positions in results are rounded to the millisecond.
_ROUNDING = 0.001
_CHAPTER = 40


class TranscriptSlice(NamedTuple):
    """Passages, and the position of the cue after them (`None` at the end of the transcript)."""

    passages: list[TranscriptPassage]
    following: int | None


def cue_at(cues: Sequence[Cue], target: LinkTarget, name: str) -> int:
    """The position of the cue at a place; raises UsageError if the resource, titled `name`, has no such place."""
    if target.page is not None:
        return _on_page(cues, target.page, name)
    if target.seconds is not None:
        return _at_second(cues, target.seconds, name)
    if target.phrase and (position := find_words(cues, target.phrase)) is not None:
        return position
    if target.anchor:
        position = next((k for k, cue in enumerate(cues) if cue.anchor == target.anchor), None)
        if position is None:
            raise UsageError(f"{name} has nothing at #{target.anchor[:60]}: give a heading, or its address alone")
        return position
    return 0


def _on_page(cues: Sequence[Cue], page: int, name: str) -> int:
    pages = [cue.page or 0 for cue in cues]
    if not 1 <= page <= max(pages, default=0):
        remedy = f"has {max(pages)} pages" if any(pages) else "has no pages: give a heading"
        raise UsageError(f"there is no page {page}: {name} {remedy}")
    return bisect_left(pages, page)


def _at_second(cues: Sequence[Cue], seconds: float, name: str) -> int:
    end = max(cue.end for cue in cues)
    if not 0 <= seconds <= end:
        raise UsageError(f"{name} has nothing at {seconds:g} s: it ends after {end:g} s")
    return max(0, bisect_right(cues, seconds + _ROUNDING, key=lambda cue: cue.start) - 1)


def find_words(cues: Sequence[Cue], words: str) -> int | None:
    """The position of the cue in which these words begin, ignoring case; `None` if they don't occur."""
    folded = [cue.text.casefold() for cue in cues]
    offset = " ".join(folded).find(words.casefold())
    starts = list(accumulate((len(text) + 1 for text in folded), initial=0))
    return None if offset < 0 else bisect_right(starts, offset) - 1


def read_from(
    at: int, resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter], seconds: float, most: float
) -> TranscriptSlice:
    """Passages from shortly before the cue at `at` on, for so many seconds, as far as `most` tokens allow."""
    stop = max(at + 1, bisect_left(cues, cues[at].start + seconds, key=lambda cue: cue.start))
    for first in (_context_start(cues, at), at):
        bounds = [*_passage_starts(resource, cues[:stop], chapters, first), stop]
        passages = fitting((_passage(resource, cues[start:end], chapters) for start, end in pairwise(bounds)), most)
        if bounds[len(passages)] > at:
            break
    else:  # not even the first passage fits
        passages = [_shortened(_passage(resource, cues[bounds[0] : bounds[1]], chapters), most)]
    following = bounds[len(passages)]
    return TranscriptSlice(passages, following if following < len(cues) else None)


def _context_start(cues: Sequence[Cue], at: int) -> int:
    """The first of the cues before `at` that are shown for context."""
    first, spent = at, 0.0
    while first and cues[at].start - cues[first - 1].start <= _LEAD:
        spent += tokens(cues[first - 1].text)
        if spent > _LEAD_TOKENS:
            break
        first -= 1
    return first


def _passage_starts(resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter], first: int) -> Iterator[int]:
    """Where passages start: at a new chapter or page, and when the one before is long enough."""
    start, part, spent = 0.0, None, 0.0
    for k, cue in enumerate(cues[first:], first):
        cue_part = _part(resource, cue, chapters)
        spent += tokens(cue.text)
        if k == first or cue_part != part or cue.start - start >= _PASSAGE or spent > _PASSAGE_TOKENS:
            start, part, spent = cue.start, cue_part, tokens(cue.text)
            yield k


def _part(resource: Resource, cue: Cue, chapters: Sequence[Chapter]) -> object:
    """What a passage doesn't extend beyond: a chapter of a recording; a page or the text under a heading."""
    return title_at(chapters, cue.start) if resource.kind.plays else (cue.page, cue.anchor)


def _passage(resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter]) -> TranscriptPassage:
    first, plays = cues[0], resource.kind.plays
    chapter = title_at(chapters, first.start)
    return TranscriptPassage(
        place=place(first.start if plays else None, first.page),
        chapter=quotable(chapter, _CHAPTER) if chapter else None,
        text=clean(" ".join(cue.text for cue in cues)),
        link=address(link(resource, first.start) if plays else text_link(resource, first)),
    )


def _shortened(passage: TranscriptPassage, most: float) -> TranscriptPassage:
    bare = passage.model_copy(update={"text": ""})
    return passage.model_copy(update={"text": quotable(passage.text, most - tokens(compact(bare)))})
