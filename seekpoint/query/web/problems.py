"""Errors as problem documents (RFC 9457, `application/problem+json`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from seekpoint.index.errors import LibraryError, SeekpointError, UsageError, WordlessQuestion
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Resource
from seekpoint.query.output.json import ProblemJson
from seekpoint.query.serving.parameter_types import invalid_parameters
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.web.translations import reason_in, translator


def resource_of(cache: ResourceCache, resource_id: str, hint: str = "") -> Resource:
    """The resource with an id; raises HTTPException if there is none, with the id and the `hint` for programs."""
    resource = cache.resource(resource_id)
    if resource is None and hint:
        raise HTTPException(404, f"no resource here has the id {resource_id[:40]!r}{hint}")
    if resource is None:
        raise PageError(404, "no_resource")
    return resource


class PageError(HTTPException):
    """An error that a page tells in its own language: `key` is that of the text, in which the `values` are filled in.

    A value may be several errors.
    """

    def __init__(
        self,
        code: int,
        key: str,
        headers: Mapping[str, str] | None = None,
        **values: str | Sequence[Exception],
    ) -> None:
        self.key = key
        self.values = values
        super().__init__(code, self.in_language("en"), headers)

    def in_language(self, language: str) -> str:
        """The text in a language of the page."""
        say, texts = translator(language), dict[str, str]()
        for name, value in self.values.items():
            errors = () if isinstance(value, str) else (in_words(each, language) or str(each) for each in value)
            texts[name] = value if isinstance(value, str) else say("semicolon").join(errors)
        return say(self.key, **texts)


def in_words(error: Exception, language: str) -> str | None:
    """The text of an error in a language of the page; `None` if there is only an English one."""
    if isinstance(error, PageError):
        return error.in_language(language)
    reason = error.args[0] if isinstance(error, SeekpointError) and error.args else None
    return reason_in(reason, language) if isinstance(reason, Reason) and not reason.is_foreign else None


TYPE = "application/problem+json"
LATER = {"Retry-After": "5"}
"""The header of an error that may be over in some seconds."""


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem document; `detail` is a sentence for people."""
    title = HTTPStatus(status).phrase
    content: ProblemJson = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(content, status, headers, TYPE)


def describe(error: Exception) -> tuple[int, str, Mapping[str, str] | None]:
    """The status, detail and headers for an error; an unexpected error's text isn't revealed."""
    if isinstance(error, HTTPException):
        return error.status_code, error.detail, error.headers
    if isinstance(error, RequestValidationError | ValidationError):
        return 400, invalid_parameters(error.errors()), None
    if isinstance(error, WordlessQuestion):
        shown = repr(error.question) if error.question else "the empty one"
        return (
            400,
            f"`q` and each `also` need words: {shown} has no letters or digits; send such as q=why%20masks",
            None,
        )
    if isinstance(error, UsageError):
        return 400, str(error), None
    if isinstance(error, SeekpointError):
        return 503, str(error), LATER if isinstance(error, LibraryError) else None
    return 500, "something went wrong here: the server's terminal says what", None
