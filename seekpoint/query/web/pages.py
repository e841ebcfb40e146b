"""The pages: questions, the reading list, a resource. All of them work without JavaScript."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from seekpoint.index.address import added_as
from seekpoint.index.open import is_written
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Filters, Kind, Resource, State
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.filters import in_language
from seekpoint.query.links import link
from seekpoint.query.output.status import remedy
from seekpoint.query.search.settings import MOST_MOMENTS, AskOptions
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.web import view_models
from seekpoint.query.web.forms import Editing
from seekpoint.query.web.kept_moments import Keeping
from seekpoint.query.web.parameters import HELD, ListPageParameters, PageParameters
from seekpoint.query.web.problems import resource_of
from seekpoint.query.web.readings import Readings
from seekpoint.query.web.resource_list import list_page
from seekpoint.query.web.security import PLAYS_FROM_WEB, AccessPolicy, comes_from_elsewhere
from seekpoint.query.web.templating import STATIC, page, path_of
from seekpoint.query.web.transcript_page import Found, OpenTranscript, around, quote_context, utf16
from seekpoint.query.web.translations import language_name, language_of, translator
from seekpoint.query.web.view_models import MomentView, Player
from seekpoint.safe_links import local_file

if TYPE_CHECKING:
    from starlette.responses import HTMLResponse

    from seekpoint.query.web.workspace import Workspace

# The most moments on the bars of the reading list: more of them would hide where the answers are.
_ON_BARS = 60
# Seconds around a moment that count as the same place, and the additional moments to ask for, since some are there.
_SAME, _SPARE = 60.0, 3
# A moment is near with this share of the best one's score.
_LEAST_SHARE = 0.6
# A second moment of a recording stands open with this share of the best one's score, so many seconds from the first one
# of its recording. Of 366 answers a third have one, and it is the only right one on view in 15; a share of .75 opens
# one in three quarters of the answers, for two more right ones.
_SECOND_SHARE, _SECOND_APART = 0.9, 180.0
# Always show 3 moments; "show more" adds 16.
_FEWEST, _MORE = 3, 16


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages for a library."""

    live: LiveLibrary
    editing: Editing | None
    workspace: Workspace | None
    policy: AccessPolicy
    readings: Readings | None
    draws: bool = False

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
        with self.live.cache() as cache:
            answer = self._answer(parameters, cache.reader) if parameters.question else None
            moments = answer.moments if answer else ()
            cited = len(answer.reading.moments) if answer and answer.reading else 0
            shown = cut(moments, cited) if parameters.is_cut else moments
            within = cache.resource(parameters.resource) if parameters.resource else None
            liked = cache.resource(parameters.like) if parameters.like else None
            # Further answers come into the page that was loaded first.
            setattr(request.state, PLAYS_FROM_WEB, Kind.RECORDING in cache.amounts.kinds)
            return page(
                request, "ask", _code(parameters), parameters=parameters, cache=cache, answer=answer,
                within=within, liked=liked, is_read=bool(self.readings) and parameters.similar_to is None,
                keeping=Keeping(self.editing, cache, path_of(request)) if self.editing else None,
                moments=shown, groups=grouped(_moment_views(shown, cache, self.draws)), draws=self.draws,
                is_public=self.policy.is_public,
                following=following(parameters.k, len(moments), len(shown)),
                playing=Playing.of(parameters, shown, cache, self.draws),
            )  # fmt: skip

    def _answer(self, parameters: PageParameters, reader: Reader) -> Answer:
        """The answer to the question, or the moments like another one, but for those at the same place."""
        if parameters.similar_to is None:
            if self.readings:
                return self.readings.ask(parameters.q, parameters.options, self.live, reader)
            return self.live.ask(parameters.q, parameters.options, within=reader)
        options = replace(parameters.options, k=min(parameters.k + _SPARE, MOST_MOMENTS))
        answer = self.live.ask(parameters.similar_to, options, within=reader)
        at = parameters.at or 0.0
        moments = tuple(
            moment
            for moment in answer.moments
            if moment.resource.id != parameters.like or (moment.start is not None and abs(moment.start - at) >= _SAME)
        )
        return replace(answer, moments=moments[: parameters.k])

    def list(self, request: Request) -> HTMLResponse:
        parameters = _parameters(request)
        with self.live.cache() as cache:
            answer = (
                self.live.ask(parameters.q, AskOptions(_ON_BARS), within=cache.reader) if parameters.question else None
            )
            moments = answer.moments if answer else ()
            near = [moment for moment in moments if _is_near(moment, moments[0])]
            marks = {
                resource_id: view_models.ticks(group, cache.duration(resource_id))
                for resource_id, group in view_models.by_resource(near).items()
            }
            is_pending = bool(cache.amounts.states[State.PENDING])
            is_own = self.workspace is not None and self.workspace.is_building
            is_building = is_pending and (is_own or is_written(self.live.address))
            asked = ListPageParameters.model_validate(dict(request.query_params))
            return page(
                request, "list", _code(parameters), parameters=parameters, cache=cache, ticks=marks,
                answer=answer, moments=near, asked=asked, shown=list_page(cache, asked, marks),
                remedy=partial(remedy, now=time.time()), is_building=is_building, pictures=self.policy.pictures,
                added_as=partial(added_as, library=self.live.address),
                workspace=self.workspace.values(request, cache, path_of(request), is_building=is_building)
                if self.workspace
                else None,
            )  # fmt: skip

    def resource(self, request: Request) -> HTMLResponse:
        parameters = _parameters(request)
        start = parameters.t
        with self.live.cache() as cache:
            resource = resource_of(cache, request.path_params["id"])
            details, transcripts = cache.details(resource.id), cache.transcripts(resource.id)
            start = min(start, details.duration) if start is not None and details.duration else start
            ui = language_of(request)
            reading = OpenTranscript.of(transcripts, parameters, details, ui, plays=resource.kind.plays)
            chapters = reading.chapters if reading else ()
            answer = None
            if parameters.question:
                language = reading.transcript.language if reading and parameters.language else None
                filters = Filters(resource=resource.id, language=language)
                answer = self.live.ask(parameters.q, AskOptions(parameters.k, filters), within=cache.reader)
            moments = answer.moments if answer else ()
            duration = cache.duration(resource.id)
            is_at_second = start is not None and resource.kind.plays
            outside = view_models.opens_at(resource, link(resource, start or 0) if is_at_second else resource.url, None)
            player = view_models.player_of(resource, cache)
            drawn = None if player else view_models.player_of(resource, cache, draws=self.draws)
            playing = Playing.of(parameters, moments, cache, self.draws) if drawn else None
            setattr(request.state, PLAYS_FROM_WEB, player is not None and player.is_from_web)
            return page(
                request, "resource", _code(parameters), parameters=parameters, cache=cache, resource=resource,
                details=details, status=cache.status(resource.id), duration=duration, reading=reading, start=start,
                languages=[each.language for each in transcripts],
                summary_language=view_models.summary_language(transcripts),
                chapters=reading.placed_chapters if reading else (),
                player=player, drawn=drawn, playing=playing, outside=outside, answer=answer,
                moments=_moment_views(moments, cache, self.draws), ticks=view_models.ticks(moments, duration),
                chapter_ticks=view_models.chapter_ticks(resource, chapters, duration, parameters.language),
                own_page=view_models.resource_href(resource),
            )  # fmt: skip

    def found(self, request: Request) -> JSONResponse:
        """The places of the parameter `find` in a transcript, for the page's script; offsets are UTF-16's."""
        parameters = _parameters(request)
        with self.live.cache() as cache:
            resource = resource_of(cache, request.path_params["id"])
            transcripts = cache.transcripts(resource.id)
        transcript = in_language(transcripts, parameters.language)
        cues = transcript.cues if transcript else ()
        sought = Found.of(parameters.sought, transcript, transcripts)
        places = [[utf16(part, cues[part.number].text) for part in place] for place in sought.places]
        ui = language_of(request)
        elsewhere = [
            (tag, translator(ui)("found_elsewhere", language=language_name(tag, ui) or tag, n=n))
            for tag, n in sought.elsewhere.items()
        ]
        return JSONResponse({"count": sought.count, "places": places, "elsewhere": elsewhere})

    def media(self, request: Request) -> FileResponse:
        with self.live.cache() as cache:
            resource = resource_of(cache, request.path_params["id"])
            is_indexed = cache.standings[resource.id].is_indexed
        mime = "application/pdf" if view_models.local_pdf(resource) else view_models.content_type(resource)
        path = local_file(resource.url) if mime and is_indexed else None
        if path is None or not path.is_file():
            raise HTTPException(404, "that is no recording or PDF that is indexed here, or its file is gone")
        return FileResponse(path, media_type=mime, filename=path.name, content_disposition_type="inline")


def _parameters(request: Request) -> PageParameters:
    """The parameters of a request; nobody's page but this server's can make it ask a question."""
    parameters = PageParameters.model_validate(dict(request.query_params))
    is_held = HELD in request.query_params or comes_from_elsewhere(request.headers)
    return parameters.unasked() if is_held else parameters


def _code(parameters: PageParameters) -> int:
    """The status code of a page that keeps its question and says where that can't be asked."""
    return HTTPStatus.BAD_REQUEST if parameters.fault else HTTPStatus.OK


def _moment_views(moments: tuple[Moment, ...], cache: ResourceCache, draws: bool) -> list[MomentView]:
    groups = view_models.by_resource(moments)
    cache.prefetch(groups)
    views = []
    for moment in moments:
        excerpt = cache.reader.transcripts(moment.resource.id, moment.language, *around(moment))
        context = quote_context(moment, excerpt[0].cues) if excerpt else []
        duration = cache.duration(moment.resource.id)
        chapters = cache.chapters(moment.resource.id, excerpt[0] if excerpt else None)
        player = view_models.player_of(moment.resource, cache, draws=draws and moment.page is not None)
        views.append(MomentView(moment, context, groups[moment.resource.id], chapters, duration, player))
    return views


@dataclass(frozen=True, slots=True)
class Playing:
    """A resource that plays from a second on, or whose pages are shown from one on.

    `here` is that place on its own page, in a `language`; `cues` are those of the moment that is marked.
    """

    resource: Resource
    player: Player
    start: float
    language: str | None
    cues: tuple[int, int] = (0, 0)

    @property
    def title(self) -> str:
        return clean(self.resource.title) or self.resource.id

    @property
    def here(self) -> str:
        return view_models.resource_href(self.resource, self.start, self.language)

    @classmethod
    def of(
        cls, parameters: PageParameters, moments: Sequence[Moment], cache: ResourceCache, draws: bool
    ) -> Playing | None:
        """The resource and second of the parameters, in the language of the nearest moment; `None` if none plays."""
        resource = cache.resource(parameters.play) if parameters.play else None
        player = view_models.player_of(resource, cache, draws=draws) if resource else None
        if resource is None or player is None:
            return None
        start = parameters.t or 0.0
        start = max(start, 1.0) if player.kind == "pdf" else min(start, cache.duration(resource.id))
        own = [moment for moment in moments if moment.resource.id == resource.id]
        nearest = min(own, key=lambda moment: abs((moment.start or moment.page or 0) - start), default=None)
        languages = [each.language for each in cache.transcripts(resource.id)]
        language = nearest.language if nearest else next(iter(languages), None)
        return cls(resource, player, start, language, nearest.cues if nearest else (0, 0))


class MomentGroup(NamedTuple):
    """The moments of a resource, best first.

    `second` is as good as the best one, elsewhere in the recording; the `others` are folded.
    """

    best: MomentView
    second: MomentView | None
    others: Sequence[MomentView]


def cut(moments: Sequence[Moment], cited: int = 0) -> tuple[Moment, ...]:
    """The moments down to where scores fall, but the first few, and those that a reader cites, in any case."""
    fewest, best = max(_FEWEST, cited), max(moments, key=lambda moment: moment.score, default=None)
    return (*moments[:fewest], *(moment for moment in moments[fewest:] if best and _is_near(moment, best)))


def following(asked: int, ranked: int, shown: int) -> int | None:
    """The number of moments that "show more" asks for; `None` if there are no more."""
    if shown < ranked:
        return max(asked, ranked)
    return min(asked + _MORE, MOST_MOMENTS) if ranked >= asked and asked < MOST_MOMENTS else None


def grouped(views: Sequence[MomentView]) -> list[MomentGroup]:
    """The moments by resource, in the order of the best moment of each."""
    groups: dict[str, list[MomentView]] = {}
    for view in views:
        groups.setdefault(view.moment.resource.id, []).append(view)
    least = _SECOND_SHARE * max((view.moment.score for view in views), default=0.0)
    result = []
    for best, *others in groups.values():
        as_good = (view for view in others if view.moment.score >= least)
        second = next((view for view in as_good if _is_apart(view.moment, best.moment)), None)
        folded = [view for view in others if view is not second]
        result.append(MomentGroup(best, second, folded))
    return result


def _is_apart(moment: Moment, other: Moment) -> bool:
    if moment.start is None or other.start is None:
        return False
    return abs(moment.start - other.start) >= _SECOND_APART


def _is_near(moment: Moment, best: Moment) -> bool:
    return moment.score >= best.score * _LEAST_SHARE
