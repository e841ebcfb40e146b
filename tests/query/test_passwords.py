"""Addresses with passwords: every door shows them without, and what is stored and fetched has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import seekpoint
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.open import open_reader
from seekpoint.index.reasons import Reason
from seekpoint.index.text.clean import without_passwords
from seekpoint.index.types import Details, Kind, Resource, State
from seekpoint.indexer.build_options import MessageEvents, name_of
from seekpoint.query.answers import Answer
from seekpoint.query.keeping import to_keep
from seekpoint.query.link_targets import find_resource
from seekpoint.query.mcp.mcp_server import make_server
from seekpoint.query.output import terminal
from seekpoint.query.output.exports import FORMATS
from seekpoint.query.output.json import to_json
from seekpoint.query.output.kept_files import KEPT_FORMATS
from seekpoint.query.serving.live_library import LiveLibrary
from tests.cli.here import call
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, embedded
from tests.query.mcp import sessions
from tests.query.web.conftest import serving

SECRET = "geheim:密@码"
HOME = f"https://ada:{SECRET}@a.org"
PAGE = Resource("page", Kind.PAGE, "", f"{HOME}/@她/缓存")
EPISODE = Resource("episode", Kind.RECORDING, "第一集", f"{HOME}/第一集.mp3")
FEED = Resource("feed", Kind.PLAYLIST, "", f"{HOME}/讲座.xml")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of a page and an episode of a feed that is deferred, all at addresses with a password."""
    folder = tmp_path_factory.mktemp("private")
    with EmbeddedWriter.acquire(folder, CARD) as writer:
        writer.register(f"feed:{FEED.url}", [FEED, EPISODE])
        writer.register(f"{HOME}/list.md", [PAGE])
        for each in (PAGE, EPISODE):
            writer.commit(
                each.id, [embedded(["a mask hides the future", "掩码把未来藏起来"], "zh")], Details(), "by hand"
            )
        writer.set_state(FEED.id, State.DEFERRED, reason=Reason.of(f"no answer from {FEED.url}"))
    return folder


@pytest.fixture(scope="module")
def answer(library: Path) -> Answer:
    return seekpoint.ask("what does a mask hide?", library, encoder=TopicEncoder())


def test_no_address_in_the_terminal_has_a_password(library: Path, answer: Answer) -> None:
    said: list[str] = []
    events = MessageEvents(said.append)
    for each in (PAGE, EPISODE, FEED):
        events.work_on(each)
        events.say(f"{name_of(each)}: moved to {each.url}")
    kept = [to_keep(moment, None, "掩码？") for moment in answer.moments]
    texts = [
        *(call("status", *form, "--index", library).stdout for form in ((), ("--json",), ("--format", "csl-json"))),
        *(call("transcript", name, "--index", library).stdout for name in ("page", "episode")),
        *(terminal.to_text(answer, styled=False), json.dumps(to_json(answer), ensure_ascii=False)),
        *(render(answer) for render in FORMATS.values()),
        *(form.render(kept) for form in KEPT_FORMATS.values()),
        *said,
    ]
    assert {moment.resource.id for moment in answer.moments} == {"page", "episode"}
    assert "https://ada:…@a.org/讲座.xml" in texts[0] and "https://ada:…@a.org/list.md" in texts[0]
    for text in texts:
        assert "geheim" not in text and "密" not in text and "%E5%AF%86" not in text, text


def test_no_address_on_the_page_in_the_api_or_for_an_assistant_has_a_password(library: Path) -> None:
    client: TestClient
    with serving(library) as client:
        for path in (
            *("/list", "/list?sort=title", "/?q=mask", "/?q=mask&play=episode", "/resource/page", "/resource/episode"),
            *("/resource/feed", "/api/status", "/api/resources", "/api/ask?q=mask", "/api/resources/page/transcript"),
        ):
            for ui in ("en", "zh"):
                found = client.get(path, headers={"Accept-Language": ui})
                assert found.status_code == 200, path
                assert "geheim" not in found.text and "%E5%AF%86" not in found.text, path
        assert "https://ada:…@a.org/讲座.xml" in client.get("/list").text
    server = make_server(LiveLibrary(library, TopicEncoder()))
    for tool, arguments in (("ask", {"question": "what does a mask hide?"}), ("list_resources", {}), ("status", {})):
        assert "geheim" not in sessions.call(server, tool, **arguments).model_dump_json(), tool


def test_what_is_stored_has_it_and_a_link_that_is_shown_leads_to_its_resource(library: Path, answer: Answer) -> None:
    with open_reader(library) as reader:
        resources = [status.resource for status in reader.statuses()]
    assert {each.url for each in resources} == {PAGE.url, EPISODE.url, FEED.url}
    for moment in answer.moments:
        found = find_resource(moment.link, resources)
        assert found and found.id == moment.resource.id


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ada:1234@a.org:8080/@她?t=@", "https://ada:…@a.org:8080/@她?t=@"),
        ("https://a.org:8080/@她/缓存", "https://a.org:8080/@她/缓存"),
        ("postgresql://me:a@b/密@h/talks", "postgresql://me:…@h/talks"),
        ("file:///C:/讲座/a@b.mp4", "file:///C:/讲座/a@b.mp4"),
    ],
)
def test_a_password_ends_before_the_path_of_an_address_of_the_web(text: str, shown: str) -> None:
    assert without_passwords(text) == shown
