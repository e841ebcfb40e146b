"""Readings on the page: a few at once, streamed, and kept for a while, so that a copied link shows the same answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Generator, Hashable, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import BoundedSemaphore, Lock
from typing import NamedTuple

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


class _Kept(NamedTuple):
    """A reading, and the other wordings of the question with which it was found."""

    reading: Reading
    also: tuple[str, ...]


class Readings:
    """The readings of a library's answers by one reader; threads share it."""

    def __init__(self, reader: LanguageReader) -> None:
        self._reader = reader
        self._free = BoundedSemaphore(_MOST_AT_ONCE)
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = Lock()

    def ask(self, question: str, options: AskOptions, live: LiveLibrary, library: Reader) -> Answer:
        """The answer, as it is after reading if it has been read, else as it is ranked."""
        kept = self._kept.get(_key(question, options, library))
        if kept is None:
            return live.ask(question, options, within=library)
        wider = replace(self._reader.options(options), also=kept.also)
        return ordered(live.ask(question, wider, within=library), kept.reading, options.k)

    def steps(self, question: str, options: AskOptions, live: LiveLibrary, library: Reader) -> Steps:
        """Begin to read the answer, and keep the reading unless there is a problem.

        It needs `library` until this returns; what the question is translated into is asked of the library as it is
        then.
        """
        key = _key(question, options, library)
        steps = self._reader.steps(live.ask(question, self._reader.options(options), within=library), library)

        def kept() -> Steps:
            with live.reader() as current:
                wider = yield from self._reader.translating(options, question, current)
                found = live.ask(question, wider, within=current) if wider.also != options.also else None
                rest = self._reader.steps(found, current) if found else steps
            reading = yield from rest
            if not reading.problem:
                with self._lock:
                    self._kept[key] = _Kept(reading, wider.also)
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
