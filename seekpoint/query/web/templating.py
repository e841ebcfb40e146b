"""Pages from templates, in the language that a reader has chosen or that the browser prefers."""

from __future__ import annotations

import shlex
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from seekpoint.index.errors import LibraryNotFound
from seekpoint.index.open import default_folder
from seekpoint.index.text.clean import clean, printable, without_passwords
from seekpoint.index.types import shown_url
from seekpoint.query import transcript_paragraphs
from seekpoint.query.links import timestamp
from seekpoint.query.output import references
from seekpoint.query.output.status import BESIDE_A_BUILD
from seekpoint.query.search.settings import LONGEST_QUESTION
from seekpoint.query.web import resource_list, translations, view_models
from seekpoint.query.web.problems import PageError, describe, in_words
from seekpoint.query.web.transcript_page import MOST_OPEN
from seekpoint.query.web.translations import CHOICE, COOKIE, language_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.query.web.workspace import Workspace

STATIC = Path(__file__).parent / "static"

_COOKIE_SECONDS = 365 * 24 * 3600
# Parameters that links of a page to itself don't repeat.
_NOT_REPEATED = (CHOICE, "token")

# The pages with the forms that are sent to addresses below these.
_FORMS = {"/add/": "/list", "/kept/": "/kept"}

# The most characters that are repeated of a word or phrase of a question.
_BRIEF = 60

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    **{"brief": lambda text: text if len(text) <= _BRIEF else f"{text[:_BRIEF]}…"},
    **{"clean": clean, "printable": printable, "timestamp": timestamp, "without_passwords": without_passwords},
    **{"laid_out": transcript_paragraphs.laid_out, "layout": transcript_paragraphs.layout},
}
_templates.globals |= {
    "question_href": view_models.question_href,
    "reading_href": view_models.reading_href,
    "resource_href": view_models.resource_href,
    "place_href": view_models.place_href,
    "at_second": view_models.at_second,
    "list_href": resource_list.list_href,
    "list_of": resource_list.list_of,
    "entry_name": view_models.entry_name,
    "names_of": references.names_of,
    "byline": references.byline,
    "picture_of": view_models.picture_of,
    "shown_url": shown_url,
    "BAR": view_models.BAR,
    "MOST_OPEN": MOST_OPEN,
    "BESIDE_A_BUILD": BESIDE_A_BUILD,
    "LANGUAGES": translations.LANGUAGES,
    "ENDONYMS": translations.ENDONYMS,
    "MODULES": sorted(path.name for path in STATIC.glob("*.js") if path.name != "page.js"),
}


def page(request: Request, name: str, code: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """A page in the reader's language; a choice of it is remembered."""
    language = language_of(request)
    html = _templates.get_template(f"{name}.html").render(
        say=translations.translator(language),
        ui=language,
        lang=translations.LANGUAGES[language],
        script_words={key: translations.words_in(language)[key] for key in translations.SCRIPT_WORDS},
        reason_text=lambda reason: translations.reason_in(reason, language),
        language_name=lambda tag: translations.language_name(tag, language),
        path=request.url.path,
        changed=partial(_changed, request),
        **values,
    )
    response = HTMLResponse(html, code, {"Vary": "Accept-Language, Cookie"})
    if request.query_params.get(CHOICE) == language:
        response.set_cookie(COOKIE, language, max_age=_COOKIE_SECONDS, httponly=True, samesite="lax")
    return response


def error_page(request: Request, error: Exception) -> HTMLResponse:
    """The page for an error, which leads back; if there is no library, it says how to build one."""
    code, detail, headers = describe(error)
    if isinstance(error, LibraryNotFound):
        workspace: Workspace | None = request.app.state.workspace
        library = request.app.state.library
        index = "" if library == default_folder() else f" --index {shlex.quote(clean(str(library)))}"
        adding = workspace.values(request) if workspace else None
        return page(request, "empty", code, detail=detail, index=index, workspace=adding)
    question = request.query_params.get("q", "")
    back = f"/?{urlencode({'q': question})}" if 0 < len(question) <= LONGEST_QUESTION else "/"
    for prefix, form in _FORMS.items():  # of a form that was refused before it was read
        if request.url.path.startswith(prefix):
            back = form
    back = getattr(request.state, "back", "") or back
    if code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:  # of a path that no route has
        error = PageError(code, "no_page")
    told = in_words(error, language_of(request))
    response = page(request, "error", code, detail=told or detail, is_english=told is None, back=back)
    response.headers.update(headers or {})
    return response


def path_of(request: Request) -> str:
    """The path of a request and its parameters, escaped as they were sent."""
    parts = request.scope["raw_path"], request.scope["query_string"]
    return b"?".join(filter(None, parts)).decode("ascii", "replace")


def _changed(request: Request, **values: str | None) -> str:
    """The parameters of a page's address, with other values; a parameter with the value `None` is left out."""
    left_out = {*_NOT_REPEATED, *values}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in left_out]
    given = [(name, value) for name, value in values.items() if value is not None]
    return f"?{urlencode([*kept, *given])}"
