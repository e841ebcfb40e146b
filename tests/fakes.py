"""Stand-ins behind the real interfaces, whose answers a reader can predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from index.types import ModelCard

if TYPE_CHECKING:
    from index.types import Vectors

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
        return np.stack([self.question(text) for text in texts])

    def question(self, text: str) -> Vectors:
        counts = [sum(text.lower().count(word) for word in words) for words in TOPICS]
        vector = np.array([*counts, 0.1], dtype=np.float32)
        unit: Vectors = vector / np.linalg.norm(vector)
        return unit
