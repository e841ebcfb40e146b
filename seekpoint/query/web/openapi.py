"""The OpenAPI document of the HTTP API."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from seekpoint.index.types import Kind, Origin, State
from seekpoint.query.search.settings import LONGEST_QUESTION, MOST_MOMENTS
from seekpoint.query.web.errors import TYPE
from seekpoint.query.web.parameters import LONGEST_ID, LONGEST_LANGUAGE, LONGEST_SECTION, USUAL_MOMENTS

_Json = dict[str, Any]

_STRING: _Json = {"type": "string"}
_NUMBER: _Json = {"type": "number"}
_COUNT: _Json = {"type": "integer", "minimum": 0}


def document() -> _Json:
    """The API's parameters and responses, in OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Seekpoint",
            "version": _version(),
            "description": "Ask a reading list a question; an answer is the moments where it begins.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{}, {"token": []}],
        "paths": {
            "/api/ask": {"get": _ask()},
            "/api/resources": {
                "get": _operation("resources", "Every resource and its state", _object(resources=_list("Status")))
            },
            "/api/resources/{id}/transcript": {"get": _transcript()},
            "/api/status": {"get": _operation("status", "What is indexed and what isn't", _ref("Library"))},
            "/healthz": {
                "get": {
                    **_operation("health", "Whether questions can be asked", _object(status={"const": "ok"})),
                    "security": [],
                }
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
            "responses": {"Problem": _response("What went wrong", _ref("Problem"), TYPE)},
        },
    }


def _ask() -> _Json:
    operation = _operation("ask", "The moments where the answer to a question begins, best first", _ref("Answer"))
    operation["parameters"] = [
        _parameter("q", "The question", _text(LONGEST_QUESTION, 1), required=True),
        _parameter(
            "k",
            "How many moments at most",
            {"type": "integer", "minimum": 1, "maximum": MOST_MOMENTS, "default": USUAL_MOMENTS},
        ),
        _parameter("kind", "Only resources of this kind", {"type": "string", "enum": [*Kind]}),
        _parameter("section", "Only resources under a heading with these words", _text(LONGEST_SECTION)),
        _parameter("language", "Only what is said in this language, such as en or zh", _text(LONGEST_LANGUAGE)),
        _parameter("resource", "Only the resource of this id", _text(LONGEST_ID)),
        _parameter("explain", "Say why each moment was found", {"type": "boolean", "default": False}),
    ]
    return operation


def _transcript() -> _Json:
    operation = _operation(
        "transcript", "What is said in a resource, or from one second to another", _ref("Transcript")
    )
    operation["parameters"] = [
        {"name": "id", "in": "path", "required": True, "description": "The resource's id", "schema": _text(LONGEST_ID)},
        _parameter(
            "language", "The transcript's language; the first one's where it isn't given", _text(LONGEST_LANGUAGE)
        ),
        _parameter("start", "From this second on", {"type": "number", "minimum": 0}),
        _parameter("end", "Up to this second", {"type": "number", "minimum": 0}),
    ]
    operation["responses"]["404"] = {"$ref": "#/components/responses/Problem"}
    return operation


def _schemas() -> _Json:
    resource = {
        "id": _STRING,
        "kind": {"type": "string", "enum": [*Kind]},
        "title": _STRING,
        "url": _STRING,
        "sections": {"type": "array", "items": {"type": "array", "items": _STRING}},
    }
    status = _object(
        **resource,
        state={"type": "string", "enum": [*State]},
        reason=_nullable("string"),
        retry_after=_nullable("string"),
        languages={"type": "array", "items": _STRING},
        transcript={"enum": [*Origin, None]},
        chunks=_COUNT,
    )
    problem = _object(type=_STRING, title=_STRING, status={"type": "integer"}, detail=_STRING)
    return {
        **_answer_schemas(),
        "Resource": _object(**resource),
        "Status": status,
        "Library": _library_schema(),
        "Transcript": _transcript_schema(),
        "Problem": problem,
    }


def _answer_schemas() -> _Json:
    moment = _object(
        rank=_COUNT,
        score=_NUMBER,
        resource=_ref("Resource"),
        language=_STRING,
        start=_nullable("number"),
        end=_nullable("number"),
        timestamp=_nullable("string"),
        quote=_STRING,
        link=_STRING,
    )
    moment["properties"] |= {"chapter": _STRING, "page": _COUNT, "explanation": {"type": "object"}}
    answer = _object(question=_STRING, answered={"type": "boolean"}, moments=_list("Moment"))
    answer["properties"]["doubt"] = {"type": "object"}
    return {"Answer": answer, "Moment": moment}


def _library_schema() -> _Json:
    states = {state.value: _COUNT for state in State}
    return _object(
        library=_STRING,
        model=_object(name=_STRING, dimension=_COUNT, fingerprint=_STRING),
        totals=_object(resources=_COUNT, **states, chunks=_COUNT, seconds=_NUMBER),
        resources=_list("Status"),
    )


def _transcript_schema() -> _Json:
    cue = _object(text=_STRING)
    cue["properties"] |= {"start": _NUMBER, "end": _NUMBER, "anchor": _nullable("string"), "page": _nullable("integer")}
    return _object(
        resource=_ref("Resource"),
        language=_STRING,
        languages={"type": "array", "items": _STRING},
        origin={"type": "string", "enum": [*Origin]},
        chapters={"type": "array", "items": _object(start=_NUMBER, title=_STRING)},
        cues={"type": "array", "items": cue},
    )


def _operation(name: str, summary: str, schema: _Json) -> _Json:
    return {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": _response(summary, schema, "application/json"),
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }


def _response(description: str, schema: _Json, media_type: str) -> _Json:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _parameter(name: str, description: str, schema: _Json, *, required: bool = False) -> _Json:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _object(**properties: _Json) -> _Json:
    return {"type": "object", "required": [*properties], "properties": properties}


def _text(longest: int, shortest: int = 0) -> _Json:
    return {"type": "string", "maxLength": longest} | ({"minLength": shortest} if shortest else {})


def _nullable(kind: str) -> _Json:
    return {"type": [kind, "null"]}


def _list(name: str) -> _Json:
    return {"type": "array", "items": _ref(name)}


def _ref(name: str) -> _Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _version() -> str:
    try:
        return version("seekpoint")
    except PackageNotFoundError:
        return "0"
