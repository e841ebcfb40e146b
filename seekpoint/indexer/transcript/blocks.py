"""What is read rather than played: the blocks of a page, a paper or a document, before they become a transcript."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
class Text:
    """The blocks of a text in reading order.

    `language` is the tag that it claims for itself, `published` a date as YYYY-MM-DD; `None` where it is silent.
    """

    blocks: tuple[Block, ...]
    title: str | None = None
    author: str | None = None
    published: str | None = None
    language: str | None = None
