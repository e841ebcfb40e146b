"""A small real cross-encoder: a BERT of two layers whose weights are set by hand.

It scores the share of the question's words that the passage has. In the first layer a word of the question looks at the
same word in the passage, where there is one; the second layer counts the words that found themselves there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# Beside a dimension for each word: the question, the passage, a word that both have, their share.
_QUESTION, _PASSAGE, _SHARED, _SHARE = range(4)
_OWN, _OTHER, _SHARPNESS = 20.0, 10.0, 40.0


def save_cross_encoder(folder: Path, texts: Sequence[str], labels: int = 1) -> Path:
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    words = sorted({word for text in texts for word in re.findall(r"[a-z0-9]+|[^\x00-\x7f]", text.lower())})
    vocabulary = [*_SPECIAL, *words]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    size = len(vocabulary) + 4
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=size,
        num_hidden_layers=2,
        num_attention_heads=1,
        intermediate_size=1,
    )
    config.num_labels = labels
    model = BertForSequenceClassification(config)
    if labels == 1:
        _set_weights(model, size)
    model.save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def _set_weights(model: Any, size: int) -> None:  # noqa: ANN401 - torch types its layers loosely
    """Everything is 0 but what is set here, and the layer norms, which keep what they find."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
        embeddings, (first, second) = model.bert.embeddings, model.bert.encoder.layer
        words = size - 4
        embeddings.word_embeddings.weight[:, 4:] = torch.eye(words)
        embeddings.token_type_embeddings.weight[:, :2] = torch.eye(2)
        # What a layer norm makes of a vector with two ones: it is taken back by each projection.
        ones = np.array([1.0, 1.0] + [0.0] * (size - 2))
        high, low = (float((ones[at] - ones.mean()) / ones.std()) for at in (0, -1))
        same = np.diag([0.0] * 4 + [_OWN] * words)
        query = same.copy()
        query[_PASSAGE, _QUESTION] = _OTHER
        _set(first.attention.self.query, query * np.sqrt(size), low, high)
        _set(first.attention.self.key, np.diag([0.0, 1.0, 0.0, 0.0] + [1.0] * words), low, high)
        _set(first.attention.self.value, _entry(size, _SHARED, _PASSAGE), low, high)
        _set(first.attention.output.dense, _entry(size, _SHARED, _SHARED))
        _set(second.attention.self.key, _entry(size, 0, _QUESTION, _SHARPNESS * np.sqrt(size)), low, high)
        second.attention.self.query.bias[0] = 1.0
        _set(second.attention.self.value, _entry(size, _SHARE, _SHARED), low, high)
        _set(second.attention.output.dense, _entry(size, _SHARE, _SHARE))
        _set(model.bert.pooler.dense, _entry(size, 0, _SHARE, 20.0))
        model.bert.pooler.dense.bias[0] = 2.0
        model.classifier.weight[0, 0] = 4.0


def _entry(size: int, row: int, column: int, value: float = 1.0) -> NDArray[np.float64]:
    matrix = np.zeros((size, size))
    matrix[row, column] = value
    return matrix


def _set(layer: nn.Linear, matrix: NDArray[np.float64], low: float = 0.0, high: float = 1.0) -> None:
    """Set a projection of vectors whose zeros and ones are `low` and `high`."""
    import torch

    scaled = torch.tensor(matrix / (high - low), dtype=torch.float32)
    layer.weight.copy_(scaled)
    layer.bias.copy_(-low * scaled.sum(dim=1))
