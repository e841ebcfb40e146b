"""The HTTP API: answers, resources, transcripts and status as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from math import inf
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Path, Query, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, StreamingResponse

from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.text.languages import primary
from seekpoint.index.types import Transcript
from seekpoint.query.answers import CitedSentence, Reading
from seekpoint.query.filters import in_language, left_nothing
from seekpoint.query.output import kept_files
from seekpoint.query.output import status as status_output
from seekpoint.query.output.json import (
    AnswerJson,
    CueJson,
    HealthJson,
    KeptJson,
    NotedQuestionJson,
    ResourcesJson,
    StatusJson,
    SuggestionJson,
    SuggestionsJson,
    TranscriptJson,
    as_json,
    to_json,
)
from seekpoint.query.reading.unread_stretches import amount_read
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.serving.parameter_types import LONGEST_ID, unknown_parameter
from seekpoint.query.serving.resource_cache import ResourceCache
from seekpoint.query.serving.suggestions import Suggests
from seekpoint.query.transcript_paragraphs import position_at
from seekpoint.query.web.parameters import (
    READING,
    ApiAskParameters,
    KeptParameters,
    ListParameters,
    SuggestParameters,
    TranscriptParameters,
)
from seekpoint.query.web.problems import LATER, TYPE, resource_of
from seekpoint.query.web.readings import Readings
from seekpoint.query.web.view_models import resource_href

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_PROBLEM = {
    "description": "What went wrong",
    "content": {TYPE: {"schema": {"$ref": "#/components/schemas/ProblemJson"}}},
}
_HINT = ": /api/resources names all"
_DOWN = "no library can be asked here: its owner finds the reason with `seekpoint status`"

_TYPE = "text/event-stream"
EVENTS = {
    "description": "The sentences, and the end",
    "content": {
        _TYPE: {
            "itemSchema": {
                "type": "object",
                "required": ["event", "data"],
                "properties": {
                    "event": {"enum": ["sentence", "end"]},
                    "data": {"type": "string", "contentMediaType": "application/json"},
                },
            }
        }
    },
}
"""The response in OpenAPI's form for streams, which is that of its version 3.2."""

_VERSION = version("seekpoint")
# A proxy that collects a response before it sends it would hold the sentences back.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Api:
    """The endpoints of the API for a library."""

    live: LiveLibrary
    readings: Readings | None

    @property
    def routes(self) -> list[APIRoute]:
        endpoints: dict[str, Callable[..., object]] = {
            "/api/ask": self.ask,
            "/api/resources": self.resources,
            "/api/resources/{id}/transcript": self.transcript,
            "/api/status": self.status,
            "/api/suggestions": self.suggestions,
            "/api/kept": self.kept,
            "/healthz": self.health,
        }
        routes = [_route(path, endpoint, method) for path, endpoint in endpoints.items() for method in ("GET", "HEAD")]
        return [*routes, *([_route(READING, self.reading, "GET", EVENTS)] if self.readings else [])]

    def ask(self, parameters: Annotated[ApiAskParameters, Query()], request: Request, response: Response) -> AnswerJson:
        """Answer a question with the moments where the answer begins, best first."""
        with self._current(request, response) as cache:
            if parameters.resource:
                resource_of(cache, parameters.resource, _HINT)
            answer = self.live.ask(parameters.q, parameters.options, within=cache.reader)
            return to_json(answer, left_nothing(parameters.filters, cache.reader.languages(), "/api/status"))

    def reading(self, parameters: Annotated[ApiAskParameters, Query()]) -> Response:
        """Let the server's language model read what `ask` finds with these parameters, and answer in sentences.

        An event `sentence` has a `text` and its `citations`; the last event is `end`, with `reader`: answered, none
        where nothing answers, or failed, and then a `problem`. The page has the moments in the model's order then.
        """
        assert self.readings, "only then there is a route"
        with self.live.cache() as cache:
            if parameters.resource:
                resource_of(cache, parameters.resource, _HINT)
            steps = self.readings.steps(parameters.q, parameters.options, self.live, cache.reader)
        return EventStream(_events(self.readings.stream(steps)))

    def resources(
        self, parameters: Annotated[ListParameters, Query()], request: Request, response: Response
    ) -> ResourcesJson:
        """List the resources and their states."""
        with self._current(request, response) as cache:
            stop = None if parameters.limit is None else parameters.offset + parameters.limit
            ids = cache.order[parameters.offset : stop]
            statuses = [cache.statuses[key] for key in ids] if stop is None else cache.reader.statuses(ids)
        return {"total": len(cache.order), "resources": as_json(statuses)}

    def transcript(
        self,
        resource_id: Annotated[str, Path(alias="id", max_length=LONGEST_ID, description="The resource's id.")],
        parameters: Annotated[TranscriptParameters, Query()],
        request: Request,
        response: Response,
    ) -> TranscriptJson:
        """Read what is said in a resource, or a part of it."""
        with self._current(request, response) as cache:
            resource = resource_of(cache, resource_id, _HINT)
            transcripts = cache.transcripts(resource_id)
            transcript = in_language(transcripts, parameters.language)
            chapters = cache.chapters(resource_id, transcript)
        if transcript is None:
            suffix = f" in {parameters.language!r}" if parameters.language else ""
            raise HTTPException(404, f"no transcript of {resource_id}{suffix} is indexed: /api/status says what is")
        plays = resource.kind.plays
        cues: list[CueJson] = []
        for cue in transcript.cues:
            text: str = as_json(cue.text)
            if not plays:
                cues.append({"anchor": as_json(cue.anchor), "page": cue.page, "text": text})
            elif (parameters.start is None or cue.end > parameters.start) and (
                parameters.end is None or cue.start < parameters.end
            ):
                cues.append({"start": cue.start, "end": cue.end, "text": text})
                if cue.speaker:
                    cues[-1]["speaker"] = as_json(cue.speaker)
        languages, noted = [each.language for each in transcripts], _noted(transcript, parameters, plays=plays)
        transcript = replace(transcript, summary="" if parameters.start else transcript.summary)
        given = {"resource": resource, "languages": languages, "chapters": chapters if plays else ()}
        document: TranscriptJson = as_json(transcript, **given, cues=cues, questions=noted)
        return document

    def status(self, request: Request, response: Response) -> StatusJson:
        """Tell what is indexed and what isn't, as `seekpoint status --json` does."""
        with self._current(request, response) as cache:
            library, statuses = cache.reader, list(cache.statuses.values())
            return status_output.to_json(library.address, library.card, statuses, amount_read(library, statuses))

    def suggestions(
        self, parameters: Annotated[SuggestParameters, Query()], request: Request, response: Response
    ) -> SuggestionsJson:
        """List titles, headings, chapters and noted questions that say what is typed so far."""
        with self._current(request, response) as cache:
            matching = cache.suggestions.matching(parameters.q, parameters.limit, primary(parameters.language or ""))
        suggestions: list[SuggestionJson] = []
        for kind, text, resource, start, _ in matching:
            href = f"/?{urlencode({'q' if kind is Suggests.QUESTION else 'section': text})}"
            if resource and kind is not Suggests.QUESTION:
                href = resource_href(resource, start)
            suggestions.append({"kind": kind.value, "text": text, "href": href})
            if resource:
                suggestions[-1]["resource"] = resource.id
            if start is not None:
                suggestions[-1]["start"] = start
        return {"suggestions": suggestions}

    def kept(self, parameters: Annotated[KeptParameters, Query()], request: Request, response: Response) -> KeptJson:
        """List the kept moments, of all collections or of one."""
        with self._current(request, response) as cache:
            return kept_files.to_json(parameters.among(cache.kept), cache.kept_here)

    def health(self) -> HealthJson:
        """Tell whether questions can be asked; nothing of the library, since no token is needed."""
        try:
            with self.live.reader():
                return {"status": "ok"}
        except SeekpointError as error:
            raise HTTPException(503, _DOWN, LATER) from error

    @contextmanager
    def _current(self, request: Request, response: Response) -> Iterator[ResourceCache]:
        """The library; raises 304 where the client has the answer already, since the library is as it was then."""
        with self.live.cache() as cache:
            state = (_VERSION, cache.reader.revision, request.url.path, request.url.query)
            tag = f'W/"{hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest()}"'
            if tag in re.split(r"\s*,\s*", request.headers.get("if-none-match", "")):
                raise HTTPException(304, headers={"ETag": tag})
            response.headers["ETag"] = tag
            yield cache


def _noted(transcript: Transcript, parameters: TranscriptParameters, *, plays: bool) -> list[NotedQuestionJson]:
    """The questions that were noted of a transcript, of a recording those whose answers begin in a part of it."""
    stop = inf if parameters.end is None else parameters.end
    noted: list[NotedQuestionJson] = []
    for start, language, text in transcript.questions:
        question: NotedQuestionJson = {"language": as_json(language), "text": as_json(text)}
        if plays and (parameters.start or 0.0) <= start < stop:
            noted.append({"start": start, **question})
        elif not plays and transcript.cues:
            cue = transcript.cues[position_at(transcript.cues, start)]
            noted.append({"anchor": as_json(cue.anchor), "page": cue.page, **question})
    return noted


def _route(path: str, endpoint: Callable[..., object], method: str, events: dict[str, Any] | None = None) -> APIRoute:
    """A route; the document has those for GET. A token may be sent, since the server may ask for one."""
    token = Security(HTTPBearer(scheme_name="token", auto_error=False))
    takes_token = path.startswith("/api/")
    return APIRoute(
        path,
        endpoint,
        methods=[method],
        response_class=Response if events else JSONResponse,
        operation_id=endpoint.__name__,
        responses={"default": _PROBLEM} | ({200: events} if events else {}),
        dependencies=[Depends(_refuse_unknown_parameters), *([token] if takes_token else [])],
        openapi_extra={"security": [{}]} if takes_token else None,
        include_in_schema=method == "GET",
    )


def _refuse_unknown_parameters(request: Request) -> None:
    path = request.scope["route"].path
    parameters = request.app.openapi()["paths"][path]["get"].get("parameters", [])
    known = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
    if error := unknown_parameter(path, request.query_params, known):
        raise UsageError(error)
    lists = [parameter["name"] for parameter in parameters if parameter["schema"].get("type") == "array"]
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if count > 1 and name not in lists:
            raise UsageError(f"{path} takes `{name}` once: leave the others out")


async def _events(steps: AsyncGenerator[Sequence[CitedSentence] | Reading, None]) -> AsyncGenerator[bytes, None]:
    try:
        async for step in steps:
            if isinstance(step, Reading):
                yield _event("end", {"reader": step.verdict, "problem": step.problem})
            else:
                yield b"".join(_event("sentence", as_json(sentence)) for sentence in step) or KEEPALIVE_COMMENT
    finally:
        await steps.aclose()


class EventStream(StreamingResponse):
    """A response of events, which are closed as soon as the client has gone; FastAPI's can't answer with an error."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, headers=_HEADERS, media_type=_TYPE)
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.aclose()


def _event(name: str, data: object) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))
