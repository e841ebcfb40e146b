"""Parsed documents, and their transcripts: texts get times as if read aloud, and are then indexed like talks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from seekpoint.index.types import Cue, Details, Origin, Transcript
from seekpoint.indexer.sources.metadata import stated_chapters
from seekpoint.indexer.transcript.cues import SECONDS, sentences, tidy, tokens

TOKENS_A_SECOND = 4.0
"""The speed of lectures, so that chunks of texts and of talks have the same length: 3.3 in English, 4.7 in Chinese
(medians of 43 and 34 lectures, by `cues.tokens`)."""

# Seconds before a heading, so that no chunk crosses it. Of 24 questions on an article and a paper among 70 lectures,
# 21 have the right place first, against 19 with a pause of 5 seconds (benchmarks/mixed.py).
_PAUSE = SECONDS
# Longer than any window: no passage contains both text and references.
_REFERENCES_PAUSE = 120.0


class Role(StrEnum):
    """The role of a block in its document."""

    HEADING = "heading"
    BODY = "body"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table row, code listing or heading, as one line of visible text.

    `anchor` is the id of its heading, or its own if it is one; `page` is the page of a PDF or the slide, from 1.
    """

    text: str
    role: Role = Role.BODY
    anchor: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The blocks of a document in reading order, and its declared metadata.

    `stated` are further facts, `language` is a tag, `canonical` an address, perhaps a relative one. `aliases` are
    further titles, `players` the addresses of recordings and frames in it, perhaps relative ones too.
    """

    blocks: tuple[Block, ...]
    title: str | None = None
    stated: Details = field(default=Details())
    language: str | None = None
    canonical: str | None = None
    aliases: tuple[str, ...] = ()
    players: tuple[str, ...] = ()


def transcript_of(document: ParsedDocument, language: str, origin: Origin) -> tuple[Transcript, Details]:
    """A transcript with the sentences as cues, and details with the headings as chapters; `language` is a tag."""
    sentences_and_roles = list(_timed(document.blocks))
    cues = tidy(cue for cue, _ in sentences_and_roles)
    headings = (cue for cue, role in sentences_and_roles if role is Role.HEADING)
    chapters = stated_chapters((cue.start, cue.text) for cue in headings)
    details = replace(document.stated, title=document.title, chapters=chapters, aliases=document.aliases)
    return Transcript(language, origin, cues), details


def _timed(blocks: Sequence[Block]) -> Iterator[tuple[Cue, Role]]:
    """Each sentence as a cue, with the role of its block.

    A heading is one sentence, however long, and belongs to the block after it.
    """
    are_references = [False]
    for block in reversed(blocks):
        are_references.append(are_references[-1] if block.role is Role.HEADING else block.role is Role.REFERENCE)
    are_references.reverse()
    now = 0.0
    for k, block in enumerate(blocks):
        is_reference = are_references[k]
        if k and are_references[k - 1] != is_reference:
            now += _REFERENCES_PAUSE
        elif k and block.role is Role.HEADING and blocks[k - 1].role is not Role.HEADING:
            now += _PAUSE
        for words in [block.text] if block.role is Role.HEADING else sentences(block.text):
            start, now = now, now + tokens(f"{words} ") / TOKENS_A_SECOND
            yield Cue(start, now, words, block.anchor, block.page, is_reference), block.role
