"""The forms that change a library: their secret, their length, and where they lead afterwards."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar
from urllib.parse import parse_qs

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse

from seekpoint.index.text.clean import clean
from seekpoint.query.web.builds import Builds, SourceChecks
from seekpoint.query.web.problems import PageError

LONGEST_FORM = 262_144
"""Bytes: a Chinese character takes nine in a form."""

AnyForm = TypeVar("AnyForm", bound=BaseModel)


def own_path(address: str) -> str:
    """A path of this server; the first page for an address that leads elsewhere, as browsers read it."""
    is_own = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_own else "/"


Line = Annotated[str, AfterValidator(clean)]
"""A text of a form, as one line without control characters."""


class Form(BaseModel):
    """The field of every form: the path of this server to go to afterwards."""

    model_config = ConfigDict(str_strip_whitespace=True)

    back: Annotated[str, Field(max_length=LONGEST_FORM), AfterValidator(own_path)] = "/"

    def leave(self) -> RedirectResponse:
        """Redirect to `back`, which the browser loads again."""
        return RedirectResponse(self.back, 303)


@dataclass(frozen=True)
class Editing:
    """Lets pages of this server change things: each form carries a secret that other sites can't read."""

    builds: Builds
    remove: Callable[[str, str], None] = lambda resource_id, source: None
    checks: SourceChecks = field(default_factory=SourceChecks)
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), init=False)

    async def form(self, request: Request, form: type[AnyForm]) -> AnyForm:
        """The form of a request; raises PageError for one without the secret of this server's pages."""
        return self.read(request, await urlencoded(request), form)

    def read(self, request: Request, fields: dict[str, str], form: type[AnyForm]) -> AnyForm:
        """The form with these fields, the secret among them; errors lead back to its page."""
        request.state.back = own_path(fields.get("back", ""))
        given = fields.pop("secret", "")
        if not hmac.compare_digest(given.encode(), self.secret.encode()):
            raise PageError(403, "earlier_run")
        return form.model_validate(fields)


async def urlencoded(request: Request, most: int = LONGEST_FORM) -> dict[str, str]:
    """The fields of a form, the last of each name; raises PageError if it has more than `most` bytes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise PageError(413, "long_form", most=f"{most:,}")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}
