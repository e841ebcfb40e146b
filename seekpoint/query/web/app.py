"""The web application: pages and API behind one guard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from seekpoint.index.errors import SeekpointError
from seekpoint.query.serving.resource_cache import ResourceCaches
from seekpoint.query.web.api import Api
from seekpoint.query.web.errors import problem, told
from seekpoint.query.web.pages import Pages, error_page, page
from seekpoint.query.web.security import COOKIE, LOGIN, Doors, Guard

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from seekpoint.query.serving.live_library import LiveLibrary

_LONGEST_FORM = 4096
_FORM_SECONDS = 10.0
_COOKIE_SECONDS = 30 * 24 * 3600


def application(live: LiveLibrary, doors: Doors) -> ASGIApp:
    """The application for a library, behind these doors."""
    caches = ResourceCaches()
    api, pages, login = Api(live, caches), Pages(live, caches), Login(doors)
    app = Starlette(
        routes=[*pages.routes, *api.routes, Route(LOGIN, login.answer, methods=["GET", "POST"])],
        exception_handlers={HTTPException: _explain, SeekpointError: _explain, Exception: _explain},
    )
    return Guard(app, doors, login.refusal)


class Login:
    """Turns the token that is shown once into a cookie."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def answer(self, request: Request) -> Response:
        given = await _form_token(request) if request.method == "POST" else request.query_params.get("token")
        if self._doors.token is None:
            return RedirectResponse("/", 303)
        if given is None:
            return page(request, "login", is_wrong=False)
        if not self._doors.is_token(given):
            return page(request, "login", 401, is_wrong=True)
        response = RedirectResponse("/", 303)
        response.set_cookie(COOKIE, given, max_age=_COOKIE_SECONDS, httponly=True)
        return response

    async def refusal(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask for the token in place of the page."""
        response = page(Request(scope), "login", 401, is_wrong=False)
        await response(scope, receive, send)


async def _form_token(request: Request) -> str:
    body = b""
    try:
        async with asyncio.timeout(_FORM_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > _LONGEST_FORM:
                    raise HTTPException(413, f"a token's form has {_LONGEST_FORM:,} bytes at most")
    except TimeoutError:
        raise HTTPException(408, "the token didn't come: send it again") from None
    return parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0].strip()


async def _explain(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(("/api/", "/healthz", "/media/")):
        status, detail, headers = told(error)
        return problem(status, detail, headers)
    return error_page(request, error)
