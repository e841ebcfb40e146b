"""A library that stays open for many questions while builds change it: answers come from its latest state."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from math import inf
from sys import maxsize
from threading import Condition, Lock
from typing import TYPE_CHECKING, Self

from seekpoint.index.address import Address
from seekpoint.index.errors import LibraryError, LostConnection
from seekpoint.index.models.encoder import LazyEncoder, stored_engine
from seekpoint.index.open import current_revision, is_shared, open_keeper, open_reader
from seekpoint.index.settings import QuestionEngine, QuestionVectors
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import text_digest
from seekpoint.index.types import Encoder, ModelCard, Parts, Reranker, Vectors
from seekpoint.query.answers import Answer
from seekpoint.query.search.settings import AskOptions

if TYPE_CHECKING:
    from seekpoint.query.serving.resource_cache import ResourceCache

# Seconds: a build commits one resource after another, and reopening for each of them isn't worth it.
_LEAST_BETWEEN = 2.0
_DEFAULT = AskOptions()


class LiveLibrary:
    """A library, its encoder and its reranker, if it has one, open for the life of a process; threads may share it."""

    def __init__(self, address: Address, encoder: Encoder | None = None, reranker: Reranker | None = None) -> None:
        from seekpoint.query.serving.resource_cache import ResourceCaches  # `ask` of a command does without

        self.address = address
        self.caches = ResourceCaches()
        self._reranker = reranker
        self._given_encoder = encoder
        self._encoder: SharedEncoder | None = None
        self._changed = Condition()
        self._is_opening = False
        self._opened: _Opened | None = None
        self._last_check = 0.0

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A reader of the library; raises LibraryError where there is none.

        A folder is reopened when it has changed, and the old reader is closed when its last user is done. Keeps serving
        the previous state if reopening fails, for instance while a folder is being replaced.
        """
        if is_shared(self.address):
            with open_reader(self.address, lasting=True) as reader:
                yield reader
            return
        opened = self._acquire()
        try:
            yield opened.reader
        finally:
            with self._changed:
                opened.users -= 1
                opened.close_unused()

    @contextmanager
    def cache(self) -> Iterator[ResourceCache]:
        """A reader of the library, with what was read by it before."""
        with self.reader() as reader:
            yield self.caches.of(reader)

    def ask(self, question: str, options: AskOptions = _DEFAULT, *, within: Reader | None = None) -> Answer:
        """Answer a question as `pipeline.ask` does; `within` is a reader that the caller has from `reader`."""
        from seekpoint.query.search import pipeline

        options = replace(options, reranker=self._reranker)
        if within:
            return pipeline.ask(question, within, self.encoder_of(within), options)
        with suppress(LostConnection), self.reader() as reader:
            return pipeline.ask(question, reader, self.encoder_of(reader), options)
        with self.reader() as reader:
            return pipeline.ask(question, reader, self.encoder_of(reader), options)

    def refresh(self) -> None:
        """Return once new readers see what this process has just changed."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_opening)
        self._last_check = -inf
        with suppress(LibraryError), self.reader():
            pass
        with self._changed:
            self._changed.wait_for(lambda: not self._is_opening)

    def close(self) -> None:
        """Release the library's files once the last user is done."""
        with self._changed:
            self._replace(None)

    def _acquire(self) -> _Opened:
        with self._changed:
            self._changed.wait_for(lambda: self._opened or not self._is_opening)
            if self._opened and (self._is_opening or not self._is_outdated(self._opened)):
                return self._opened.acquired()
            self._is_opening = True
        try:
            fresh = _Opened(open_reader(self.address, lasting=True))
        except LibraryError:
            with self._changed:
                if self._opened is None:
                    raise
                return self._opened.acquired()
        else:
            with self._changed:
                self._replace(fresh)
                return fresh.acquired()
        finally:
            with self._changed:
                self._is_opening = False
                self._last_check = time.monotonic()
                self._changed.notify_all()

    def _is_outdated(self, opened: _Opened) -> bool:
        now, then = current_revision(self.address), opened.reader.revision
        if now.sealed == then.sealed or now.sealed is None:
            return now != then and time.monotonic() - self._last_check >= _LEAST_BETWEEN
        return True

    def _replace(self, fresh: _Opened | None) -> None:
        retired, self._opened = self._opened, fresh
        if retired:
            retired.is_retired = True
            retired.close_unused()

    def encoder_of(self, reader: Reader) -> Encoder:
        """The encoder of a reader's library."""
        with self._changed:
            if self._encoder is None or self._encoder.card != reader.card:
                self._encoder = SharedEncoder.of(reader, self._given_encoder)
                self._encoder.recall(reader)
            return self._encoder


@dataclass(eq=False)
class _Opened:
    """An open reader and the number of its users."""

    reader: Reader
    users: int = 0
    is_retired: bool = False

    def acquired(self) -> _Opened:
        self.users += 1
        return self

    def close_unused(self) -> None:
        if self.is_retired and not self.users:
            self.reader.close()


# The same question comes again with other filters, on other pages and from other users; a vector takes 1.5 KB.
_CACHED_QUESTIONS = 512


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
        engine: QuestionEngine | None = None,
    ) -> None:
        self.card = card
        self._encoder = LazyEncoder(card, given, engine)
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._stored: Mapping[str, Vectors] = {}
        self._cached = cached
        self._looking_up, self._embedding = Lock(), Lock()

    @classmethod
    def of(cls, library: Reader, given: Encoder | None = None, cached: int = _CACHED_QUESTIONS) -> Self:
        """The encoder of a library's model, or the one given for it."""
        return cls(library.card, given, cached, stored_engine(library))

    @classmethod
    def remembering(cls, library: Reader, given: Encoder | None = None) -> Self:
        """The encoder for a digest, which recalls the vectors of kept questions and keeps those of all."""
        encoder = cls.of(library, given, cached=maxsize)
        encoder.recall(library)
        return encoder

    def recall(self, library: Reader) -> None:
        """Take the vectors that a library has of kept questions, which then needn't be embedded."""
        self._stored = library.settings.question_vectors(library.card).vectors

    def store(self, library: Reader) -> None:
        """Store the vectors in the cache in place of those that were recalled, unless these have them all.

        Only kept questions may be in the cache. The library may be one that can't be changed.
        """
        vectors = {_key(text): vector for text, vector in self._vectors.items()}
        if vectors.keys() - self._stored.keys():
            with suppress(LibraryError), open_keeper(library.address) as keeper:
                keeper.keep(QuestionVectors(self.card.fingerprint, vectors))

    def question(self, text: str) -> Vectors:
        if (known := self._known(text)) is not None:
            return known
        with self._embedding:
            if (known := self._known(text)) is not None:
                return known
            if (vector := self._stored.get(_key(text))) is None:
                vector = self._encoder.get().question(text)
            vector.setflags(write=False)
            with self._looking_up:
                self._vectors[text] = vector
                while len(self._vectors) > self._cached:
                    self._vectors.popitem(last=False)
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


def _key(text: str) -> str:
    """The key of a text's vector in a library."""
    return text_digest(text).hex()
