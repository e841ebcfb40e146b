"""The web application: pages, API and login, behind the guard that checks access."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import Headers, QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from seekpoint.index.errors import SeekpointError
from seekpoint.query.output.json import ProblemJson
from seekpoint.query.reading.language_reader import LanguageReader
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.serving.turns import QuestionTurns
from seekpoint.query.web.forms import Editing, own_path, urlencoded
from seekpoint.query.web.http_api import Api
from seekpoint.query.web.kept_moments import KeptPages
from seekpoint.query.web.news import NewsPages
from seekpoint.query.web.page_drawings import Draw, PageDrawings
from seekpoint.query.web.pages import Pages
from seekpoint.query.web.parameters import HELD, READING
from seekpoint.query.web.problems import LATER, PageError, describe, problem
from seekpoint.query.web.readings import Readings
from seekpoint.query.web.security import COOKIE_SECONDS, FEED, LOGIN, NEW, AccessPolicy, comes_from_elsewhere, guarded
from seekpoint.query.web.templating import error_page, page, path_of
from seekpoint.query.web.workspace import Workspace

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


_DOCUMENT = "/api/openapi.json"
# Bytes of the login's form, in which the address to go back to takes up to three times its length.
_LONGEST_LOGIN, _LONGEST_BACK = 12_288, 3000
# Level 4 of gzip takes a third of the time of level 9, for 5 to 11 % more bytes.
_COMPRESSION = 4
# They are compressed already, and a browser asks for parts of a PDF.
_UNCOMPRESSED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf")
# The addresses that ask a question.
_ASKING = re.compile(rf"/|/list|/resource/[^/]+|/api/ask|{READING}")
_ERRORS = (HTTPException, RequestValidationError, ValidationError, SeekpointError, ClientDisconnect, Exception)


def application(
    live: LiveLibrary,
    policy: AccessPolicy,
    *,
    reader: LanguageReader | None = None,
    editing: Editing | None = None,
    draw: Draw | None = None,
) -> ASGIApp:
    """The application for a library; with `editing` the library can be changed, with `draw` PDFs are shown."""
    readings = Readings(reader) if reader else None
    workspace = Workspace(live, editing) if editing else None
    pages = Pages(live, editing, workspace, policy, readings, draws=draw is not None)
    api, kept, login = Api(live, readings), KeptPages(live, editing), Login(policy)
    news = NewsPages(live, editing, policy)
    routes = [*pages.routes, *kept.routes, *news.routes, *api.routes, *(workspace.routes if workspace else [])]
    routes += PageDrawings(live, draw).routes if draw else []
    app = FastAPI(
        title="Seekpoint",
        description="Ask a reading list a question; an answer is the moments where it begins.",
        version=version("seekpoint"),
        license_info={"name": "MIT", "identifier": "MIT"},
        openapi_url=_DOCUMENT,
        docs_url=None,  # the documentation that FastAPI serves loads its scripts from another host
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        routes=[
            *routes,
            Route(LOGIN, login.answer, methods=["GET", "POST"]),
            Route("/openapi.json", lambda _: RedirectResponse(_DOCUMENT, 308)),  # where programs look for it first
        ],
        middleware=[
            Middleware(GZipMiddleware, compresslevel=_COMPRESSION, exclude_content_types=_UNCOMPRESSED),
        ],
        exception_handlers=dict.fromkeys(_ERRORS, error_response),
    )
    app.state.workspace, app.state.library = workspace, live.address
    app.openapi()["components"]["schemas"]["ProblemJson"] = TypeAdapter(ProblemJson).json_schema()
    return guarded(QuestionQueue(app), policy, login.page)


@dataclass(frozen=True, slots=True)
class Login:
    """Exchanges the token, sent once as a parameter or in a form, for a cookie that proves it."""

    policy: AccessPolicy

    async def answer(self, request: Request) -> Response:
        token, back = request.query_params.get("token"), "/"
        if request.method == "POST":
            fields = await urlencoded(request, _LONGEST_LOGIN)
            token, back = fields.get("token", "").strip(), own_path(fields.get("back", ""))
        if self.policy.token is None:
            return RedirectResponse("/", 303)
        if token is None:
            return page(request, "login", is_wrong=False, back=back)
        if not self.policy.is_token(token):
            return page(request, "login", 401, is_wrong=True, back=back)
        response = RedirectResponse(back, 303)
        name, value = self.policy.cookie(request.headers.get("host", ""))
        response.set_cookie(name, value, max_age=COOKIE_SECONDS, httponly=True, samesite="lax")
        return response

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page that asks for the token, as an ASGI application; it leads to the page that was asked for."""
        request = Request(scope)
        back = path_of(request) if request.method == "GET" else "/"
        if comes_from_elsewhere(request.headers):
            back = f"{back}{'&' if '?' in back else '?'}{HELD}=1"
        back = back if len(back) <= _LONGEST_BACK else "/"
        await page(request, "login", 401, is_wrong=False, back=back)(scope, receive, send)


async def error_response(request: Request, error: Exception) -> Response:
    """The response to an error: a problem document for programs, else a page."""
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_MODIFIED:
        return Response(status_code=error.status_code, headers=error.headers)
    if f"{request.url.path}/".startswith(("/api/", "/healthz/", "/media/")):
        status, detail, headers = describe(error)
        return problem(status, detail, headers)
    return error_page(request, error)


class QuestionQueue:
    """Requests with a question wait for their turn; those that come while too many wait are refused."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
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
            refusal = await error_response(Request(scope), PageError(503, "busy", LATER))
            await refusal(scope, receive, send)
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
    if scope["type"] == "http" and scope["path"] in (NEW, FEED):  # which ask all kept questions
        return NEW
    if scope["type"] != "http" or not scope["query_string"] or not _ASKING.fullmatch(scope["path"]):
        return ""
    if comes_from_elsewhere(Headers(scope=scope)):  # whose page shows it, and doesn't ask it
        return ""
    parameters = QueryParams(scope["query_string"])
    question = max((parameters.get("q", "").strip(), *parameters.getlist("also")), key=len)
    return parameters.get("said") or question if question and parameters.get("like") else question


async def _comes(turn: asyncio.Future[None], receive: Receive) -> bool:
    """Wait for a turn; false where the client has left before."""

    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    left = asyncio.ensure_future(leave())
    try:
        await asyncio.wait((turn, left), return_when=asyncio.FIRST_COMPLETED)
        return not left.done()
    finally:
        left.cancel()
