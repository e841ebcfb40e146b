"""Errors as problem documents (RFC 9457, `application/problem+json`)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from seekpoint.index.errors import LibraryError, SeekpointError, UsageError, WordlessQuestion
from seekpoint.index.types import Resource
from seekpoint.query.output.json_schema import ProblemJson
from seekpoint.query.serving.parameters import invalid_parameters
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.web.translations import WORDS


def resource_of(cache: ResourceCache, resource_id: str, hint: str = "") -> Resource:
    """The resource with an id; raises HTTPException if there is none."""
    resource = cache.resource(resource_id)
    if resource is None:
        raise PageError(404, "no_resource", hint=hint, id=repr(resource_id[:40]))
    return resource


class PageError(HTTPException):
    """An error that a page tells in its own language: `key` is that of the text, in which the `values` are filled in.

    `hint` follows the text where a program asked.
    """

    def __init__(
        self, code: int, key: str, headers: Mapping[str, str] | None = None, *, hint: str = "", **values: str
    ) -> None:
        super().__init__(code, WORDS["en"][key].format(**values) + hint, headers)
        self.key = key
        self.values = values


TYPE = "application/problem+json"


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
        shown = f"{error.question!r} has" if error.question else "it has"
        return 400, f"`q` needs words: {shown} no letters or digits; send a question such as q=why%20masks", None
    if isinstance(error, UsageError):
        return 400, str(error), None
    if isinstance(error, SeekpointError):
        return 503, str(error), {"Retry-After": "5"} if isinstance(error, LibraryError) else None
    return 500, "something went wrong here: the server's terminal says what", None
