from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from seekpoint.index.types import Kind
from seekpoint.query.output.json import to_json
from seekpoint.query.search.settings import LONGEST_QUESTION
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.errors import TYPE
from tests.fakes import TopicEncoder
from tests.query.web.conftest import serving


@pytest.mark.parametrize("question", ["What does the mask hide?", "掩码藏了什么？"])
def test_an_answer_is_the_one_of_the_command_line(talks: Path, client: TestClient, question: str) -> None:
    answer = client.get("/api/ask", params={"q": question, "k": 3})
    assert answer.status_code == 200
    expected = to_json(LiveLibrary(talks, TopicEncoder()).ask(question, 3))
    assert answer.json() == json.loads(json.dumps(expected))
    assert question in answer.text


@pytest.mark.parametrize(
    ("limits", "ids"),
    [
        ({"language": "zh"}, {"bbbbbbbbbbb"}),
        ({"kind": "video", "language": "en"}, {"aaaaaaaaaaa"}),
        ({"section": "中文"}, {"bbbbbbbbbbb"}),
        ({"resource": "aaaaaaaaaaa"}, {"aaaaaaaaaaa"}),
        ({"resource": "../../etc"}, set()),
        ({"section": "no such"}, set()),
    ],
)
def test_answers_keep_within_limits(client: TestClient, limits: dict[str, str], ids: set[str]) -> None:
    moments = client.get("/api/ask", params={"q": "mask", "k": "20"} | limits).json()["moments"]
    assert {moment["resource"]["id"] for moment in moments} == ids


def test_a_moment_is_explained_on_demand(client: TestClient) -> None:
    assert "explanation" in client.get("/api/ask?q=mask&explain=true").json()["moments"][0]
    assert "explanation" not in client.get("/api/ask?q=mask").json()["moments"][0]


@pytest.mark.parametrize(
    ("address", "status", "detail"),
    [
        ("/api/ask", 400, "the question is empty"),
        ("/api/ask?q=%20", 400, "the question is empty"),
        (f"/api/ask?q={'a' * (LONGEST_QUESTION + 1)}", 400, "4,000 are the most"),
        ("/api/ask?q=mask&k=0", 400, "k must be a whole number from 1 to 100"),
        ("/api/ask?q=mask&k=101", 400, "k must be a whole number from 1 to 100"),
        ("/api/ask?q=mask&k=%D9%A3", 400, "k must be a whole number from 1 to 100"),
        ("/api/ask?q=mask&k=1e9", 400, "k must be a whole number from 1 to 100"),
        ("/api/ask?q=mask&kind=song", 400, "kind must be one of video"),
        (f"/api/ask?q=mask&section={'a' * 301}", 400, "section has 301 characters"),
        ("/api/ask?q=mask&explain=perhaps", 400, "explain must be true or false"),
        ("/api/resources/none/transcript", 404, "no resource here has the id"),
        ("/api/resources/..%2F..%2Fetc%2Fpasswd/transcript", 404, "Not Found"),
        ("/api/resources/ccccccccccc/transcript", 404, "no transcript of ccccccccccc"),
        ("/api/resources/aaaaaaaaaaa/transcript?language=fr", 404, "no transcript of aaaaaaaaaaa in 'fr'"),
        ("/api/resources/aaaaaaaaaaa/transcript?start=nan", 400, "start must be a number of seconds"),
        ("/api/resources/aaaaaaaaaaa/transcript?end=-1", 400, "end must be a number of seconds"),
        ("/api/nothing", 404, "Not Found"),
    ],
)
def test_errors_are_problems(client: TestClient, address: str, status: int, detail: str) -> None:
    problem = client.get(address)
    assert (problem.status_code, problem.headers["content-type"]) == (status, TYPE)
    assert problem.json()["status"] == status
    assert detail in problem.json()["detail"]


def test_only_reading_is_allowed(client: TestClient) -> None:
    refused = client.post("/api/ask", json={"q": "mask"})
    assert (refused.status_code, refused.headers["content-type"]) == (405, TYPE)


@pytest.mark.parametrize("question", ["\0", "a\0b", "%ff%fe", "\ud800", "' OR 1=1 --", "😀" * 500, "\u202emask"])
def test_no_question_breaks_the_server(client: TestClient, question: str) -> None:
    asked = question.encode("utf-8", "surrogatepass")
    assert client.get("/api/ask", params={"q": asked}).status_code in (200, 400)
    assert client.get("/", params={"q": asked}).status_code in (200, 400)


def test_resources_and_the_status_say_what_is_here(client: TestClient) -> None:
    status = client.get("/api/status").json()
    assert status["resources"] == client.get("/api/resources").json()["resources"]
    assert status["totals"]["indexed"] == 4
    lacking = {each["id"]: each["reason"] for each in status["resources"] if each["state"] == "no_transcript"}
    assert lacking == {"ccccccccccc": "it has no captions"}


def test_a_transcript_comes_whole_and_in_part(client: TestClient) -> None:
    address = "/api/resources/bbbbbbbbbbb/transcript"
    whole = client.get(address).json()
    assert (whole["language"], whole["resource"]["title"]) == ("zh", "掩码")
    assert [cue["start"] for cue in whole["cues"]] == [0, 40, 80]
    part = client.get(address, params={"start": 45, "end": 80, "language": "zh-TW"}).json()
    assert [cue["text"] for cue in part["cues"]] == ["注意力给每个词一个权重"]


def test_what_is_read_has_no_seconds(client: TestClient) -> None:
    (document,) = (each for each in client.get("/api/resources").json()["resources"] if each["kind"] == Kind.DOCUMENT)
    cues = client.get(f"/api/resources/{document['id']}/transcript").json()["cues"]
    assert {"anchor", "page", "text"} == cues[-1].keys()


def test_without_a_library_the_api_says_how_to_build_one(tmp_path: Path) -> None:
    with serving(tmp_path / "none") as client:
        for address in ("/api/ask?q=mask", "/api/status", "/healthz"):
            problem = client.get(address)
            assert problem.status_code == 503
            assert "seekpoint build" in problem.json()["detail"]


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_the_openapi_document_names_every_endpoint_and_what_it_gives(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    assert set(document["paths"]) == {
        "/api/ask",
        "/api/resources",
        "/api/resources/{id}/transcript",
        "/api/status",
        "/healthz",
    }
    schemas = document["components"]["schemas"]
    given = {
        "Answer": client.get("/api/ask?q=mask&explain=1").json(),
        "Moment": client.get("/api/ask?q=mask&explain=1").json()["moments"][0],
        "Library": client.get("/api/status").json(),
        "Status": client.get("/api/resources").json()["resources"][0],
        "Transcript": client.get("/api/resources/aaaaaaaaaaa/transcript").json(),
        "Problem": client.get("/api/ask").json(),
    }
    for name, value in given.items():
        assert set(schemas[name]["required"]) <= value.keys() <= schemas[name]["properties"].keys(), name
