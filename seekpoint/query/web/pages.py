"""The pages: questions, the reading list, a resource. All of them work without JavaScript."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from seekpoint.index.errors import LibraryNotFound
from seekpoint.index.sections import outlined
from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import Filters, Resource, State
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links.timestamps import timestamp
from seekpoint.query.output.status import totals
from seekpoint.query.search.question_syntax import without_marks
from seekpoint.query.search.settings import MOST_MOMENTS
from seekpoint.query.transcript_choice import in_language
from seekpoint.query.web import translations, view_models
from seekpoint.query.web.errors import describe
from seekpoint.query.web.media import content_type, media_file
from seekpoint.query.web.parameters import PageParameters
from seekpoint.query.web.transcripts import paragraphs, position_at, quote_context

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.index.store import Reader
    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCache, ResourceCaches

_HERE = Path(__file__).parent
# On the bars of the reading list: moments that score much less than the best one would hide where the answers are.
_ON_BARS = 60
_LEAST_SHARE = 0.6
# Seconds around a moment that are left out of "more like this": the moment is its own best answer.
_SAME = 60.0

_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"clean": clean, "printable": printable, "timestamp": timestamp}
_templates.globals |= {
    "question_href": view_models.question_href,
    "resource_href": view_models.resource_href,
    "BAR": view_models.BAR,
}


class SimilarTo(NamedTuple):
    """The moment of "more like this": the id of its resource, and its second."""

    resource: str
    start: float

    @classmethod
    def of(cls, parameters: PageParameters) -> SimilarTo | None:
        """The moment of the parameters `like` and `at`; `None` if they aren't given."""
        return cls(parameters.like, parameters.at or 0.0) if parameters.like else None

    def is_same(self, moment: Moment) -> bool:
        """Whether a moment is at the same place."""
        return moment.resource.id == self.resource and (moment.start is None or abs(moment.start - self.start) < _SAME)


class Pages:
    """The pages for a library."""

    def __init__(self, live: LiveLibrary, caches: ResourceCaches) -> None:
        self._live = live
        self._caches = caches

    @property
    def routes(self) -> list[Route | Mount]:
        return [
            Route("/", self.ask),
            Route("/list", self.list),
            Route("/resource/{id}", self.resource),
            Route("/media/{id}", self.media),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ]

    def ask(self, request: Request) -> HTMLResponse:
        parameters = _parameters(request)
        similar_to = SimilarTo.of(parameters)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            answer = self._answer(parameters, similar_to, reader) if parameters.q else None
            moments = _moment_views(answer.moments, cache) if answer else []
            within = cache.resource(parameters.filters.resource) if parameters.filters.resource else None
            return page(
                request, "ask", parameters=parameters, cache=cache, answer=answer, moments=moments, within=within,
                like=similar_to,
                totals=totals(list(cache.statuses.values())),
            )  # fmt: skip

    def _answer(self, parameters: PageParameters, similar_to: SimilarTo | None, reader: Reader) -> Answer:
        k = parameters.k
        count = min(k + 3, MOST_MOMENTS) if similar_to else k
        per_resource = parameters.per_resource
        question = without_marks(parameters.q) if similar_to else parameters.q  # what is said may be in quotation marks
        answer = self._live.ask(question, count, parameters.filters, per_resource=per_resource, within=reader)
        if similar_to is None:
            return answer
        return replace(answer, moments=tuple(each for each in answer.moments if not similar_to.is_same(each))[:k])

    def list(self, request: Request) -> HTMLResponse:
        parameters = _parameters(request)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            answer = self._live.ask(parameters.q, _ON_BARS, within=reader) if parameters.q else None
            moments = _best(answer.moments) if answer else []
            ticks = {
                resource_id: view_models.ticks(group, cache.duration(resource_id))
                for resource_id, group in view_models.by_resource(moments).items()
            }
            statuses = list(cache.statuses.values())
            return page(
                request, "list", parameters=parameters, cache=cache, ticks=ticks, totals=totals(statuses),
                outline=list(outlined(cache.sections)), State=State, is_asked=bool(moments),
            )  # fmt: skip

    def resource(self, request: Request) -> HTMLResponse:
        parameters = _parameters(request)
        start = parameters.t
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            resource = _resource(cache, request.path_params["id"])
            details, transcripts = cache.details(resource.id), cache.transcripts(resource.id)
            transcript = in_language(transcripts, parameters.language) or next(iter(transcripts), None)
            cues = transcript.cues if transcript else ()
            chapters = cache.chapters(resource.id, transcript)
            answer = None
            if parameters.q:
                filters = Filters(resource=resource.id)
                answer = self._live.ask(parameters.q, parameters.k, filters, within=reader)
            duration = cache.duration(resource.id)
            moments = _moment_views(answer.moments, cache) if answer else []
            return page(
                request, "resource", parameters=parameters, cache=cache, resource=resource, details=details,
                status=cache.statuses[resource.id], duration=duration,
                languages=[each.language for each in transcripts],
                transcript=transcript, paragraphs=list(paragraphs(cues, chapters)), start=start,
                chapters=[(position_at(cues, each.start + 0.5), each) for each in chapters] if cues else [],
                current=None if start is None or not cues else position_at(cues, start),
                player=view_models.player_of(resource), outside=_web_address(resource, start), answer=answer,
                moments=moments, ticks=view_models.ticks(answer.moments if answer else (), duration),
                chapter_ticks=view_models.chapter_ticks(
                    resource, chapters, duration, transcript.language if transcript else None
                ),
                own_page=view_models.resource_href(resource),
            )  # fmt: skip

    def media(self, request: Request) -> FileResponse:
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            resource = _resource(cache, request.path_params["id"])
            is_indexed = cache.statuses[resource.id].state is State.INDEXED
        path = media_file(resource) if is_indexed else None
        if path is None:
            raise HTTPException(404, "that is no recording that is indexed here, or its file is gone")
        return FileResponse(path, media_type=content_type(resource))


def page(request: Request, name: str, code: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """A page in the language that the browser prefers."""
    language = translations.preferred_language(request.headers.get("accept-language", ""))
    html = _templates.get_template(f"{name}.html").render(
        say=translations.translator(language),
        ui=language,
        lang=translations.LANGUAGES[language],
        words=translations.WORDS[language],
        language_name=lambda tag: translations.language_name(tag, language),
        path=request.url.path,
        **values,
    )
    return HTMLResponse(html, code, {"Vary": "Accept-Language, Cookie"})


def error_page(request: Request, error: Exception) -> HTMLResponse:
    """The page for an error; if there is no library, it says how to build one."""
    code, detail, _ = describe(error)
    if isinstance(error, LibraryNotFound):
        return page(request, "empty", code, detail=detail)
    return page(request, "error", code, detail=detail)


def _parameters(request: Request) -> PageParameters:
    return PageParameters.model_validate(dict(request.query_params))


def _best(moments: tuple[Moment, ...]) -> list[Moment]:
    """The moments whose score is near that of the first one."""
    return [moment for moment in moments if moment.score >= moments[0].score * _LEAST_SHARE]


def _moment_views(moments: tuple[Moment, ...], cache: ResourceCache) -> list[view_models.MomentView]:
    groups = view_models.by_resource(moments)
    views = []
    for moment in moments:
        transcript = in_language(cache.transcripts(moment.resource.id), moment.language)
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
