"""An encoder for benchmarks that ask the same questions again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seekpoint.index.types import Encoder, ModelCard, Parts

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors


class Remembering:
    """An encoder that embeds each question once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._questions: dict[str, Vectors] = {}

    @property
    def card(self) -> ModelCard:
        return self._encoder.card

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.passages(texts)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        return self._encoder.parts(texts, ends)

    def question(self, text: str) -> Vectors:
        if text not in self._questions:
            self._questions[text] = self._encoder.question(text)
        return self._questions[text]
