"""The page of kept moments, its files, and the requests that keep a moment, write a note and drop it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from pydantic import AfterValidator, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from seekpoint.index.open import open_keeper
from seekpoint.index.store import Keeper
from seekpoint.index.types import KeptMoment, place_of
from seekpoint.query.answers import Moment
from seekpoint.query.keeping import LONGEST_TEXT, as_kept, in_lines, quoted_cue, to_keep, under_headings
from seekpoint.query.output.kept_files import KEPT_FORMATS, TITLE, by_collection
from seekpoint.query.search.settings import LONGEST_QUESTION
from seekpoint.query.serving.parameter_types import LONGEST_ID, LONGEST_LANGUAGE, OrNone
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.web import view_models
from seekpoint.query.web.forms import AnyForm, Editing, Form, Line
from seekpoint.query.web.parameters import LONGEST_COLLECTION, KeptFile, KeptParameters
from seekpoint.query.web.problems import PageError, resource_of
from seekpoint.query.web.templating import page, path_of
from seekpoint.safe_links import is_web

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.query.serving.live_library import LiveLibrary


@dataclass(frozen=True, slots=True)
class KeptPages:
    """The page of kept moments; it has forms if there is an `editing`."""

    live: LiveLibrary
    editing: Editing | None

    @property
    def routes(self) -> list[Route]:
        forms = {"/kept/moment": self.keep, "/kept/note": self.annotate, "/kept/drop": self.drop}
        changing = [Route(path, form, methods=["POST"]) for path, form in forms.items()] if self.editing else []
        return [Route("/kept", self.kept), Route("/kept/file", self.file), *changing]

    def kept(self, request: Request) -> HTMLResponse:
        parameters = KeptParameters.model_validate(dict(request.query_params))
        with self.live.cache() as cache:
            keeping = Keeping(self.editing, cache, path_of(request)) if self.editing else None
            return page(
                request, "kept", groups=by_collection(parameters.among(cache.kept)), chosen=parameters.collection,
                collections=list(by_collection(cache.kept)), present=cache.kept_here, keeping=keeping,
                formats=KEPT_FORMATS, is_web=is_web, opens_at=view_models.opens_at,
                quoted_cue=partial(quoted_cue, cache=cache),
            )  # fmt: skip

    def file(self, request: Request) -> Response:
        """The kept moments, or those of a collection, as a file to download."""
        parameters = KeptFile.model_validate(dict(request.query_params))
        with self.live.cache() as cache:
            moments = [under_headings(moment, cache) for moment in parameters.among(cache.kept)]
        form = KEPT_FORMATS[parameters.format]
        name = quote(f"{(parameters.collection or TITLE)[:60]}{form.suffix}", safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(form.render(moments), headers=headers, media_type=f"{form.media_type}; charset=utf-8")

    async def keep(self, request: Request) -> Response:
        form = await self._form(request, KeepForm)
        with self.live.cache() as cache:
            resource = resource_of(cache, form.resource)
        values = form.model_dump(exclude={"resource", "back"})
        moment = KeptMoment(resource=as_kept(resource), added=time.time(), **values)
        return await self._changed(form, lambda keeper: keeper.keep(moment))

    async def annotate(self, request: Request) -> Response:
        form = await self._form(request, PlaceForm)
        with self.live.cache() as cache:
            notes = {(moment.resource.id, moment.place): in_lines(moment.note) for moment in cache.kept}
        stored = notes.get((form.resource, form.place), form.before)
        if form.before is not None and stored not in (form.before, form.note):
            raise PageError(409, "note_changed")

        def change(keeper: Keeper) -> None:
            if not keeper.annotate(form.resource, form.place, form.note, form.collection):
                raise PageError(404, "not_kept")

        return await self._changed(form, change)

    async def drop(self, request: Request) -> Response:
        form = await self._form(request, PlaceForm)
        return await self._changed(form, lambda keeper: keeper.annotate(form.resource, form.place, None))

    async def _form(self, request: Request, form: type[AnyForm]) -> AnyForm:
        assert self.editing, "only then there are routes that change"
        return await self.editing.form(request, form)

    async def _changed(self, form: Form, change: Callable[[Keeper], object]) -> Response:
        def run() -> None:
            with open_keeper(self.live.address) as keeper:
                change(keeper)
            self.live.refresh()

        await run_in_threadpool(run)
        return form.leave()


_MOST_PAGES = 1_000_000


class KeepForm(Form):
    """A moment to keep, as the page shows it."""

    resource: Annotated[str, Field(max_length=LONGEST_ID)]
    language: Annotated[Line, Field(max_length=LONGEST_LANGUAGE)]
    start: Annotated[Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None, OrNone] = None
    page: Annotated[Annotated[int, Field(ge=1, le=_MOST_PAGES)] | None, OrNone] = None
    anchor: Annotated[Annotated[Line, Field(max_length=LONGEST_TEXT)] | None, OrNone] = None
    quote: Annotated[Line, Field(max_length=LONGEST_TEXT)]
    link: Annotated[Line, Field(max_length=LONGEST_TEXT)]
    question: Annotated[Line, Field(max_length=LONGEST_QUESTION)] = ""


class PlaceForm(Form):
    """A kept moment, by its resource and its place there; with its note, that `before`, and its collection."""

    resource: Annotated[str, Field(max_length=LONGEST_ID)]
    place: Annotated[str, Field(max_length=LONGEST_ID)]
    note: Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(in_lines)] = ""
    before: Annotated[str, AfterValidator(in_lines)] | None = None
    collection: Annotated[Line, Field(max_length=LONGEST_COLLECTION)] = ""


_FIELDS = ("language", "start", "page", "anchor", "quote", "link", "question")


class Keeping:
    """The values that a page needs to keep moments: the forms' secret, where they lead, the moments kept already."""

    def __init__(self, editing: Editing, cache: ResourceCache, back: str) -> None:
        self.secret = editing.secret
        self.back = back
        self.collections = [name for name in by_collection(cache.kept) if name]
        self._kept = {(moment.resource.id, moment.place): moment for moment in cache.kept}

    def fields(self, moment: Moment, anchor: str | None, question: str) -> dict[str, object]:
        """The fields of the form that keeps a moment."""
        kept = to_keep(moment, anchor, question)
        return {"resource": kept.resource.id, **{name: getattr(kept, name) for name in _FIELDS}}

    def of(self, moment: Moment, anchor: str | None) -> KeptMoment | None:
        """The kept moment at the place of one on the page."""
        return self._kept.get((moment.resource.id, place_of(moment.start, moment.page, anchor, moment.quote)))
