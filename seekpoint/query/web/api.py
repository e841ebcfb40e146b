"""The HTTP API: answers, resources, transcripts and the status, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from seekpoint.index.text.language_tags import primary
from seekpoint.query.output import status as status_output
from seekpoint.query.output.json import resource_json, to_json
from seekpoint.query.web.openapi import document
from seekpoint.query.web.parameters import LONGEST_LANGUAGE, asked, seconds, text

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.index.types import Cue, Resource, Transcript
    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCache, ResourceCaches


class Api:
    """The endpoints, on a library."""

    def __init__(self, live: LiveLibrary, caches: ResourceCaches) -> None:
        self._live = live
        self._caches = caches

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/api/ask", self.ask),
            Route("/api/resources", self.resources),
            Route("/api/resources/{id}/transcript", self.transcript),
            Route("/api/status", self.status),
            Route("/api/openapi.json", self.openapi),
            Route("/healthz", self.health),
        ]

    def ask(self, request: Request) -> JSONResponse:
        wanted = asked(request.query_params)
        answer = self._live.ask(wanted.question, wanted.k, wanted.filters, explained=wanted.explained)
        return JSONResponse(to_json(answer))

    def resources(self, request: Request) -> JSONResponse:
        return JSONResponse({"resources": self._status()["resources"]})

    def transcript(self, request: Request) -> JSONResponse:
        query = request.query_params
        language = text(query, "language", LONGEST_LANGUAGE)
        start, end = seconds(query, "start"), seconds(query, "end")
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            found = _known(cache, request.path_params["id"])
            transcripts, chapters = cache.transcripts(found.id), cache.details(found.id).chapters
        transcript = _in_language(transcripts, language)
        if transcript is None:
            wanted = f" in {language!r}" if language else ""
            raise HTTPException(404, f"no transcript of {found.id}{wanted} is indexed: /api/status says what is")
        cues = [cue for cue in transcript.cues if _is_within(cue, start, end)] if found.kind.plays else transcript.cues
        return JSONResponse(
            {
                "resource": resource_json(found),
                "language": transcript.language,
                "languages": [one.language for one in transcripts],
                "origin": transcript.origin,
                "chapters": [{"start": one.start, "title": one.title} for one in chapters if found.kind.plays],
                "cues": [_cue_json(cue, plays=found.kind.plays) for cue in cues],
            }
        )

    def status(self, request: Request) -> JSONResponse:
        return JSONResponse(self._status())

    def openapi(self, request: Request) -> JSONResponse:
        return JSONResponse(document())

    def health(self, request: Request) -> JSONResponse:
        with self._live.reader():
            return JSONResponse({"status": "ok"})

    def _status(self) -> dict[str, object]:
        with self._live.reader() as reader:
            statuses = list(self._caches.of(reader).statuses.values())
            return status_output.to_json(reader.address, reader.card, statuses)


def _known(cache: ResourceCache, resource_id: str) -> Resource:
    found = cache.resource(resource_id)
    if found is None:
        raise HTTPException(404, f"no resource here has the id {resource_id[:40]!r}: /api/resources names all")
    return found


def _in_language(transcripts: list[Transcript], language: str) -> Transcript | None:
    """The transcript of that very language, else one of the same primary subtag; the first where none is named."""
    if not language:
        return next(iter(transcripts), None)
    fitting = [one for one in transcripts if primary(one.language) == primary(language)]
    return next((one for one in fitting if one.language == language), next(iter(fitting), None))


def _is_within(cue: Cue, start: float | None, end: float | None) -> bool:
    return (start is None or cue.end > start) and (end is None or cue.start < end)


def _cue_json(cue: Cue, *, plays: bool) -> dict[str, object]:
    if plays:
        return {"start": cue.start, "end": cue.end, "text": cue.text}
    return {"anchor": cue.anchor, "page": cue.page, "text": cue.text}
