"""An encoder whose cosines a reader can predict: a text is the sum of the topics that it names.

Each topic has a direction of its own, at right angles to all others and to what a language has in common. The model's
name is that of the bundled one's stand-in, since only its scores are known well enough to say that there is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from seekpoint.index.models.centring import background
from seekpoint.index.models.encoder import STAND_IN
from seekpoint.index.text.languages import language_of
from seekpoint.index.types import ModelCard, Parts

if TYPE_CHECKING:
    from seekpoint.index.types import Vectors

TOPICS = (
    ("head", "parallel", "多头", "并行"),
    ("mask", "the future", "掩码", "未来"),
    ("cache", "reuse", "缓存", "复用"),
    ("warmup", "ramp", "预热", "逐渐升高"),
    ("softmax", "sum to one", "归一化", "总和为一"),
    ("rotate", "angle", "旋转", "角度"),
    ("divide", "square root", "除以", "平方根"),
    ("residual", "shortcut", "残差", "捷径"),
    ("dropout", "switch off", "随机失活", "关掉"),
    ("beam", "several candidates", "束搜索", "几个候选"),
    ("token", "subword", "词元", "子词"),
    ("gradient", "slope", "梯度", "坡度"),
    ("distillation", "teacher", "蒸馏", "老师"),
    ("quantisation", "eight bits", "量化", "八位"),
    ("embedding", "lookup", "嵌入", "查表"),
    ("alignment", "preference", "对齐", "偏好"),
    ("optimiser", "step size", "优化器", "步长"),
    ("vocabulary", "inventory", "词表", "清单"),
    ("pruning", "cut away", "剪枝", "剪掉"),
    ("smoothing", "soften", "平滑", "软化"),
    ("loss", "error", "损失", "误差"),
    ("tail", "rare words", "长尾", "罕见词"),
    ("curvature", "bend", "曲率", "弯曲"),
    ("bread", "bake", "面包", "烤"),
)
# What the lecturers say beside the point, each with a topic of its own: no question is about these.
ASIDES = (
    *(("coffee", "咖啡"), ("train", "火车"), ("bicycle", "自行车"), ("garden", "花园"), ("river", "河流")),
    *(("piano", "钢琴"), ("market", "市场"), ("island", "岛屿"), ("window", "窗户"), ("winter", "冬天")),
    *(("camera", "相机"), ("kitchen", "厨房"), ("football", "足球"), ("bridge", "桥梁"), ("mountain", "山峰")),
    *(("library", "图书馆"), ("letter", "信件"), ("umbrella", "雨伞"), ("orchard", "果园"), ("harbour", "港口")),
)
_ALL = TOPICS + ASIDES
DIMENSION = 384


@cache
def _directions() -> Vectors:
    """Unit vectors at right angles to each other and to what English and Chinese passages have in common.

    The last two are of a passage and of a question without any topic.
    """
    means = background(STAND_IN)
    chance = np.random.default_rng(7).standard_normal((DIMENSION, len(_ALL) + 2))
    basis, _ = np.linalg.qr(np.column_stack([means["en"], means["zh"], chance]))
    rows: Vectors = basis[:, 2:].T.astype(np.float32)
    return rows


class FrozenEncoder:
    """Counts topics; what a language has in common is as long as in the bundled model."""

    card = ModelCard(STAND_IN, DIMENSION, "counts-of-topics")

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([_vector(text, [1, 0]) for text in texts])

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts:
        """A token a part: in a window each cue weighs the same."""
        sums = [
            self.passages([text[begin:end] for begin, end in zip([0, *stops], stops, strict=False)])
            for text, stops in zip(texts, ends, strict=True)
        ]
        return Parts(self.passages(texts), sums, [[1] * len(stops) for stops in ends])

    def question(self, text: str) -> Vectors:
        return _vector(text, [0, 1])


def _vector(text: str, without_topic: Sequence[int]) -> Vectors:
    """How often a text names each topic, by any of its words, beside what its language has in common."""
    counts = [sum(text.lower().count(word) for word in words) for words in _ALL]
    topic = np.array([*counts, *([0, 0] if any(counts) else without_topic)], np.float32) @ _directions()
    common = background(STAND_IN)[language_of(text, None)]
    vector: Vectors = common + np.sqrt(1 - common @ common) * topic / np.linalg.norm(topic)
    return vector.astype(np.float32)
