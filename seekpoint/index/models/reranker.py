"""Rerankers: any cross-encoder of sentence-transformers, loaded with the first question, and torch with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from seekpoint.index.errors import ModelError
from seekpoint.index.models.encoder import absolute_name, load_quietly

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_REMEDY = "give --rerank a sentence-transformers cross-encoder, as a folder or by a name known to the hub"
# The suffixes of the base model's name in the names of models that score a pair.
_SCORING = ("ForSequenceClassification", "ForCausalLM")
_BATCH = 16


class CrossEncoderReranker:
    """A cross-encoder by its name or folder, which threads use in turn; raises ModelError if it can't be used."""

    def __init__(self, name: str) -> None:
        self._name = absolute_name(name)
        self._lock = Lock()

    def load(self) -> None:
        """Load the model, unless it is."""
        with self._lock:
            _ = self._model

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers the question, from 0 to 1."""
        import torch

        pairs = [(question, passage) for passage in passages]
        with self._lock:
            scores: Any = self._model.predict(
                pairs, batch_size=_BATCH, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False
            )
        return [float(score) for score in scores]

    @cached_property
    def _model(self) -> CrossEncoder:
        from sentence_transformers import CrossEncoder

        name = self._name
        model: CrossEncoder = load_quietly(f"the reranker {name} can't be loaded", lambda: CrossEncoder(name), _REMEDY)
        kinds, labels = (model.config and model.config.architectures) or ["model"], model.num_labels
        if not any(kind.endswith(_SCORING) for kind in kinds):
            raise ModelError(f"the model {name} is no cross-encoder, but a {kinds[0]}, which embeds texts: {_REMEDY}")
        if labels != 1:
            raise ModelError(
                f"the model {name} gives {labels} scores for a pair, where a reranker gives one: {_REMEDY}"
            )
        return model


def load_reranker(name: str | None) -> CrossEncoderReranker | None:
    """The cross-encoder of a name, if there is one; it is loaded with the first question."""
    return CrossEncoderReranker(name) if name else None
