"""The pages: questions, the reading list, a resource. All of them work without JavaScript."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from seekpoint.index.address import added_as
from seekpoint.index.types import Filters, Resource, State
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.filters import in_language
from seekpoint.query.search.settings import MOST_MOMENTS
from seekpoint.query.web import listing, view_models
from seekpoint.query.web.editing import Editing
from seekpoint.query.web.groups import cut, following, grouped, near
from seekpoint.query.web.keeping import Keeping
from seekpoint.query.web.media import content_type, media_file
from seekpoint.query.web.parameters import ListPageParameters, PageParameters
from seekpoint.query.web.playing import Playing
from seekpoint.query.web.reading import Found, Reading, utf16
from seekpoint.query.web.rendering import STATIC, page, path_of
from seekpoint.query.web.security import comes_from_elsewhere
from seekpoint.query.web.similarity import SPARE, SimilarTo
from seekpoint.query.web.transcripts import around, quote_context

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import HTMLResponse

    from seekpoint.index.store import Reader
    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCache, ResourceCaches
    from seekpoint.query.web.workspace import Workspace

# On the bars of the reading list: moments that score much less than the best one would hide where the answers are.
_ON_BARS = 60


class Pages:
    """The pages for a library."""

    def __init__(
        self,
        live: LiveLibrary,
        caches: ResourceCaches,
        editing: Editing | None = None,
        workspace: Workspace | None = None,
        *,
        pictures: bool = False,
        has_summaries: bool = False,
    ) -> None:
        self._live = live
        self._caches = caches
        self._editing = editing
        self._workspace = workspace
        self._pictures = pictures
        self._has_summaries = has_summaries

    @property
    def routes(self) -> list[Route | Mount]:
        return [
            Route("/", self.ask),
            Route("/list", self.list),
            Route("/resource/{id}", self.resource),
            Route("/resource/{id}/found", self.found),
            Route("/media/{id}", self.media),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]

    def ask(self, request: Request) -> HTMLResponse:
        parameters = _parameters(request)
        similar_to = SimilarTo.of(parameters)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            answer = self._answer(parameters, similar_to, reader) if parameters.question else None
            found = answer.moments if answer else ()
            shown = cut(found) if parameters.is_cut else found
            within = cache.resource(parameters.filters.resource) if parameters.filters.resource else None
            return page(
                request, "ask", _code(parameters), parameters=parameters, cache=cache, answer=answer,
                within=within, like=similar_to, liked=cache.resource(similar_to.resource) if similar_to else None,
                has_summary=self._has_summaries and similar_to is None,
                keeping=Keeping(self._editing, cache, path_of(request)) if self._editing else None,
                moments=shown, groups=grouped(_moment_views(shown, cache)),
                following=following(parameters.k, len(found), len(shown)),
                playing=Playing.of(parameters, shown, cache), State=State,
            )  # fmt: skip

    def _answer(self, parameters: PageParameters, similar_to: SimilarTo | None, reader: Reader) -> Answer:
        ask = partial(self._live.ask, filters=parameters.filters, per_resource=parameters.per_resource, within=reader)
        if similar_to is None:
            return ask(parameters.q, parameters.k)
        answer = ask(similar_to.said, min(parameters.k + SPARE, MOST_MOMENTS))
        return similar_to.others(answer, parameters.k)

    def list(self, request: Request) -> HTMLResponse:
        parameters = _parameters(request)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            answer = self._live.ask(parameters.q, _ON_BARS, within=reader) if parameters.question else None
            moments = near(answer.moments) if answer else ()
            ticks = {
                resource_id: view_models.ticks(group, cache.duration(resource_id))
                for resource_id, group in view_models.by_resource(moments).items()
            }
            asked = ListPageParameters.model_validate(dict(request.query_params))
            return page(
                request, "list", _code(parameters), parameters=parameters, cache=cache, ticks=ticks,
                State=State, asked=asked, shown=listing.list_page(cache, asked, ticks), remedy=listing.remedy,
                pictures=self._pictures,
                added_as=partial(added_as, library=self._live.address),
                workspace=self._workspace.values(request, cache, path_of(request)) if self._workspace else None,
            )  # fmt: skip

    def resource(self, request: Request) -> HTMLResponse:
        parameters = _parameters(request)
        start = parameters.t
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            resource = _resource(cache, request.path_params["id"])
            details, transcripts = cache.details(resource.id), cache.transcripts(resource.id)
            reading = Reading.of(transcripts, parameters, details, plays=resource.kind.plays)
            chapters = reading.chapters if reading else ()
            answer = None
            if parameters.question:
                language = reading.transcript.language if reading and parameters.language else None
                filters = Filters(resource=resource.id, language=language)
                answer = self._live.ask(parameters.q, parameters.k, filters, within=reader)
            found = answer.moments if answer else ()
            duration = cache.duration(resource.id)
            return page(
                request, "resource", _code(parameters), parameters=parameters, cache=cache, resource=resource,
                details=details, status=cache.status(resource.id), duration=duration, reading=reading, start=start,
                languages=[each.language for each in transcripts],
                chapters=reading.placed_chapters if reading else (),
                player=view_models.player_of(resource), outside=_web_address(resource, start), answer=answer,
                moments=_moment_views(found, cache), ticks=view_models.ticks(found, duration),
                chapter_ticks=view_models.chapter_ticks(resource, chapters, duration, parameters.language),
                own_page=view_models.resource_href(resource),
            )  # fmt: skip

    def found(self, request: Request) -> JSONResponse:
        """The places of the parameter `find` in a transcript, for the page's script; offsets are UTF-16's."""
        parameters = _parameters(request)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            resource = _resource(cache, request.path_params["id"])
            transcript = in_language(cache.transcripts(resource.id), parameters.language)
        cues = transcript.cues if transcript else ()
        found = Found.of(parameters.sought, cues)
        places = [[utf16(part, cues[part.number].text) for part in place] for place in found.places]
        return JSONResponse({"count": found.count, "places": places})

    def media(self, request: Request) -> FileResponse:
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            resource = _resource(cache, request.path_params["id"])
            is_indexed = cache.standings[resource.id].is_indexed
        path = media_file(resource) if is_indexed else None
        if path is None:
            raise HTTPException(404, "that is no recording that is indexed here, or its file is gone")
        return FileResponse(path, media_type=content_type(resource))


def _parameters(request: Request) -> PageParameters:
    """The parameters of a request; nobody's page but this server's can make it ask a question."""
    parameters = PageParameters.model_validate(dict(request.query_params))
    return parameters.unasked() if comes_from_elsewhere(request.headers) else parameters


def _code(parameters: PageParameters) -> int:
    """The status code of a page that keeps its question and says where that can't be asked."""
    return HTTPStatus.BAD_REQUEST if parameters.fault else HTTPStatus.OK


def _moment_views(moments: tuple[Moment, ...], cache: ResourceCache) -> list[view_models.MomentView]:
    groups = view_models.by_resource(moments)
    cache.prefetch(groups)
    views = []
    for moment in moments:
        transcript = cache.reader.excerpt(moment.resource.id, moment.language, *around(moment))
        context = quote_context(moment, transcript.cues) if transcript else None
        duration = cache.duration(moment.resource.id)
        chapters = cache.chapters(moment.resource.id, transcript)
        views.append(view_models.moment_view(moment, context, groups[moment.resource.id], chapters, duration))
    return views


def _resource(cache: ResourceCache, resource_id: str) -> Resource:
    resource = cache.resource(resource_id)
    if resource is None:
        raise HTTPException(404, f"no resource here has the id {resource_id[:40]!r}")
    return resource


def _web_address(resource: Resource, start: float | None) -> str | None:
    """The resource's own address, at `start`; `None` if it isn't on the web."""
    if not view_models.is_web(resource.url):
        return None
    return f"{resource.url}&t={int(start)}s" if start is not None and resource.kind.plays else resource.url
