"""The vectors of questions: what of a question is embedded, by one thread at a time, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from seekpoint.index.models.encoder import LazyEncoder
from seekpoint.index.text.clean import clean
from seekpoint.index.text.scripts import in_one_script
from seekpoint.index.types import Encoder, ModelCard

if TYPE_CHECKING:
    from seekpoint.index.types import Parts, Vectors

# Questions are asked again with other filters, on other pages, and by others; a vector takes 1.5 KB.
_KEPT_QUESTIONS = 512


def to_embed(question: str) -> str:
    """What an encoder gets of a question."""
    return in_one_script(clean(question))


class SharedEncoder:
    """An encoder for questions of one thread at a time: each uses all cores, and tokenizers can't be shared.

    The vectors of the questions that were asked last are kept.
    """

    def __init__(self, card: ModelCard, given: Encoder | None = None) -> None:
        self.card = card
        self._encoder = LazyEncoder(card, given)
        self._lock = Lock()
        self.question = lru_cache(_KEPT_QUESTIONS)(self._embedded)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.get().passages(texts)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        return self._encoder.get().parts(texts, ends)

    def _embedded(self, text: str) -> Vectors:
        with self._lock:
            vector = self._encoder.get().question(text)
        vector.setflags(write=False)
        return vector
