"""The page of what is kept, its files, and the requests that keep a moment, write a note and let it go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from seekpoint.index.open import open_keeper
from seekpoint.query.output.kept_exports import FORMATS, TITLE, by_collection
from seekpoint.query.web import view_models
from seekpoint.query.web.editing import Editing, Form
from seekpoint.query.web.errors import PageError
from seekpoint.query.web.keeping import KeepForm, Keeping, NoteForm, PlaceForm
from seekpoint.query.web.parameters import KeptFile, KeptParameters
from seekpoint.query.web.rendering import page, path_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.index.store import Keeper
    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCaches


class KeptPages:
    """The page of what is kept; it has forms if there is an `editing`."""

    def __init__(self, live: LiveLibrary, caches: ResourceCaches, editing: Editing | None) -> None:
        self._live = live
        self._caches = caches
        self._editing = editing

    @property
    def routes(self) -> list[Route]:
        forms = KeptForms(self._live, self._caches, self._editing).routes if self._editing else []
        return [Route("/kept", self.kept), Route("/kept/file", self.file), *forms]

    def kept(self, request: Request) -> HTMLResponse:
        parameters = KeptParameters.model_validate(dict(request.query_params))
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            keeping = Keeping(self._editing, cache, path_of(request)) if self._editing else None
            return page(
                request, "kept", groups=by_collection(parameters.among(cache.kept)), chosen=parameters.collection,
                collections=list(by_collection(cache.kept)), present=cache.kept_here, keeping=keeping, formats=FORMATS,
                is_web=view_models.is_web,
            )  # fmt: skip

    def file(self, request: Request) -> Response:
        """The kept moments, or those of a collection, as a file to download."""
        parameters = KeptFile.model_validate(dict(request.query_params))
        with self._live.reader() as reader:
            moments = parameters.among(self._caches.of(reader).kept)
        form = FORMATS[parameters.format]
        name = quote(f"{(parameters.collection or TITLE)[:60]}{form.suffix}", safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(form.render(moments), headers=headers, media_type=f"{form.media_type}; charset=utf-8")


class KeptForms:
    """The requests that change what is kept."""

    def __init__(self, live: LiveLibrary, caches: ResourceCaches, editing: Editing) -> None:
        self._live = live
        self._caches = caches
        self._editing = editing

    @property
    def routes(self) -> list[Route]:
        forms = {"/kept/moment": self.keep, "/kept/note": self.annotate, "/kept/drop": self.drop}
        return [Route(path, form, methods=["POST"]) for path, form in forms.items()]

    async def keep(self, request: Request) -> Response:
        form = await self._editing.form(request, KeepForm)
        with self._live.reader() as reader:
            resource = self._caches.of(reader).resource(form.resource)
        if resource is None:
            raise HTTPException(404, f"no resource here has the id {form.resource[:40]!r}")
        moment = form.moment(resource, time.time())
        return await self._changed(form, lambda keeper: keeper.keep(moment))

    async def annotate(self, request: Request) -> Response:
        form = await self._editing.form(request, NoteForm)

        def change(keeper: Keeper) -> None:
            if not keeper.annotate(form.resource, form.place, form.note, form.collection):
                raise PageError(404, "not_kept")

        return await self._changed(form, change)

    async def drop(self, request: Request) -> Response:
        form = await self._editing.form(request, PlaceForm)
        return await self._changed(form, lambda keeper: keeper.drop(form.resource, form.place))

    async def _changed(self, form: Form, change: Callable[[Keeper], None]) -> Response:
        """Change what is kept, and go back to a page that shows it."""

        def run() -> None:
            with open_keeper(self._live.address) as keeper:
                change(keeper)
            self._live.refresh()

        await run_in_threadpool(run)
        return form.leave()
