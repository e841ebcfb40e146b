"""Readings on the page: a few at once, streamed, and kept for a while, so that a copied link shows the same answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Generator, Hashable, Sequence
from contextlib import suppress
from threading import BoundedSemaphore, Lock

from starlette.concurrency import iterate_in_threadpool

from seekpoint.index.store import Reader
from seekpoint.query.answers import Answer, CitedSentence, Reading
from seekpoint.query.reading.language_reader import LanguageReader, Steps, ordered
from seekpoint.query.search.settings import AskOptions
from seekpoint.query.serving.live_library import LiveLibrary

# Readings at once: each takes the model's time or its owner's money, and one of the server's 40 threads.
_MOST_AT_ONCE = 4
_MOST_KEPT = 200
BUSY = "the language model reads for others: ask again in a minute"


class Readings:
    """The readings of a library's answers by one reader; threads share it."""

    def __init__(self, reader: LanguageReader) -> None:
        self._reader = reader
        self._free = BoundedSemaphore(_MOST_AT_ONCE)
        self._kept: OrderedDict[Hashable, Reading] = OrderedDict()
        self._lock = Lock()

    def ask(self, question: str, options: AskOptions, live: LiveLibrary, library: Reader) -> Answer:
        """The answer, as it is after reading if it has been read, else as it is ranked."""
        reading = self._kept.get(_key(question, options, library))
        if reading is None:
            return live.ask(question, options, within=library)
        answer = live.ask(question, self._reader.options(options, question, library), within=library)
        return ordered(answer, reading, options.k)

    def steps(self, question: str, options: AskOptions, live: LiveLibrary, library: Reader) -> Steps:
        """Begin to read the answer, and keep the reading unless there is a problem."""
        key = _key(question, options, library)
        if self._free.acquire(blocking=False):  # else the reading itself says that the model is busy
            try:
                options = self._reader.options(options, question, library)
            finally:
                self._free.release()
        steps = self._reader.steps(live.ask(question, options, within=library), library)

        def kept() -> Steps:
            reading = yield from steps
            if not reading.problem:
                with self._lock:
                    self._kept[key] = reading
                    while len(self._kept) > _MOST_KEPT:
                        self._kept.popitem(last=False)
            return reading

        return kept()

    async def stream(self, steps: Steps) -> AsyncGenerator[Sequence[CitedSentence] | Reading, None]:
        """The steps, and at the end the reading."""
        if not self._free.acquire(blocking=False):
            yield Reading(problem=BUSY)
            return
        try:
            async for step in iterate_in_threadpool(_with_end(steps)):
                yield step
        finally:
            self._free.release()
            with suppress(ValueError):  # a server that ends doesn't wait for the step that a thread is taking
                steps.close()


def _with_end(steps: Steps) -> Generator[Sequence[CitedSentence] | Reading, None, None]:
    yield (yield from steps)


def _key(question: str, options: AskOptions, library: Reader) -> Hashable:
    """The number of moments doesn't matter, so that more of them are shown in the same order."""
    return question, options.also, options.filters, options.per_resource, library.revision
