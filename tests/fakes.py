"""Stand-ins behind the real interfaces, whose answers a reader can predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.types import ModelCard, Parts

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

TOPICS = (
    ("attention", "注意力"),
    ("mask", "掩码"),
    ("position", "位置"),
    ("training", "训练"),
    ("token", "词元"),
    ("cache", "缓存"),
    ("softmax", "归一化"),
)


class TopicEncoder:
    """A dimension a topic, in whichever language: how often the text names it; and a small one that is always there."""

    def __init__(self, name: str = "topics") -> None:
        self.card = ModelCard(name, len(TOPICS) + 1, "counts-of-topics")
        self.embedded: list[str] = []

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return np.array([self.question(text) for text in texts], np.float32).reshape(-1, self.card.dimension)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts:
        """A token each time that a topic is named, and one for the small dimension."""
        counts = [
            np.stack([_counts(text[begin:end]) for begin, end in zip([0, *stops], stops, strict=False)])
            for text, stops in zip(texts, ends, strict=True)
        ]
        tokens = [np.ceil(rows.sum(axis=1)).astype(int).tolist() for rows in counts]
        return Parts(self.passages(texts), counts, tokens)

    def question(self, text: str) -> Vectors:
        vector = _counts(text)
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit


class WideEncoder(TopicEncoder):
    """Twice the dimensions of the topics: the second half repeats the first in another order, at half the weight."""

    def __init__(self, name: str = "wide", *, gives_parts: bool = True) -> None:
        super().__init__(name)
        self._gives_parts = gives_parts
        self.card = ModelCard(name, 2 * (len(TOPICS) + 1), "topics-twice")

    def question(self, text: str) -> Vectors:
        vector = _twice(super().question(text))
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:  # type: ignore[override]
        if not self._gives_parts:
            return None
        parts = super().parts(texts, ends)
        return Parts(parts.vectors, [np.stack([_twice(row) for row in rows]) for rows in parts.sums], parts.tokens)


def _counts(text: str) -> Vectors:
    counts = [sum(text.lower().count(word) for word in words) for words in TOPICS]
    return np.array([*counts, 0.1], dtype=np.float32)


def _twice(vector: Vectors) -> Vectors:
    return np.concatenate([vector, vector[::-1] / 2])
