"""A talk of a quarter of an hour on three subjects, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

from seekpoint.index.types import Cue

ENGLISH = (
    (
        "The attention weights say which words matter.",
        "A softmax over the scores gives the attention weights.",
        "So the attention weights look at every word.",
    ),
    (
        "Now we bake bread from flour and water.",
        "The sourdough starter makes the bread rise.",
        "A hot oven gives the bread its crust.",
    ),
    (
        "Later the glacier melts in the valley.",
        "Snow feeds the glacier during winter.",
        "The valley below the glacier floods.",
    ),
)
CHINESE = (
    ("注意力权重决定哪些词元重要。", "归一化之后得到注意力权重。", "每个词元都有注意力权重。"),
    ("现在用面粉和水烤面包。", "酵母让面包膨胀。", "烤箱让面包有脆皮。"),
    ("后来山谷里的冰川融化。", "冬天的雪养育冰川。", "冰川下面的山谷被淹没。"),
)
SECONDS, LINES = 10.0, 30


def talk(topics: Sequence[Sequence[str]], lines: int = LINES) -> list[Cue]:
    said = [line for topic in topics for line in islice(cycle(topic), lines)]
    return [Cue(SECONDS * k, SECONDS * (k + 1), line) for k, line in enumerate(said)]
