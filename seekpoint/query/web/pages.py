"""The pages: asking, the reading list, a resource. All of them work without a script."""

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
from seekpoint.query.output import status as view
from seekpoint.query.search.settings import MOST_MOMENTS
from seekpoint.query.web import translations, view_models
from seekpoint.query.web.errors import told
from seekpoint.query.web.media import content_type, media_file
from seekpoint.query.web.parameters import LONGEST_ID, LONGEST_LANGUAGE, Asked, asked, seconds, text
from seekpoint.query.web.transcripts import around, chosen, paragraphs, position_at

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.index.store import Reader
    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCache, ResourceCaches

_HERE = Path(__file__).parent
_ON_A_PAGE = 8
# On the bars of the whole list: what scores much less than the best moment would only blur where the answers lie.
_ON_BARS = 60
_LEAST_SHARE = 0.6
# Seconds around a moment that is asked for more like it: it's its own best answer.
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


class Like(NamedTuple):
    """The place that more like it is looked for: the id of its resource, and the second."""

    resource: str
    start: float

    @classmethod
    def of(cls, request: Request) -> Like | None:
        name = text(request.query_params, "like", LONGEST_ID)
        return cls(name, seconds(request.query_params, "at") or 0.0) if name else None

    def is_at(self, moment: Moment) -> bool:
        return moment.resource.id == self.resource and (moment.start is None or abs(moment.start - self.start) < _SAME)


class Pages:
    """The pages of a library."""

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
        wanted, like = asked(request.query_params, _ON_A_PAGE), Like.of(request)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            answer = self._answer(wanted, like, reader) if wanted.question else None
            moments = _shown(answer.moments, cache) if answer else []
            within = cache.resource(wanted.filters.resource) if wanted.filters.resource else None
            return page(
                request, "ask", asked=wanted, cache=cache, answer=answer, moments=moments, within=within, like=like,
                totals=view.totals(list(cache.statuses.values())),
            )  # fmt: skip

    def _answer(self, wanted: Asked, like: Like | None, reader: Reader) -> Answer:
        count = min(wanted.k + 3, MOST_MOMENTS) if like else wanted.k
        answer = self._live.ask(wanted.question, count, wanted.filters, within=reader)
        if like is None:
            return answer
        return replace(answer, moments=tuple(one for one in answer.moments if not like.is_at(one))[: wanted.k])

    def list(self, request: Request) -> HTMLResponse:
        wanted = asked(request.query_params)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            found = _near_the_best(self._live.ask(wanted.question, _ON_BARS, within=reader)) if wanted.question else []
            ticks = {
                resource_id: view_models.ticks(moments, cache.duration(resource_id))
                for resource_id, moments in view_models.by_resource(found).items()
            }
            statuses = list(cache.statuses.values())
            return page(
                request, "list", asked=wanted, cache=cache, ticks=ticks, totals=view.totals(statuses),
                outline=list(outlined(cache.sections)), State=State, is_asked=bool(found),
            )  # fmt: skip

    def resource(self, request: Request) -> HTMLResponse:
        query = request.query_params
        wanted, start = asked(query, _ON_A_PAGE), seconds(query, "t")
        language = text(query, "language", LONGEST_LANGUAGE)
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            found = _known(cache, request.path_params["id"])
            details, transcripts = cache.details(found.id), cache.transcripts(found.id)
            transcript = chosen(transcripts, language or None)
            cues = transcript.cues if transcript else ()
            answer = None
            if wanted.question:
                answer = self._live.ask(wanted.question, wanted.k, Filters(resource=found.id), within=reader)
            duration = cache.duration(found.id)
            moments = _shown(answer.moments, cache) if answer else []
            return page(
                request, "resource", asked=wanted, cache=cache, resource=found, standing=cache.statuses[found.id],
                details=details, duration=duration, languages=[one.language for one in transcripts],
                transcript=transcript, paragraphs=list(paragraphs(cues, details.chapters)), start=start,
                chapters=[(position_at(cues, one.start + 0.5), one) for one in details.chapters] if cues else [],
                current=None if start is None or not cues else position_at(cues, start),
                player=view_models.player_of(found), outside=_outside(found, start), answer=answer, moments=moments,
                ticks=view_models.ticks(answer.moments if answer else (), duration),
                found_here=view_models.resource_href(found),
            )  # fmt: skip

    def media(self, request: Request) -> FileResponse:
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            found = _known(cache, request.path_params["id"])
            is_indexed = cache.statuses[found.id].state is State.INDEXED
        path = media_file(found) if is_indexed else None
        if path is None:
            raise HTTPException(404, "that is no recording that is indexed here, or its file is gone")
        return FileResponse(path, media_type=content_type(found))


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """A page in the language that the browser prefers."""
    language = translations.spoken(request.headers.get("accept-language", ""))
    spoken = {"say": translations.speaker(language), "ui": language, "lang": translations.LANGUAGES[language]}
    html = _templates.get_template(f"{name}.html").render(
        **spoken,
        words=translations.WORDS[language],
        language_name=lambda tag: translations.language_name(tag, language),
        path=request.url.path,
        **values,
    )
    return HTMLResponse(html, status, {"Vary": "Accept-Language, Cookie"})


def error_page(request: Request, error: Exception) -> HTMLResponse:
    """What went wrong, for people; where there is no library, how to build one."""
    status, detail, _ = told(error)
    if isinstance(error, LibraryNotFound):
        return page(request, "empty", status, detail=detail)
    return page(request, "error", status, detail=detail)


def _shown(moments: tuple[Moment, ...], cache: ResourceCache) -> list[view_models.Shown]:
    together = view_models.by_resource(moments)
    shown = []
    for moment in moments:
        transcript = chosen(cache.transcripts(moment.resource.id), moment.language)
        place = around(moment, transcript.cues) if transcript else None
        duration = cache.duration(moment.resource.id)
        shown.append(view_models.shown(moment, place, together[moment.resource.id], duration))
    return shown


def _near_the_best(answer: Answer) -> list[Moment]:
    return [one for one in answer.moments if one.score >= answer.moments[0].score * _LEAST_SHARE]


def _known(cache: ResourceCache, resource_id: str) -> Resource:
    found = cache.resource(resource_id)
    if found is None:
        raise HTTPException(404, f"no resource here has the id {resource_id[:40]!r}")
    return found


def _outside(resource: Resource, start: float | None) -> str | None:
    """Where the resource itself is on the web."""
    if not view_models.is_web(resource.url):
        return None
    return f"{resource.url}&t={int(start)}s" if start is not None and resource.kind.plays else resource.url
