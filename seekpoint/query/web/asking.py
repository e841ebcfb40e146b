"""Questions wait for their turn before they take a thread, so that other requests are answered meanwhile."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request

from seekpoint.query.serving.turns import QuestionTurns
from seekpoint.query.web.errors import PageError
from seekpoint.query.web.parameters import SUMMARY
from seekpoint.query.web.security import comes_from_elsewhere

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKING = re.compile(rf"/|/list|/resource/[^/]+|/api/ask|{SUMMARY}")
_SECONDS_TO_WAIT = "5"


class Asking:
    """Middleware by which a request with a question waits for its turn.

    Where too many wait, it is refused at once by `refuse`. A client that leaves before its turn costs nothing more.
    """

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._refuse = refuse
        self._turns = QuestionTurns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        question = _question(scope)
        if not question:
            await self._app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else ""
        turns = self._turns.of(question)
        turn = turns.join(client)
        if turn is None:
            busy = PageError(503, "busy", {"Retry-After": _SECONDS_TO_WAIT})
            await self._refuse(Request(scope), busy)(scope, receive, send)
            return

        async def send_after_work(message: Message) -> None:
            if message["type"] == "http.response.start":  # what comes then takes the client's time, or a model's
                turns.end(client, turn)
                if message["status"] == HTTPStatus.OK:
                    self._turns.embedded(question)
            await send(message)

        try:
            if turn.done() or await _comes(turn, receive):
                await self._app(scope, receive, send_after_work)
        finally:
            turns.end(client, turn)


def _question(scope: Scope) -> str:
    """The question of a request, empty if it asks none."""
    if scope["type"] != "http" or not scope["query_string"] or not _ASKING.fullmatch(scope["path"]):
        return ""
    if comes_from_elsewhere(Headers(scope=scope)):  # whose page shows it, and doesn't ask it
        return ""
    parameters = QueryParams(scope["query_string"])
    question = parameters.get("q", "").strip()
    return parameters.get("said") or question if question and parameters.get("like") else question


async def _comes(turn: asyncio.Future[None], receive: Receive) -> bool:
    """Wait for a turn; false where the client has left before."""
    left = asyncio.ensure_future(_until_left(receive))
    try:
        await asyncio.wait((turn, left), return_when=asyncio.FIRST_COMPLETED)
        return not left.done()
    finally:
        left.cancel()


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
