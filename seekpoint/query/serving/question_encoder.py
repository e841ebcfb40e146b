"""An encoder for the questions of several threads, with a cache of their vectors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from seekpoint.index.models.encoder import BUNDLED, LazyEncoder
from seekpoint.index.store import QUESTION_ENGINE, Reader
from seekpoint.index.types import Encoder, ModelCard

if TYPE_CHECKING:
    from seekpoint.index.types import Parts, Vectors

# The same question comes again with other filters, on other pages and from other users; a vector takes 1.5 KB.
_CACHED_QUESTIONS = 512


def stored_engine(library: Reader) -> str | None:
    """The engine that a build found for the questions of a library; the bundled model has its own."""
    return None if library.card.name == BUNDLED else library.setting(QUESTION_ENGINE)


class SharedEncoder:
    """An encoder that threads may share, with a cache of the latest questions' vectors.

    It embeds one question at a time: each uses all cores, and tokenizers aren't thread-safe. A question that is asked
    again meanwhile waits for that vector.
    """

    def __init__(
        self,
        card: ModelCard,
        given: Encoder | None = None,
        cached: int = _CACHED_QUESTIONS,
        engine: str | None = None,
    ) -> None:
        self.card = card
        self._encoder = LazyEncoder(card, given, engine)
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._cached = cached
        self._looking_up, self._embedding = Lock(), Lock()

    def question(self, text: str) -> Vectors:
        vector = self._known(text)
        if vector is None:
            with self._embedding:
                vector = self._known(text)
                if vector is None:
                    vector = self._embedded(text)
        return vector

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.get().passages(texts)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        return self._encoder.get().parts(texts, ends)

    def _known(self, text: str) -> Vectors | None:
        with self._looking_up:
            vector = self._vectors.get(text)
            if vector is not None:
                self._vectors.move_to_end(text)
            return vector

    def _embedded(self, text: str) -> Vectors:
        vector = self._encoder.get().question(text)
        vector.setflags(write=False)
        with self._looking_up:
            self._vectors[text] = vector
            while len(self._vectors) > self._cached:
                self._vectors.popitem(last=False)
        return vector
