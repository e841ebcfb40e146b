"""What a question brings: hits, the moments that are made of them, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from seekpoint.index.types import Displayed, Resource, StoredChunk
from seekpoint.query.links.timestamps import timestamp


class Hit(NamedTuple):
    """A chunk that a search found, with its scores (0 to 1, higher is better)."""

    chunk: StoredChunk
    dense: float
    lexical: float
    score: float


class Window(NamedTuple):
    """A stretch of a recording, in seconds, and the cosine of its meaning with the question's."""

    start: float
    end: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a moment was found: its score is `share` of `meaning` and the rest of `words`, each from 0 to 1.

    `named` is added where the question names the resource. `matched` are the question's words that are said there, and
    `translated` those that are said in another language, with what they are called there. `stands_in` tells that a part
    of the meaning stood in for words, for it was found in another language. `windows` are those nearest in meaning.
    """

    meaning: float
    words: float
    share: float
    stands_in: bool
    matched: tuple[str, ...]
    translated: tuple[tuple[str, tuple[str, ...]], ...]
    windows: tuple[Window, ...]
    named: float = 0.0


@dataclass(frozen=True, slots=True)
class Moment(Displayed):
    """An answer: the place in a resource where it begins, and a link that jumps there.

    `start` and `end` are seconds, `None` for what is read; `page` is that of a PDF, the first being 1. `chapter` is the
    title of the part that it lies in, where there are named parts.
    `marks` are the spans of `quote` (start and end offset in characters) that match the question.
    """

    rank: int
    score: float
    resource: Resource
    language: str
    start: float | None
    end: float | None
    quote: str
    link: str
    marks: tuple[tuple[int, int], ...] = ()
    chapter: str | None = None
    page: int | None = None
    explanation: Explanation | None = None

    @property
    def timestamp(self) -> str | None:
        """`start` as people read it: `12:34`, or `1:02:03` from an hour on."""
        return timestamp(self.start)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a first moment must score to be an answer; a question's words that the library doesn't know raise it."""

    least_score: float
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer(Displayed):
    """What a question brought: moments, best first.

    `answered` is false where the library holds no answer, and the moments are just the nearest there are then.
    """

    question: str
    answered: bool
    moments: tuple[Moment, ...]
    doubt: Doubt | None = None
