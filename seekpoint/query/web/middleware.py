"""Middlewares, each with one job, in the order in which a request comes to them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request

from seekpoint.query.serving.turns import QuestionTurns
from seekpoint.query.web.problems import PageError, problem
from seekpoint.query.web.query_parameters import READING
from seekpoint.query.web.security import LOGIN, AccessPolicy, comes_from_elsewhere

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CSP = "Content-Security-Policy"
_IMAGES = "img-src 'self'"
_MEDIA = "media-src 'self'"
# A sound may lie at any address, and the way there leads over others.
_MEDIA_OF_WEB = f"{_MEDIA} https: http:"
PLAYS_FROM_WEB = "plays_from_web"
"""The name under which a page says in the state of a request that it has players of recordings on the web."""
_HEADERS = {
    _CSP: f"default-src 'none'; script-src 'self'; style-src 'self'; {_IMAGES}; {_MEDIA}; connect-src 'self'; "
    "frame-src https://www.youtube-nocookie.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # YouTube's player refuses to play if the browser sends no referrer.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Pages that a link of another site may lead to.
_PAGES = re.compile(r"/|/list|/kept|/login|/resource/[^/]+")
# The addresses that ask a question.
_ASKING = re.compile(rf"/|/list|/resource/[^/]+|/api/ask|{READING}")
_SECONDS_TO_WAIT = "5"


def guarded(app: ASGIApp, policy: AccessPolicy, login_page: ASGIApp) -> ASGIApp:
    """The application behind all checks of who asks; `login_page` answers requests without the token."""
    checked = KnownHost(OwnSite(Token(app, policy, login_page)), policy)
    return SecurityHeaders(OneBodyLength(checked), pictures=policy.pictures)


class SecurityHeaders:
    """Sets the security headers of every response."""

    def __init__(self, app: ASGIApp, *, pictures: bool) -> None:
        self._app = app
        images = f"{_IMAGES} https:" if pictures else _IMAGES
        self._headers = _HEADERS | {_CSP: _HEADERS[_CSP].replace(_IMAGES, images)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if scope.get("state", {}).get(PLAYS_FROM_WEB):
                    headers[_CSP] = headers[_CSP].replace(_MEDIA, _MEDIA_OF_WEB)
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        await self._app(scope, receive, send_guarded)


class _Check:
    """Passes requests on, but for those that have a refusal."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.refusal(scope, Headers(scope=scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        """The application that answers instead of the one behind the check; `None` if the request may go on."""
        raise NotImplementedError


class OneBodyLength(_Check):
    """Refuses a body of two lengths, in which a proxy may see other requests."""

    def refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        if "content-length" in headers and "transfer-encoding" in headers:
            return problem(400, "a body has two lengths: send one of them", {"Connection": "close"})
        return None


class KnownHost(_Check):
    """Refuses hosts that the policy doesn't accept.

    Starlette's TrustedHostMiddleware takes names alone, and a public server is reached by addresses unknown to it.
    """

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        super().__init__(app)
        self._policy = policy

    def refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        if self._policy.accepts_host(headers.get("host", "")):
            return None
        return problem(421, "this server doesn't go by that name: use its address, or start it with --name NAME")


class OwnSite(_Check):
    """Refuses requests from other sites, but for links to pages, which don't ask the question of such a link."""

    def refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        if not comes_from_elsewhere(headers):
            return None
        # Only what shows a page in a tab of its own may come, as a link does; an old browser doesn't say so.
        kind = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
        is_link = kind == ("navigate", "document") if "sec-fetch-site" in headers else "origin" not in headers
        if is_link and scope["method"] in ("GET", "HEAD") and _PAGES.fullmatch(scope["path"]):
            return None
        return problem(403, "another site's page asks: open a page of this server (a proxy has to pass Host on)")


class Token(_Check):
    """Refuses requests without the token of the policy, but for what needs none."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy, login_page: ASGIApp) -> None:
        super().__init__(app)
        self._policy = policy
        self._login_page = login_page

    def refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        path = scope["path"]
        if path in (LOGIN, "/healthz") or path.startswith("/static/") or self._policy.accepts(headers):
            return None
        return token_missing() if path.startswith("/api/") else self._login_page


def token_missing() -> Response:
    """The answer to a program that doesn't show the token."""
    return problem(401, "show the token: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})


class QuestionQueue:
    """Requests with a question wait for their turn; `refuse` answers where too many wait."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Exception], Awaitable[Response]]) -> None:
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
            response = await self._refuse(Request(scope), busy)
            await response(scope, receive, send)
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

    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    left = asyncio.ensure_future(leave())
    try:
        await asyncio.wait((turn, left), return_when=asyncio.FIRST_COMPLETED)
        return not left.done()
    finally:
        left.cancel()
