"""Rerankers: any cross-encoder of sentence-transformers, loaded with the first question, and torch with it."""

from __future__ import annotations

from collections.abc import Sequence
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
        self._model: CrossEncoder | None = None

    def load(self) -> None:
        """Load the model, unless it is."""
        with self._lock:
            self._model = self._model or _load(self._name)

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers the question, from 0 to 1."""
        with self._lock:
            self._model = self._model or _load(self._name)
            import torch

            pairs = [(question, passage) for passage in passages]
            found: Any = self._model.predict(
                pairs, batch_size=_BATCH, activation_fn=torch.nn.Sigmoid(), show_progress_bar=False
            )
        return [float(score) for score in found]


def load_reranker(name: str | None) -> CrossEncoderReranker | None:
    """The cross-encoder of a name, if there is one; it is loaded with the first question."""
    return CrossEncoderReranker(name) if name else None


def _load(name: str) -> CrossEncoder:
    from sentence_transformers import CrossEncoder

    model: CrossEncoder = load_quietly(f"the reranker {name} can't be loaded", lambda: CrossEncoder(name), _REMEDY)
    kinds, labels = (model.config and model.config.architectures) or ["model"], model.num_labels
    if not any(kind.endswith(_SCORING) for kind in kinds):
        raise ModelError(f"the model {name} is no cross-encoder, but a {kinds[0]}, which embeds texts: {_REMEDY}")
    if labels != 1:
        raise ModelError(f"the model {name} gives {labels} scores for a pair, where a reranker gives one: {_REMEDY}")
    return model
