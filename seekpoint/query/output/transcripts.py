"""A transcript as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from seekpoint.index.text.clean import clean
from seekpoint.index.text.transcript_text import attributed, rounding
from seekpoint.index.types import Chapter, Resource, Transcript
from seekpoint.query.links import link, page_label, text_link, timestamp
from seekpoint.query.output.terminal import chapter_text, clickable, title_text, wrapped
from seekpoint.query.transcript_paragraphs import paragraphs, position_at

_INDENT = "   "


def to_text(
    resource: Resource,
    transcript: Transcript,
    chapters: Sequence[Chapter],
    span: tuple[int, int],
    *,
    styled: bool,
    width: int | None,
) -> str:
    """The cues [first, stop) in paragraphs, each after its time or page, and after the chapter that begins there."""
    (first, stop), plays = span, resource.kind.plays
    cues = transcript.cues[first:stop]
    starts = (position_at(transcript.cues, chapter.start + rounding(plays=plays)) for chapter in chapters)
    # The chapter that has begun before the first cue stands there too: of several at a place, the last one counts.
    placed = [(max(at - first, 0), chapter) for at, chapter in zip(starts, chapters, strict=True)]
    blocks = [wrapped(f"{title_text(resource, styled=styled)}  {clean(transcript.language)}", width)]
    speaker = None
    for paragraph in paragraphs(cues, placed):
        said = [each.cue for each in paragraph.cues]
        block = wrapped(chapter_text(paragraph.heading, styled=styled), width) if paragraph.heading else []
        place = timestamp(paragraph.start) if plays else page_label(resource.kind, said[0].page) if said[0].page else ""
        address = link(resource, paragraph.start) if plays else text_link(resource, said[0])
        label = clickable(place, address if styled else "") if place else ""
        block += wrapped(f"{label}  {clean(attributed(said, speaker))}".strip(), width, "", _INDENT)
        speaker = said[-1].speaker
        blocks.append(block)
    return "\n\n".join("\n".join(block) for block in blocks)
