"""The API, tested with requests that schemathesis generates from its OpenAPI document, valid and invalid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.query.summary.model import Endpoint
from seekpoint.query.summary.summariser import Summariser
from tests.fake_chat import fake_chat
from tests.fuzzing import fuzz
from tests.query.web.served import served

if TYPE_CHECKING:
    from schemathesis import Case

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["talks", "hostile"])
@pytest.mark.parametrize("examples", [8, pytest.param(80, marks=pytest.mark.nightly)])
def test_every_answer_is_as_the_document_says(name: str, examples: int, request: pytest.FixtureRequest) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis isn't installed: pip install schemathesis")
    library: Path = request.getfixturevalue(name)
    with EmbeddedReader.open(library) as opened:
        ids = [status.resource.id for status in opened.statuses()]
    with fake_chat() as chat, served(library, summariser=Summariser(Endpoint(chat.address))) as address:
        schema = schemathesis.openapi.from_url(f"{address}/api/openapi.json")
        operations = [result.ok() for result in schema.get_all_operations()]
        assert {"/api/ask", "/api/summary"} <= {operation.path for operation in operations}
        for operation in operations:
            for mode in schemathesis.GenerationMode:
                # An operation without parameters has no invalid requests.
                if mode.is_positive or operation.definition.raw.get("parameters"):
                    _ask(operation.as_strategy(generation_mode=mode), ids, examples)


def _ask(cases: st.SearchStrategy[Case[Any]], ids: list[str], examples: int) -> None:
    """Send requests, some for resources that exist; raises if a response contradicts the document."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    expected: list[Any] = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.unsupported_method,
    ]

    @settings(fuzz(examples), suppress_health_check=list(HealthCheck))
    @given(case=cases, known=st.sampled_from([None, *ids]))
    def holds(case: Case[Any], known: str | None) -> None:
        if known and case.path_parameters:
            case.path_parameters = {"id": known}
        case.call_and_validate(checks=expected)

    holds()
