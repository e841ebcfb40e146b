"""The HTTP API: its answers, its OpenAPI document, a client generated from it; and any form that may be sent."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Kind, State
from seekpoint.query.output.json import ProblemJson, TranscriptJson, to_json
from seekpoint.query.reading.language_reader import LanguageReader
from seekpoint.query.reading.model import Endpoint
from seekpoint.query.search.settings import LONGEST_QUESTION, AskOptions
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.builds import Builds
from seekpoint.query.web.forms import Editing
from seekpoint.query.web.problems import TYPE
from seekpoint.query.web.security import AccessPolicy
from tests import fuzzing
from tests.fake_chat import fake_chat
from tests.fakes import TopicEncoder
from tests.fuzzing import fuzz, mutated
from tests.noted import note
from tests.query.output.examples import assert_valid
from tests.query.web.conftest import HOST, serving
from tests.query.web.served import served

if TYPE_CHECKING:
    from schemathesis import Case


@pytest.mark.parametrize("question", ["What does the mask hide?", "掩码藏了什么？"])
def test_answers_are_those_of_the_command_line(talks: Path, client: TestClient, question: str) -> None:
    answer = client.get("/api/ask", params={"q": question, "k": 3})
    assert answer.status_code == 200
    expected = to_json(LiveLibrary(talks, TopicEncoder()).ask(question, AskOptions(3)))
    assert answer.json() == json.loads(json.dumps(expected))
    assert question in answer.text


def test_other_wordings_of_a_question_count(talks: Path, client: TestClient) -> None:
    question, *also = "What does the mask hide?", "训练要多久？", "position"
    answer = client.get("/api/ask", params={"q": question, "k": 3, "also": also})
    expected = to_json(LiveLibrary(talks, TopicEncoder()).ask(question, AskOptions(3, also=tuple(also))))
    assert answer.json() == json.loads(json.dumps(expected))
    assert answer.json()["moments"] != client.get("/api/ask", params={"q": question, "k": 3}).json()["moments"]


@pytest.mark.parametrize(
    ("limits", "ids"),
    [
        ("kind=video&language=en", {"aaaaaaaaaaa"}),
        ("section=中文", {"bbbbbbbbbbb"}),
        ("resource=aaaaaaaaaaa", {"aaaaaaaaaaa"}),
        ("section=no+such", set()),
    ],
)
def test_answers_keep_within_limits(client: TestClient, limits: str, ids: set[str]) -> None:
    moments = client.get(f"/api/ask?q=mask&k=20&{limits}").json()["moments"]
    assert {moment["resource"]["id"] for moment in moments} == ids


@pytest.mark.parametrize(
    ("limits", "note"),
    [
        ("&section=没有", "nothing that is indexed passes these filters: /api/status says what there is"),
        ("&language=fr", "nothing here is in fr: the library has en, zh"),
        (" -mask", None),  # of which `excluded` tells
    ],
)
def test_limits_that_leave_nothing_are_told(client: TestClient, limits: str, note: str | None) -> None:
    assert client.get(f"/api/ask?q=mask{limits}").json().get("note") == note


def test_an_explanation_comes_when_asked_for_and_empty_limits_are_none(client: TestClient) -> None:
    plain = client.get("/api/ask?q=mask").json()["moments"]
    assert "explanation" not in plain[0]
    assert "explanation" in client.get("/api/ask?q=mask&explain=true").json()["moments"][0]
    assert client.get("/api/ask?q=mask&kind=&section=&language=&resource=").json()["moments"] == plain


@pytest.mark.parametrize("path", ["/api/ask", "/"])
@pytest.mark.parametrize("odd", ["\0", "a\0b", "%ff%fe", "\ud800", "😀" * 500, "\u202emask"])
def test_odd_questions_are_answered_or_refused(client: TestClient, path: str, odd: str) -> None:
    assert client.get(path, params={"q": odd.encode("utf-8", "surrogatepass")}).status_code in (200, 400)


@pytest.mark.parametrize(
    ("address", "status", "detail"),
    [
        ("/api/ask", 400, "`q`: field required"),
        ("/api/ask?q=%00", 400, "`q` and each `also` need words: the empty one has no letters or digits; send such as"),
        ("/api/ask?q=mask&also=", 400, "`q` and each `also` need words: the empty one has no letters"),
        ("/api/ask?q=mask&q=掩码", 400, "/api/ask takes `q` once: leave the others out"),
        ("/api/ask?q=mask&k=1&k=1", 400, "/api/ask takes `k` once"),
        ("/api/ask?q=🤷🎉", 400, "`q` and each `also` need words: '🤷🎉' has no letters or digits"),
        (f"/api/ask?q={'a' * (LONGEST_QUESTION + 1)}", 400, "`q`: string should have at most 4000 characters"),
        (f"/api/ask?q=mask&also={'a' * (LONGEST_QUESTION + 1)}", 400, "should have at most 4000 characters"),
        (f"/api/ask?q=mask{5 * '&also=mask'}", 400, "`also`: list should have at most 4 items"),
        ("/api/ask?q=mask&also=🤷", 400, "'🤷' has no letters or digits"),
        ("/api/ask?q=mask&k=%D9%A3", 400, "`k`: input should be a valid integer"),
        ("/api/ask?q=mask&language=klingon", 400, "'klingon' is no language tag: give one such as en, zh or zh-Hant"),
        ("/api/ask?q=mask&resource=none", 404, "no resource here has the id 'none': /api/resources names all"),
        ("/api/ask?q=mask&k=0&kind=song", 400, "than or equal to 1; `kind`: input should be 'video', 'playlist'"),
        (
            "/api/ask?q=mask&kind=playlist",
            400,
            "no moment is in a 'playlist': the kinds that hold some are video, page",
        ),
        ("/api/ask?q=mask&limit=3", 400, "/api/ask takes no `limit`, but q, k, kind, section, language, resource"),
        ("/api/ask?q=mask&语言=zh", 400, "/api/ask takes no `语言`"),
        (f"/api/status?{'a' * 5000}=1", 400, f"takes no `{'a' * 40}`, but no parameters"),
        (f"/api/resources/{'a' * 101}/transcript", 400, "`id`: string should have at most 100 characters"),
        ("/api/resources/none/transcript", 404, "no resource here has the id"),
        ("/api/resources/..%2F..%2Fetc%2Fpasswd/transcript", 404, "Not Found"),
        ("/api", 404, "Not Found"),
        ("/api/resources/ccccccccccc/transcript", 404, "no transcript of ccccccccccc"),
        ("/api/resources/aaaaaaaaaaa/transcript?language=fr", 404, "no transcript of aaaaaaaaaaa in 'fr'"),
        ("/api/resources/aaaaaaaaaaa/transcript?start=nan", 400, "`start`: input should be a finite number"),
    ],
)
def test_errors_are_problems(client: TestClient, address: str, status: int, detail: str) -> None:
    problem = client.get(address)
    assert (problem.status_code, problem.headers["content-type"]) == (status, TYPE)
    assert problem.json()["status"] == status
    assert detail in problem.json()["detail"]
    refused = client.post(address)
    assert (refused.status_code, refused.headers["content-type"]) == (404 if detail == "Not Found" else 405, TYPE)
    assert client.head(address).content == b""


def test_resources_come_in_pages_as_the_status_lists_them(client: TestClient) -> None:
    whole, status = client.get("/api/resources").json(), client.get("/api/status").json()
    assert whole["total"] == len(whole["resources"]) == 5
    assert status["resources"] == whole["resources"]
    assert status["totals"]["indexed"] == 4
    lacking = {each["id"]: each["reason"] for each in status["resources"] if each["state"] == "no_transcript"}
    assert lacking == {"ccccccccccc": "YouTube has no transcript of it"}
    for limit, offset in ((2, 0), (2, 4), (2, 6), (100, 3)):
        page = client.get("/api/resources", params={"limit": limit, "offset": offset}).json()
        assert page == {**whole, "resources": whole["resources"][offset:][:limit]}
    zipped, plain = (client.get("/api/status", headers={"Accept-Encoding": each}) for each in ("gzip", "identity"))
    assert (zipped.headers["content-encoding"], "Accept-Encoding" in zipped.headers["vary"]) == ("gzip", True)
    assert "content-encoding" not in plain.headers
    assert (zipped.json(), zipped.headers["etag"]) == (plain.json(), plain.headers["etag"])


def test_an_answer_is_sent_again_only_when_the_library_has_changed(library: Path) -> None:
    addresses = ("/api/ask?q=掩码", "/api/resources?limit=2", "/api/resources/bbbbbbbbbbb/transcript", "/api/status")
    tags: dict[str, str] = {}
    with serving(library) as client:
        for address in addresses:
            first = client.get(address)
            tag = tags[address] = first.headers["etag"]
            for known in (tag, f'"other", {tag}'):
                unchanged = client.get(address, headers={"If-None-Match": known})
                assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
            assert client.get(address, headers={"If-None-Match": '"other"'}).json() == first.json()
        with EmbeddedWriter.acquire(library) as writer:
            writer.set_state("ccccccccccc", State.UNAVAILABLE, reason="它没有了", inputs="by hand")
    with serving(library) as client:
        for address, tag in tags.items():
            changed = client.get(address, headers={"If-None-Match": tag})
            assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)
        others = ["/api/ask?q=mask", "/api/ask?q=mask&k=1", *addresses]
        assert len({client.get(address).headers["etag"] for address in others}) == len(others)
        assert not [address for address in ("/api/ask", "/healthz") if "etag" in client.get(address).headers]


def test_a_transcript_comes_whole_and_in_part(client: TestClient) -> None:
    address = "/api/resources/bbbbbbbbbbb/transcript"
    whole = client.get(address).json()
    assert (whole["language"], whole["resource"]["title"]) == ("zh", "掩码")
    assert [cue["start"] for cue in whole["cues"]] == [0, 40, 80]
    part = client.get(address, params={"start": 45, "end": 80, "language": "zh-TW"}).json()
    assert [cue["text"] for cue in part["cues"]] == ["注意力给每个词一个权重"]
    (document,) = (each for each in client.get("/api/resources").json()["resources"] if each["kind"] == Kind.DOCUMENT)
    read = client.get(f"/api/resources/{document['id']}/transcript").json()
    assert {"anchor", "page", "text"} == read["cues"][-1].keys(), "a document has no seconds"


def test_a_transcript_has_the_noted_questions_with_their_seconds_or_places(library: Path) -> None:
    asked = [(40.0, "zh", "注意力给什么加权？"), (80.0, "en", "What does the mask hide?\x1b[2J")]
    note(library, "bbbbbbbbbbb", *asked, summary="讲注意力。\x1b[2J")
    with serving(library) as client:
        (document,) = (each for each in client.get("/api/resources").json()["resources"] if each["kind"] == "document")
        note(library, document["id"], (0.0, "en", "Which note?"))
    with serving(library, encoder=TopicEncoder()) as client:
        address = "/api/resources/bbbbbbbbbbb/transcript"
        whole = client.get(address).json()
        assert_valid(TranscriptJson, whole)
        assert whole["summary"] == "讲注意力。"
        assert "summary" not in client.get("/api/resources/aaaaaaaaaaa/transcript").json()
        chinese = {"start": 40.0, "language": "zh", "text": "注意力给什么加权？"}
        assert sorted(whole["questions"], key=lambda one: one["start"]) == [
            chinese,
            {"start": 80.0, "language": "en", "text": "What does the mask hide?"},
        ]
        part = client.get(address, params={"start": 40, "end": 80}).json()
        assert part["questions"] == [chinese] and "summary" not in part
        read = client.get(f"/api/resources/{document['id']}/transcript", params={"start": 9}).json()
        (question,) = read["questions"]
        assert question == {"anchor": read["cues"][0]["anchor"], "page": None, "language": "en", "text": "Which note?"}


def test_a_noted_question_in_the_language_of_the_page_is_suggested_first(library: Path) -> None:
    note(
        library,
        "aaaaaaaaaaa",
        (80.0, "zh", "mask 是什么？"),
        (80.0, "en", "Mask the whole of the future, or what else?"),
    )
    with serving(library) as client:
        for tag, first in (("zh-Hans", "mask"), ("en", "Mask")):
            found = client.get("/api/suggestions", params={"q": "mask", "language": tag}).json()["suggestions"]
            assert next(one["text"].split()[0] for one in found if one["kind"] == "question") == first
        assert client.get("/api/suggestions", params={"q": "mask", "language": "x" * 99}).status_code == 400


def test_health_tells_strangers_nothing_of_the_library(tmp_path: Path, client: TestClient) -> None:
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "library.db").write_text("nonsense")
    down = []
    for library in (tmp_path / "none", tmp_path / "damaged", tmp_path):
        with serving(library, AccessPolicy(token="a-token-for-the-tests")) as stranger:
            assert stranger.get("/api/status").status_code == 401
            down.append(stranger.get("/healthz"))
    assert [(answer.status_code, answer.headers["retry-after"]) for answer in down] == [(503, "5")] * 3
    assert len({answer.text for answer in down}) == 1
    assert tmp_path.name not in down[0].text and "build" not in down[0].text
    assert_valid(ProblemJson, down[0].json())
    assert client.get("/healthz").json() == {"status": "ok"}
    with serving(tmp_path / "none") as owner:
        problem = owner.get("/api/ask?q=mask")
        assert (problem.status_code, "seekpoint build" in problem.json()["detail"]) == (503, True)


def test_the_openapi_document_describes_every_endpoint_and_object(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    names = ("ask", "resources", "resources/{id}/transcript", "status", "suggestions", "kept")
    assert set(document["paths"]) == {"/healthz", *(f"/api/{name}" for name in names)}
    for path, operations in document["paths"].items():
        (operation,) = operations.values()
        assert operation["description"] and operation["operationId"]
        assert all(parameter["description"] for parameter in operation.get("parameters", []))
        assert operation["responses"]["default"]["content"].keys() == {TYPE}
        assert operation.get("security", []) == ([{"token": []}, {}] if path.startswith("/api/") else [])
    for address in ("/docs", "/redoc"):
        assert client.get(address).status_code == 404, "no page of the framework is served"
    assert client.get("/openapi.json", follow_redirects=True).json() == document
    schemas = document["components"]["schemas"]
    objects = [schema for schema in nested(schemas) if schema.get("type") == "object"]
    assert len(objects) > 12
    assert all(schema.get("properties") and schema.get("description") for schema in objects)
    assert not [schema for schema in nested(schemas) if schema.get("items") == {} or schema == {"title": "Any"}]
    status = schemas["ResourceStatusJson"]["properties"]
    assert "isn't indexed" in json.dumps(status["reason"]) and "ISO 8601" in json.dumps(status["retry_after"])


def test_the_document_says_which_filters_are_taken(client: TestClient) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="pip install 'seekpoint[dev]'")
    document = client.get("/api/openapi.json").json()
    given = {each["name"]: each["schema"] for each in document["paths"]["/api/ask"]["get"]["parameters"]}
    tags = ("", "zh", "zh-Hant", "zh_TW", " en ", "yue", "en-", "fr-@", "0", "000", "0" * 35, "klingon", "中文")
    for name, values in (("kind", ("", "video", "playlist", "song", "视频")), ("language", tags)):
        described = jsonschema.Draft202012Validator(given[name] | {"components": document["components"]})
        for value in values:
            status = client.get("/api/ask", params={"q": "mask 掩码", name: value}).status_code
            assert (status == 200) == described.is_valid(value), f"{name}={value}"
            assert status in (200, 400)


def nested(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from nested(child)


def test_suggestions_lead_to_pages(client: TestClient) -> None:
    masks = {"kind": "resource", "text": "Masks & more", "href": "/resource/aaaaaaaaaaa", "resource": "aaaaaaaaaaa"}
    heading = {"kind": "heading", "text": "中文", "href": "/?section=%E4%B8%AD%E6%96%87"}
    for question, limit, first in (("mas", 8, masks), ("中文", 1, heading)):
        found = client.get("/api/suggestions", params={"q": question, "limit": limit}).json()["suggestions"]
        assert (found[0], len(found) <= limit) == (first, True)
    assert client.get("/api/suggestions").status_code == 400


def test_a_noted_question_is_suggested_and_leads_to_its_answer(library: Path) -> None:
    note(library, "aaaaaaaaaaa", (80.0, "zh", "掩码遮住什么？\u202e"))
    with serving(library) as client:
        (found,) = client.get("/api/suggestions", params={"q": "掩码遮"}).json()["suggestions"]
        assert found.pop("href") == f"/?{urlencode({'q': '掩码遮住什么？'})}"
        expected = {"kind": "question", "text": "掩码遮住什么？", "resource": "aaaaaaaaaaa", "start": 80.0}
        assert found == expected


ALWAYS_TAKEN: dict[str, Any] = {"q": "what is a mask? 掩码", "also": ["掩码是什么？", "mask"]}
ALWAYS_TAKEN |= {"after": "2026", "before": "2026-03", "added": "7d"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["talks", "hostile"])
@pytest.mark.parametrize("examples", [4, pytest.param(80, marks=pytest.mark.nightly)])
def test_every_answer_is_as_the_document_says(name: str, examples: int, request: pytest.FixtureRequest) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis isn't installed: pip install schemathesis")
    library: Path = request.getfixturevalue(name)
    with EmbeddedReader.open(library) as opened:
        ids = [status.resource.id for status in opened.statuses()]
    with fake_chat() as chat, served(library, reader=LanguageReader(Endpoint(chat.address))) as address:
        schema = schemathesis.openapi.from_url(f"{address}/api/openapi.json")
        operations = [result.ok() for result in schema.get_all_operations()]
        assert {"/api/ask", "/api/reading"} <= {operation.path for operation in operations}
        for operation in operations:
            for mode in schemathesis.GenerationMode:
                # An operation without parameters has no invalid requests.
                if mode.is_positive or operation.definition.raw.get("parameters"):
                    _ask(operation.as_strategy(generation_mode=mode), ids, examples, is_valid=mode.is_positive)


def _ask(cases: st.SearchStrategy[Case[Any]], ids: list[str], examples: int, *, is_valid: bool) -> None:
    """Send requests, some for resources that exist; raises if a response contradicts the document.

    It can't say which questions have words, nor which dates there are, so valid requests have some that do.
    """
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    expected: list[Any] = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.unsupported_method,
        checks.positive_data_acceptance if is_valid else checks.negative_data_rejection,
    ]

    @settings(fuzz(examples), suppress_health_check=list(HealthCheck))
    @given(case=cases, known=st.sampled_from([None, *ids]))
    def holds(case: Case[Any], known: str | None) -> None:
        if known and case.path_parameters:
            case.path_parameters = {"id": known}
        for name in ALWAYS_TAKEN.keys() & (case.query or {}).keys() if is_valid else ():
            case.query[name] = ALWAYS_TAKEN[name]
        case.call_and_validate(checks=expected)

    holds()


SCRIPT = """
import sys
from seekpoint_client import Client
from seekpoint_client.api.default import ask, resources, transcript
from seekpoint_client.models import AnswerJson, Kind, ProblemJson, ResourcesJson, TranscriptJson

client = Client(base_url=sys.argv[1])
answer = ask.sync(client=client, q="掩码藏了什么？", k=1, kind=Kind.VIDEO, language="zh", explain=True)
assert isinstance(answer, AnswerJson)
(moment,) = answer.moments
assert (moment.resource.title, moment.start, moment.explanation.named) == ("掩码", 80.0, 0.0)
page = resources.sync(client=client, limit=2, offset=1)
assert isinstance(page, ResourcesJson) and (len(page.resources), page.total) == (2, 5)
said = transcript.sync(moment.resource.id, client=client, start=45, end=80)
assert isinstance(said, TranscriptJson) and [cue.text for cue in said.cues] == ["注意力给每个词一个权重"]
problem = ask.sync(client=client, q=" ")
assert isinstance(problem, ProblemJson) and problem.status == 400
print("asked")
"""


@pytest.mark.slow
def test_a_generated_client_asks_a_question(talks: Path, tmp_path: Path) -> None:
    pytest.importorskip("openapi_python_client", reason="the generator isn't installed: pip install -e '.[dev]'")
    (tmp_path / "config.yml").write_text("post_hooks: []\n", encoding="utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    with served(talks) as address:
        (tmp_path / "openapi.json").write_bytes(requests.get(f"{address}/api/openapi.json", timeout=60).content)
        generate = ["generate", "--path", "openapi.json", "--meta", "none", "--output-path", "seekpoint_client"]
        for command in (
            ["-m", "openapi_python_client", *generate, "--config", "config.yml", "--fail-on-warning"],
            ["script.py", address],
        ):
            ran = subprocess.run(
                [sys.executable, *command], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=120
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
        assert ran.stdout.strip() == "asked"


FIELDS = (
    *("back", "addresses", "is_list", "resource", "language", "start", "page", "anchor", "quote", "link"),
    *("question", "place", "note", "collection", "secret"),
)
VALUES = st.sampled_from(
    [
        *("", "1", "-1", "nan", "1e999", "9" * 5000, "true", "//evil", "/list", "https://a.org/讲座"),
        *("file:///etc/passwd", "\0", "\x1b[31m", "\u202e", "a" * 3000, "aaaaaaaaaaa", "0:00", "[", "javascript:x"),
    ]
)
FORMS = ["/add/address", "/add/retry", "/add/remove", "/kept/moment", "/kept/note", "/kept/drop"]
Field = tuple[str, str]
Edited = tuple[TestClient, Editing]
HEADER = st.tuples(
    st.sampled_from(["x", "origin", "host", "sec-fetch-site", "accept-language", "if-none-match"]),
    VALUES | st.sampled_from(["http://localhost", "null", "cross-site", "*;q=9", "http://a:b", "http://a:99999"]),
)
fields = st.lists(st.tuples(st.sampled_from(FIELDS), VALUES | fuzzing.texts), max_size=8)


@pytest.fixture(scope="module")
def fuzzed(talks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Editing]]:
    """A client of a library to which nothing is really added."""
    folder = tmp_path_factory.mktemp("fuzzed") / "library"
    shutil.copytree(talks, folder)
    editing = Editing(Builds(lambda *given: "nothing was built"))
    with serving(folder, editing=editing, Origin=HOST) as client:
        yield client, editing
    editing.builds.close()


def check(sent: Response) -> None:
    assert sent.status_code < 500, sent.text
    assert not set(sent.text) & set("\0\x1b\u202e\x07")


@given(st.sampled_from([*FORMS, "/", "/list", "/api/resources"]), fields, st.booleans(), st.binary(max_size=20), HEADER)
@fuzzing.fuzz(100)
def test_any_form_and_header_is_taken_or_refused(
    fuzzed: Edited, path: str, fields: list[Field], ours: bool, tail: bytes, header: Field
) -> None:
    client, editing = fuzzed
    pairs = [(name, text.encode("utf-8", "replace")) for name, text in fields if name != "secret" or not ours]
    body = urlencode([*pairs, ("secret", editing.secret)] if ours else pairs).encode() + tail
    headers = {header[0].encode(): header[1].encode("utf-8", "replace").replace(b"\0", b" ")}
    headers[b"Content-Type"] = b"application/x-www-form-urlencoded"
    sent = client.request("POST" if path in FORMS else "GET", path, content=body, headers=headers)
    check(sent)
    if sent.status_code == 303:
        assert ours and sent.headers["location"].startswith("/")


NAMES = ["a.vtt", "讲座.md", "../../a.md", "con.txt", "a\\b.pdf", "a%0d%0a.md", "a\x1b[31m.md", "a" * 300 + ".md", ""]
PART = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'


# Starlette leaves the file of a part without an end to Python, which closes it at once.
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=30)), max_size=3), fields, st.data())
@fuzzing.fuzz(60)
def test_any_files_are_taken_or_refused(
    fuzzed: Edited, files: list[tuple[str, bytes]], fields: list[Field], data: st.DataObject
) -> None:
    client, editing = fuzzed
    parts = [PART.format("secret", "", editing.secret), *(PART.format(name, "", text) for name, text in fields)]
    parts += [PART.format("file", f'; filename="{name}"', content.decode("latin-1")) for name, content in files]
    whole = st.just("".join([*parts, "--x--\r\n"]))
    body = data.draw(mutated(whole) | whole).encode("utf-8", "replace")
    kind = data.draw(st.sampled_from(["multipart/form-data; boundary=x", "multipart/form-data", "text/plain", ""]))
    sent = client.post("/add/file", content=body, headers={"Content-Type": kind})
    check(sent)
