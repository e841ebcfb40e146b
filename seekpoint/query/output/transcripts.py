"""A transcript as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from seekpoint.index.text.clean import clean
from seekpoint.index.text.languages import UNKNOWN, primary
from seekpoint.index.text.transcript_text import attributed, rounding
from seekpoint.index.types import Chapter, Cue, Resource, Transcript
from seekpoint.query.links import link, page_label, text_link, timestamp
from seekpoint.query.output.terminal import chapter_text, clickable, title_text, wrapped
from seekpoint.query.transcript_paragraphs import laid_out, layout, paragraphs, position_at

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
    """The cues [first, stop) in paragraphs, each after its time or page, and after the chapter that begins there.

    Before the first one of all, the summary.
    """
    (first, stop), plays = span, resource.kind.plays
    cues = transcript.cues[first:stop]
    starts = (position_at(transcript.cues, chapter.start + rounding(plays=plays)) for chapter in chapters)
    # The chapter that has begun before the first cue stands there too: of several at a place, the last one counts.
    placed = [(max(at - first, 0), chapter) for at, chapter in zip(starts, chapters, strict=True)]
    tag = "" if primary(transcript.language) == UNKNOWN else clean(transcript.language)
    blocks = [wrapped(f"{title_text(resource, styled=styled)}  {tag}".rstrip(), width)]
    if transcript.summary and not first:
        blocks[0] += wrapped(f"By a language model: {clean(transcript.summary)}", width, _INDENT, _INDENT)
    speaker = None
    for paragraph in paragraphs(cues, placed):
        said = [each.cue for each in paragraph.cues]
        block = wrapped(chapter_text(paragraph.heading, styled=styled), width) if paragraph.heading else []
        place = timestamp(paragraph.start) if plays else page_label(resource.kind, said[0].page) if said[0].page else ""
        address = link(resource, paragraph.start) if plays else text_link(resource, said[0])
        label = clickable(place, address if styled else "") if place else ""
        if plays:
            block += wrapped(f"{label}  {clean(attributed(said, speaker))}", width, "", _INDENT)
            speaker = said[-1].speaker
        else:
            begins = bool(paragraph.heading) and clean(said[0].text) == clean(paragraph.heading or "")
            block += [*([label] if label else []), *_text_lines(said[begins:], width)]
        blocks.append(block)
    return "\n\n".join("\n".join(block) for block in blocks)


def _text_lines(cues: Iterable[Cue], width: int | None) -> Iterator[str]:
    """The lines of a text: those of code as they are, and each item of a list on its own."""
    for kind, group in groupby(cues, lambda cue: layout(cue.text, plays=False)):
        if kind == "code":
            yield from (
                f"{_INDENT}{line.removeprefix(' ')}".rstrip()
                for cue in group
                for line in laid_out(cue.text).split("\n")
            )
        else:
            texts = [clean(cue.text) for cue in group]
            for text in texts if kind else [" ".join(texts)]:
                yield from wrapped(text, width, "", _INDENT if kind else "")
