"""A summary as server-sent events, sentence by sentence."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import StreamingResponse

from seekpoint.index.errors import SummaryError
from seekpoint.index.types import Transcript
from seekpoint.query.answers import Answer
from seekpoint.query.output.json import as_json
from seekpoint.query.summary.citations import CitedSentence, Steps
from seekpoint.query.summary.summariser import Summariser

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

# Each takes the model's time or its owner's money, and one of the server's 40 threads.
_MOST_AT_ONCE = 4
_BUSY = "the language model writes for others: ask again in a minute"
_TYPE = "text/event-stream"
EVENTS = {
    "description": "The sentences, and the end",
    "content": {
        _TYPE: {
            "itemSchema": {
                "type": "object",
                "required": ["event", "data"],
                "properties": {
                    "event": {"enum": ["sentence", "end"]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
            }
        }
    },
}
"""The response in OpenAPI's form for streams, which is that of its version 3.2."""

# A proxy that collects a response before it sends it would hold the sentences back.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(StreamingResponse):
    """A response of events, which are closed as soon as the client has gone.

    FastAPI's own class is for endpoints that answer with events alone, never with an error.
    """

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, headers=_HEADERS, media_type=_TYPE)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()


class SummaryEvents:
    """Answers requests for summaries; only so many at once."""

    def __init__(self, summariser: Summariser) -> None:
        self._summariser = summariser
        self._free = BoundedSemaphore(_MOST_AT_ONCE)

    def response(self, answer: Answer, transcripts: Callable[[str], Sequence[Transcript]]) -> EventStream:
        """An event `sentence` for each sentence, and an event `end`, with the problem if there was one."""
        try:
            return EventStream(self._events(self._summariser.steps(answer, transcripts)))
        except SummaryError as error:
            return EventStream(_only_end(str(error)))

    async def _events(self, steps: Steps) -> AsyncGenerator[bytes, None]:
        if not self._free.acquire(blocking=False):
            yield _end(_BUSY)
            return
        try:
            async for sentences in iterate_in_threadpool(steps):
                yield b"".join(map(_sentence, sentences)) or KEEPALIVE_COMMENT
            yield _end()
        except SummaryError as error:
            yield _end(str(error))
        finally:
            self._free.release()
            with suppress(ValueError):  # a server that ends doesn't wait for the step that a thread is taking
                steps.close()


async def _only_end(problem: str) -> AsyncGenerator[bytes, None]:
    yield _end(problem)


def _sentence(sentence: CitedSentence) -> bytes:
    return format_sse_event(event="sentence", data_str=json.dumps(as_json(sentence), ensure_ascii=False))


def _end(problem: str | None = None) -> bytes:
    return format_sse_event(event="end", data_str=json.dumps({"problem": problem}, ensure_ascii=False))
