"""The HTTP API: answers, resources, transcripts and status as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from seekpoint.index.text.language_tags import primary
from seekpoint.query.output import status as status_output
from seekpoint.query.output.json import resource_json, to_json
from seekpoint.query.web.openapi import document
from seekpoint.query.web.parameters import LONGEST_LANGUAGE, parse_ask, seconds, text

if TYPE_CHECKING:
    from starlette.requests import Request

    from seekpoint.index.types import Cue, Resource, Transcript
    from seekpoint.query.serving.live_library import LiveLibrary
    from seekpoint.query.serving.resource_cache import ResourceCache, ResourceCaches


class Api:
    """The endpoints of the API for a library."""

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
        parameters = parse_ask(request.query_params)
        answer = self._live.ask(parameters.question, parameters.k, parameters.filters, explained=parameters.explained)
        return JSONResponse(to_json(answer))

    def resources(self, request: Request) -> JSONResponse:
        return JSONResponse({"resources": self._status()["resources"]})

    def transcript(self, request: Request) -> JSONResponse:
        query = request.query_params
        language = text(query, "language", LONGEST_LANGUAGE)
        start, end = seconds(query, "start"), seconds(query, "end")
        with self._live.reader() as reader:
            cache = self._caches.of(reader)
            resource = _resource(cache, request.path_params["id"])
            transcripts, chapters = cache.transcripts(resource.id), cache.details(resource.id).chapters
        transcript = _in_language(transcripts, language)
        if transcript is None:
            suffix = f" in {language!r}" if language else ""
            raise HTTPException(404, f"no transcript of {resource.id}{suffix} is indexed: /api/status says what is")
        plays = resource.kind.plays
        cues = [cue for cue in transcript.cues if _is_within(cue, start, end)] if plays else transcript.cues
        return JSONResponse(
            {
                "resource": resource_json(resource),
                "language": transcript.language,
                "languages": [each.language for each in transcripts],
                "origin": transcript.origin,
                "chapters": [{"start": chapter.start, "title": chapter.title} for chapter in chapters if plays],
                "cues": [_cue_json(cue, plays=plays) for cue in cues],
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


def _resource(cache: ResourceCache, resource_id: str) -> Resource:
    resource = cache.resource(resource_id)
    if resource is None:
        raise HTTPException(404, f"no resource here has the id {resource_id[:40]!r}: /api/resources names all")
    return resource


def _in_language(transcripts: list[Transcript], language: str) -> Transcript | None:
    """The transcript with that tag, else one with the same primary subtag; the first if no language is given."""
    if not language:
        return next(iter(transcripts), None)
    related = [each for each in transcripts if primary(each.language) == primary(language)]
    return next((each for each in related if each.language == language), next(iter(related), None))


def _is_within(cue: Cue, start: float | None, end: float | None) -> bool:
    return (start is None or cue.end > start) and (end is None or cue.start < end)


def _cue_json(cue: Cue, *, plays: bool) -> dict[str, object]:
    if plays:
        return {"start": cue.start, "end": cue.end, "text": cue.text}
    return {"anchor": cue.anchor, "page": cue.page, "text": cue.text}
