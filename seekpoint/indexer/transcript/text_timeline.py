"""What is read, on the timeline of reading it: from there on it is chunked, searched and localised like a talk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from seekpoint.index.types import Chapter, Cue, Details, Origin, Transcript
from seekpoint.indexer.transcript.chunking import SECONDS
from seekpoint.indexer.transcript.cues import sentences, tidy, tokens

TOKENS_A_SECOND = 4.0
"""As talks speak: 3.3 in English, 4.7 in Chinese (medians of 43 and 34 lectures, as `cues.tokens` counts), so
that a chunk of a text holds as much as one of a lecture."""

# Seconds before a heading, so many that no passage goes across it: of 24 questions on an article and a paper among 70
# lectures, 21 then have the right place first, 19 with a pause of 5 seconds (tests/benchmarks/mixed.py).
_PAUSE = SECONDS
# More than any window reaches: no passage holds both text and references.
_ASIDE = 120.0


class Role(StrEnum):
    """What a block is to its text."""

    HEADING = "heading"
    BODY = "body"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item, table row, code listing or heading, with its words as a reader sees them, on one line.

    `anchor` is the id of the heading that it stands under (or is), `page` the page of a PDF, the first being 1.
    """

    text: str
    role: Role = Role.BODY
    anchor: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """The blocks of a text in reading order.

    `language` is the tag that it claims for itself, `published` a date as YYYY-MM-DD; `None` where it is silent.
    """

    blocks: tuple[Block, ...]
    title: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None


def transcript_of(text: ParsedDocument, language: str, origin: Origin) -> tuple[Transcript, Details]:
    """A text's sentences in their order, and its headings as chapters; `language` is its tag."""
    spans = list(_timed(text.blocks, _are_references(text.blocks)))
    cues = tidy(
        Cue(start, end, words, block.anchor, block.page, is_reference)
        for start, end, words, block, is_reference in spans
    )
    chapters = tuple(Chapter(start, words) for start, _, words, block, _ in spans if block.role is Role.HEADING)
    details = Details(text.title, text.author, published=text.published, chapters=chapters)
    return Transcript(language, origin, cues), details


def _are_references(blocks: Sequence[Block]) -> list[bool]:
    """Which blocks are of the bibliography; a heading belongs to what follows it."""
    found: list[bool] = []
    for block in reversed(blocks):
        follows = bool(found) and found[-1]
        found.append(follows if block.role is Role.HEADING else block.role is Role.REFERENCE)
    return found[::-1]


def _timed(blocks: Sequence[Block], are_references: Sequence[bool]) -> Iterator[tuple[float, float, str, Block, bool]]:
    """Each sentence with the seconds at which its reading begins and ends; a heading is one, however long."""
    now = 0.0
    earlier = [(None, False), *zip(blocks, are_references, strict=True)]
    for (before, was_reference), block, is_reference in zip(earlier, blocks, are_references, strict=False):
        now += _ASIDE if before and was_reference != is_reference else _pause(before, block)
        for words in [block.text] if block.role is Role.HEADING else sentences(block.text):
            start, now = now, now + tokens(f"{words} ") / TOKENS_A_SECOND
            yield start, now, words, block, is_reference


def _pause(before: Block | None, block: Block) -> float:
    is_new = before is not None and block.role is Role.HEADING and before.role is not Role.HEADING
    return _PAUSE if is_new else 0.0
