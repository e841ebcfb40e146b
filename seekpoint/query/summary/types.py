"""What a summary is made of."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from seekpoint.query.answers import Answer


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence in plain text, and the ranks of the moments that it cites, ascending."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The sentences about an answer's moments; `problem` is a line on why there are none, or not all of them."""

    sentences: tuple[CitedSentence, ...]
    problem: str | None = None


class ChatModel(Protocol):
    """A language model that answers messages (`role` and `content`)."""

    def stream(self, messages: Sequence[Mapping[str, str]]) -> Generator[str, None, None]:
        """The text, a piece after the other; an empty one now and then while none comes. Raises SummaryError."""
        ...

    def masked(self, text: str) -> str:
        """A text of the model's, without the secrets that it is asked with."""
        ...


Steps: TypeAlias = Generator[Sequence[CitedSentence], None, None]
"""The sentences of a summary, as each is complete; a step takes some two seconds at most, and may have none."""

Summarise: TypeAlias = Callable[[Answer], Steps]
"""Begins the summary of an answer."""
