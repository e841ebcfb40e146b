"""A small real sentence-transformers model that pools by its first token: a BERT of one layer with weights set by hand.

Its vector of a text is the mean of the text's words, words of the same meaning being one.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SYNONYMS = (("mask", "conceals"), ("cache", "remembers"), ("掩", "藏"), ("码", "起"), ("缓", "记"), ("存", "住"))
PROMPTS = {"query": "question: ", "document": "passage: "}
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# How much the words outweigh the first token itself, and how little it looks at tokens without a meaning.
_GAIN, _SHARPNESS = 8.0, 40.0


def save_first_token_model(
    folder: Path,
    groups: Sequence[Sequence[str]] = SYNONYMS,
    pooling: str = "cls",
    layers: Sequence[str] = (),
    noise: float = 0.0,
    longest: int = 512,
) -> Path:
    """Save a model that knows groups of words (or characters, in Chinese) of one meaning, in a new folder.

    `layers` are the activations of further layers with random weights; `noise` is added to all others. It reads
    `longest` tokens.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    vocabulary = [*_SPECIAL, *(word for group in groups for word in group)]
    bert = folder / "bert"
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=len(groups) + 2,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=1,
        max_position_embeddings=longest,
    )
    model = BertModel(config)
    torch.manual_seed(0)
    _set_weights(model, groups)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(noise * torch.randn(parameter.shape))
    model.save_pretrained(bert)
    BertTokenizer({word: number for number, word in enumerate(vocabulary)}).save_pretrained(bert)
    size = len(groups) + 2
    dense = [Dense(size, size, activation_function=getattr(torch.nn, name)()) for name in layers]
    modules = [Transformer(str(bert), max_seq_length=longest), Pooling(size, pooling_mode=pooling), *dense, Normalize()]
    SentenceTransformer(modules=modules, prompts=PROMPTS).save(str(folder / "model"))
    return folder / "model"


def add_onnx(model: Path, name: str = "model.onnx") -> Path:
    """Add the transformer of a saved model as an ONNX file, as the hub's repositories have it."""
    import torch
    from sentence_transformers import SentenceTransformer

    class Tokens(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = SentenceTransformer(str(model))[0].auto_model.float()

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state  # type: ignore[no-any-return, operator]

    file = model / "onnx" / name
    file.parent.mkdir(exist_ok=True)
    names = ["input_ids", "attention_mask"]
    tokens = torch.ones(1, 5, dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is called legacy
        torch.onnx.export(
            Tokens().eval(),
            (tokens, tokens),
            str(file),
            dynamo=False,
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes={name: {1: "tokens"} for name in (*names, "last_hidden_state")},
        )
    return file


def _set_weights(model: Any, groups: Sequence[Sequence[str]]) -> None:  # noqa: ANN401 - torch types its layers loosely
    """All is 0 but the layer norms, a dimension for each group of words and two for others, and a mean over words."""
    import torch

    size = len(groups) + 2
    meanings = [*(token == "[CLS]" for token in _SPECIAL), *(k for k, group in enumerate(groups, 2) for _ in group)]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(1.0 if name.endswith("LayerNorm.weight") else 0.0)
        model.embeddings.word_embeddings.weight.copy_(torch.eye(size)[list(map(int, meanings))])
        (layer,) = model.encoder.layer
        layer.attention.self.query.bias[0] = 1.0
        layer.attention.self.key.weight[0, :2] = -_SHARPNESS
        layer.attention.self.value.weight.copy_(torch.eye(size))
        layer.attention.output.dense.weight.copy_(_GAIN * torch.eye(size))
