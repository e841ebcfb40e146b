"""The language of a page: the one that a reader has chosen, else the one that the browser prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seekpoint.query.web.translations import WORDS, preferred_language

if TYPE_CHECKING:
    from starlette.requests import Request

# The parameter and the cookie that hold the language which a reader has chosen.
CHOICE, COOKIE = "ui", "seekpoint_ui"


def language_of(request: Request) -> str:
    """The language that the address names, else the one that was chosen before, else the browser's."""
    for chosen in (request.query_params.get(CHOICE), request.cookies.get(COOKIE)):
        if chosen and chosen in WORDS:
            return chosen
    return preferred_language(request.headers.get("accept-language", ""))
