"""Parsed documents, and their transcripts: texts get times as if read aloud, and are then indexed like talks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from seekpoint.index.types import Chapter, Cue, Details, Origin, Transcript
from seekpoint.indexer.transcript.chunking import SECONDS
from seekpoint.indexer.transcript.cues import sentences, tidy, tokens

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

    `anchor` is the id of its heading, or its own if it is one; `page` is the page of a PDF, from 1.
    """

    text: str
    role: Role = Role.BODY
    anchor: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The blocks of a document in reading order, and its declared metadata.

    `language` is a tag, `published` a date as YYYY-MM-DD, `canonical` an address, perhaps a relative one.
    """

    blocks: tuple[Block, ...]
    title: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
    canonical: str | None = None


def transcript_of(document: ParsedDocument, language: str, origin: Origin) -> tuple[Transcript, Details]:
    """A transcript with the sentences as cues, and details with the headings as chapters; `language` is a tag."""
    spans = list(_timed(document.blocks, _are_references(document.blocks)))
    cues = tidy(
        Cue(start, end, words, block.anchor, block.page, is_reference)
        for start, end, words, block, is_reference in spans
    )
    chapters = tuple(Chapter(start, words) for start, _, words, block, _ in spans if block.role is Role.HEADING)
    details = Details(document.title, document.author, published=document.published, chapters=chapters)
    return Transcript(language, origin, cues), details


def _are_references(blocks: Sequence[Block]) -> list[bool]:
    """Whether each block belongs to the bibliography; a heading belongs to the block after it."""
    flags: list[bool] = []
    for block in reversed(blocks):
        follows = bool(flags) and flags[-1]
        flags.append(follows if block.role is Role.HEADING else block.role is Role.REFERENCE)
    return flags[::-1]


def _timed(blocks: Sequence[Block], are_references: Sequence[bool]) -> Iterator[tuple[float, float, str, Block, bool]]:
    """Each sentence with its start and end in seconds; a heading is one sentence, however long."""
    now = 0.0
    earlier = [(None, False), *zip(blocks, are_references, strict=True)]
    for (before, was_reference), block, is_reference in zip(earlier, blocks, are_references, strict=False):
        now += _REFERENCES_PAUSE if before and was_reference != is_reference else _pause(before, block)
        for words in [block.text] if block.role is Role.HEADING else sentences(block.text):
            start, now = now, now + tokens(f"{words} ") / TOKENS_A_SECOND
            yield start, now, words, block, is_reference


def _pause(before: Block | None, block: Block) -> float:
    is_new = before is not None and block.role is Role.HEADING and before.role is not Role.HEADING
    return _PAUSE if is_new else 0.0
