"""A window of a transcript: what is said around a place, never the whole."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from seekpoint.index.errors import UsageError
from seekpoint.index.text.chapters import title_at
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Chapter, Cue, Resource
from seekpoint.query.links.parse import LinkTarget
from seekpoint.query.links.timestamps import link, text_link
from seekpoint.query.mcp.results import Passage, address, compact, fitting, place, quotable
from seekpoint.query.mcp.token_budget import tokens

# Seconds, and tokens, of what comes before the place.
_LEAD, _LEAD_TOKENS = 15.0, 150
# Seconds that a passage lasts, and tokens that it takes.
_PASSAGE, _PASSAGE_TOKENS = 30.0, 300
# Positions are told to the millisecond.
_ROUNDING = 0.001
_CHAPTER = 40


class Window(NamedTuple):
    """Passages, and the cue that comes after them, by its position; `None` at the end."""

    passages: list[Passage]
    following: int | None


def position(cues: Sequence[Cue], where: LinkTarget, name: str) -> int:
    """The cue at a place of a resource of that name; raises UsageError where it has no such place."""
    if where.page is not None:
        return _on_page(cues, where.page, name)
    if where.seconds is not None:
        return _at_second(cues, where.seconds, name)
    if where.phrase and (said := said_at(cues, where.phrase)) is not None:
        return said
    if where.anchor:
        found = next((k for k, cue in enumerate(cues) if cue.anchor == where.anchor), None)
        if found is None:
            raise UsageError(f"{name} has nothing at #{where.anchor[:60]}: give a heading, or its address alone")
        return found
    return 0


def _on_page(cues: Sequence[Cue], page: int, name: str) -> int:
    pages = [cue.page or 0 for cue in cues]
    if not 1 <= page <= max(pages, default=0):
        told = f"has {max(pages)} pages" if any(pages) else "has no pages: give a heading"
        raise UsageError(f"there is no page {page}: {name} {told}")
    return bisect_left(pages, page)


def _at_second(cues: Sequence[Cue], seconds: float, name: str) -> int:
    end = max(cue.end for cue in cues)
    if not 0 <= seconds <= end:
        raise UsageError(f"{name} has nothing at {seconds:g} s: it ends after {end:g} s")
    return max(0, bisect_right(cues, seconds + _ROUNDING, key=lambda cue: cue.start) - 1)


def said_at(cues: Sequence[Cue], words: str) -> int | None:
    """The first cue from which on these words are said, whatever their case; `None` where nobody says them."""
    folded = [cue.text.casefold() for cue in cues]
    offset = " ".join(folded).find(words.casefold())
    starts = list(accumulate((len(text) + 1 for text in folded), initial=0))
    return None if offset < 0 else bisect_right(starts, offset) - 1


def window(
    resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter], at: int, seconds: float, most: float
) -> Window:
    """What is said from shortly before a cue on, for so many seconds, as far as so many tokens hold it."""
    stop = max(at + 1, bisect_left(cues, cues[at].start + seconds, key=lambda cue: cue.start))
    for first in (_lead(cues, at), at):
        begun = [*_beginnings(resource, cues[:stop], chapters, first), stop]
        made = [_passage(resource, cues[begin:end], chapters) for begin, end in pairwise(begun)]
        kept = fitting(made, most)
        if begun[len(kept)] > at:
            break
    else:
        kept = [_shortened(made[0], most)]
    following = begun[len(kept)]
    return Window(kept, following if following < len(cues) else None)


def _lead(cues: Sequence[Cue], at: int) -> int:
    first, spent = at, 0.0
    while first and cues[at].start - cues[first - 1].start <= _LEAD:
        spent += tokens(cues[first - 1].text)
        if spent > _LEAD_TOKENS:
            break
        first -= 1
    return first


def _beginnings(resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter], first: int) -> Iterator[int]:
    """Where passages begin: at a new chapter or page, and when one has become long enough."""
    begun, label, spent = 0.0, None, 0.0
    for k, cue in enumerate(cues[first:], first):
        here = _label(resource, cue, chapters)
        spent += tokens(cue.text)
        if k == first or here != label or cue.start - begun >= _PASSAGE or spent > _PASSAGE_TOKENS:
            begun, label, spent = cue.start, here, tokens(cue.text)
            yield k


def _label(resource: Resource, cue: Cue, chapters: Sequence[Chapter]) -> object:
    return title_at(chapters, cue.start) if resource.kind.plays else (cue.page, cue.anchor)


def _passage(resource: Resource, cues: Sequence[Cue], chapters: Sequence[Chapter]) -> Passage:
    first, plays = cues[0], resource.kind.plays
    chapter = title_at(chapters, first.start)
    return Passage(
        place=place(first.start if plays else None, first.page),
        chapter=quotable(chapter, _CHAPTER) if chapter else None,
        text=clean(" ".join(cue.text for cue in cues)),
        link=address(link(resource, first.start) if plays else text_link(resource, first)),
    )


def _shortened(passage: Passage, most: float) -> Passage:
    bare = passage.model_copy(update={"text": ""})
    return passage.model_copy(update={"text": quotable(passage.text, most - tokens(compact(bare)))})
