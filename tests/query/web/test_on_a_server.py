"""The reading list of a library in a PostgreSQL database: adding addresses, retrying and removing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
import requests
from pytest_httpserver import HTTPServer
from starlette.testclient import TestClient

from seekpoint.cli.build_process import build_in_process
from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import SeekpointError
from seekpoint.index.open import create_library, open_reader, open_writer
from seekpoint.index.types import Kind, Resource, ResourceStatus, State
from seekpoint.query.web.builds import BuildOrder
from seekpoint.query.web.query_parameters import Editing
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder
from tests.index.libraries import resource
from tests.postgres import TestServer
from tests.query.web.conftest import HOST, serving
from tests.query.web.forms import form
from tests.query.web.terminal import LAST_LINE, terminal
from tests.query.web.workbench import add, built, editing_on_a_server, remove, retry

pytestmark = pytest.mark.slow

PAGE = "https://blog.example.org/caches"
TEXT = "<html><body><article><h1>On caches</h1><p>{}</p></article></body></html>".format("A cache keeps keys. " * 60)
VIDEO, ENGLISH_VIDEO = "eeeeeeeeeee", "fffffffffff"
PLAYLIST = "PLxxxxxxxxxxxxxxxx"


@pytest.fixture
def library(talks: Path, postgres: TestServer, tmp_path: Path) -> ServerAddress:
    """The library of the other tests, in a database."""
    return postgres.holding(talks, tmp_path)


@pytest.fixture
def editing(library: ServerAddress, fake: FakeYouTube) -> Iterator[Editing]:
    fake.add_site(PAGE, TEXT)
    result = editing_on_a_server(library, fake.web)
    yield result
    assert result.builds
    result.builds.close()


@pytest.fixture
def editor(library: ServerAddress, editing: Editing) -> Iterator[TestClient]:
    with serving(library, editing=editing, Origin=HOST) as client:
        yield client


def add_chinese_video(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO, "缓存", {"zh": [(0.0, 20.0, "缓存保存前面的键和值")]})


def add_english_video(fake: FakeYouTube) -> None:
    fake.add_video(ENGLISH_VIDEO, "Caches", {"en": [(0.0, 20.0, "a cache stores what came before")]})


def statuses(library: ServerAddress) -> dict[str, ResourceStatus]:
    """The resources of a library that is whole, by id."""
    with open_reader(library) as reader:
        reader.verify()
        return {status.id: status for status in reader.statuses()}


def states_of_pages(library: ServerAddress) -> list[State]:
    return [status.state for status in statuses(library).values() if status.kind is Kind.PAGE]


def sources(library: ServerAddress) -> set[str]:
    with open_reader(library) as reader:
        return {section.source for section in reader.sections()}


def defer(library: ServerAddress, resource_id: str, retry_after: float = 1.0) -> None:
    with open_writer(library) as writer:
        writer.set_state(resource_id, State.DEFERRED, reason="it was busy", retry_after=retry_after)


def first_quote(client: TestClient, question: str, language: str) -> str:
    answer = client.get("/api/ask", params={"q": question, "language": language, "k": "1"}).json()
    return str(answer["moments"][0]["quote"])


# Adding


def test_addresses_are_added_answer_in_both_languages_and_stay_out_once_taken_out(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    before = sources(library)
    add_chinese_video(fake)
    add_english_video(fake)
    said = add(editor, editing, f"https://youtu.be/{VIDEO}?t=3", f"youtu.be/{ENGLISH_VIDEO}", f"youtu.be/{VIDEO}")
    assert said.startswith("2 of 2 resources indexed")
    assert first_quote(editor, "缓存保存什么？", "zh").startswith("缓存保存前面的键和值")
    assert first_quote(editor, "what does a cache store?", "en").startswith("a cache")
    page = editor.get("/list").text
    assert "缓存" in page and "Caches" in page
    urls = {f"https://www.youtube.com/watch?v={each}" for each in (VIDEO, ENGLISH_VIDEO)}
    assert sources(library) - before == urls, "each address is a source of its own, as with `mcp --add`"
    assert remove(editor, VIDEO).status_code == 303
    add(editor, editing, PAGE)
    assert VIDEO not in statuses(library)
    assert not editor.get("/api/ask", params={"q": "缓存保存什么？", "resource": VIDEO}).json().get("moments")


def test_the_first_library_begins_on_the_page(postgres: TestServer, fake: FakeYouTube) -> None:
    library = postgres.library()
    editing = editing_on_a_server(library, fake.web)
    fake.add_site(PAGE, TEXT)
    with serving(library, editing=editing, Origin=HOST) as client:
        assert "1 of 1 resource indexed" in add(client, editing, PAGE)
        assert "On caches" in client.get("/list").text


def test_the_page_takes_no_files(editor: TestClient) -> None:
    page, chinese = editor.get("/list").text, editor.get("/list?ui=zh").text
    assert "/add/file" not in page
    assert "takes addresses here, not files" in page and "不能添加文件" in chinese
    secret = form(editor, "/list", "/add/address")["secret"]
    sent = editor.post("/add/file", data={"secret": secret}, files=[("file", ("讲座.md", b"# mask"))])
    assert sent.status_code == 400
    assert "a library on a server takes no files here" in sent.text


def test_what_would_name_more_than_itself_is_refused(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    before = statuses(library)
    for address in ("https://lists.example/清单.md", "https://github.com/a/b/blob/main/README.md"):
        assert "names a list" in add(editor, editing, PAGE, address)
        assert "names a list" in editor.get("/list").text
    assert statuses(library) == before
    assert fake.requests == []


def test_no_address_is_malformed_or_leads_into_a_private_network(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    malformed = ["https://[::1", "https://a.org:99999/掩码", "https://exa[mple.org/<script>alert(1)</script>"]
    assert add(editor, editing, *malformed).startswith("0 of 3 resources indexed")
    assert states_of_pages(library) == [State.UNAVAILABLE] * 3
    assert all(status.reason for status in statuses(library).values() if status.kind is Kind.PAGE)
    assert "<script>alert(1)" not in editor.get("/list").text
    with HTTPServer("127.0.0.1", 0) as intranet:
        intranet.expect_request("/secret").respond_with_data(TEXT, content_type="text/html")
        fake.add_redirect("https://blog.example.org/away", intranet.url_for("/secret"), 302)
        inside = (intranet.url_for("/secret"), f"http://localhost:{intranet.port}/secret")
        add(editor, editing, *inside, "https://blog.example.org/away")
        assert intranet.log == []
    reasons = [status.reason or "" for status in statuses(library).values() if status.kind is Kind.PAGE]
    assert sum("private network" in reason for reason in reasons) == 3
    assert states_of_pages(library) == [State.UNAVAILABLE] * 6


def test_a_build_waits_for_one_elsewhere(library: ServerAddress, editing: Editing, editor: TestClient) -> None:
    assert editing.builds
    with open_writer(library):
        fields = form(editor, "/list", "/add/address") | {"addresses": PAGE}
        assert editor.post("/add/address", data=fields).status_code == 303
        while not editing.builds.progress.is_waiting:
            assert editing.builds.progress.is_running
        assert "Waiting for another build" in editor.get("/list").text
        assert remove(editor, "bbbbbbbbbbb").status_code == 503
    assert "1 of 1 resource indexed" in built(editing)


def test_a_role_that_may_only_read_is_told_so(library: ServerAddress, postgres: TestServer, fake: FakeYouTube) -> None:
    postgres.sql("postgres", "DROP ROLE IF EXISTS looks", "CREATE ROLE looks LOGIN")
    create_library(library, TopicEncoder().card, readers=["looks"])
    reading = ServerAddress(library.uri.replace("postgres@", "looks@"))
    editing = editing_on_a_server(reading, fake.web)
    fake.add_site(PAGE, TEXT)
    with open_writer(library) as writer:
        writer.register("/elsewhere/list.md", [resource(VIDEO)])
    before = statuses(library)
    with serving(reading, editing=editing, Origin=HOST) as client:
        said = add(client, editing, PAGE)
        assert said.startswith(f"you may not do that in {reading}") and "\n" not in said
        sent = remove(client, "bbbbbbbbbbb")
        assert (sent.status_code, "you may not do that" in sent.text) == (503, True)
        assert retry(client, editing).startswith(f"you may not do that in {reading}")
    assert statuses(library) == before
    assert ("site", PAGE) not in fake.requests


# Retrying


def test_what_is_due_is_tried_again_whatever_list_names_it(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    """The list lies on another machine, and has a file and a playlist too, which are left out."""
    here = [resource(VIDEO, "讲座", title="缓存"), resource(PLAYLIST, kind=Kind.PLAYLIST)]
    here.append(Resource("notes", Kind.DOCUMENT, "笔记", "file:///elsewhere/notes.md"))
    with open_writer(library) as writer:
        writer.register("/elsewhere/清单.md", here)
    for each in here:
        defer(library, each.id)
    before = sources(library)
    add_chinese_video(fake)
    assert "Try again what is due (3)" in editor.get("/list").text
    assert retry(editor, editing).startswith("1 of 1 resource indexed")
    assert editing.builds
    assert editing.builds.progress.lines == (
        "2 resources left out, files or playlists of a list: build that list again",
    )
    assert statuses(library)[VIDEO].state is State.INDEXED
    assert first_quote(editor, "缓存保存什么？", "zh").startswith("缓存保存前面的键和值")
    assert sources(library) == before
    assert {video for _, video in fake.requests} == {VIDEO}, "what is indexed isn't asked for again"


def test_a_retry_reads_no_list_and_no_private_address(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube, tmp_path: Path
) -> None:
    """Other builders name the lists and addresses of a library: they mustn't lead into this machine."""
    (tmp_path / "list.md").write_text(f"- [secret](secret.md)\n- [page]({PAGE})\n", encoding="utf-8")
    (tmp_path / "secret.md").write_text("# secret\n\nattention\n", encoding="utf-8")
    with HTTPServer("127.0.0.1", 0) as intranet:
        intranet.expect_request("/secret").respond_with_data(TEXT, content_type="text/html")
        private = Resource("private", Kind.PAGE, "私有", intranet.url_for("/secret"))
        secret = Resource("secret", Kind.DOCUMENT, "secret", (tmp_path / "secret.md").as_uri())
        with open_writer(library) as writer:
            writer.register(str(tmp_path / "list.md"), [private, secret])
        assert retry(editor, editing).startswith("0 of 1 resource indexed")
        assert intranet.log == []
    assert {statuses(library)[key].state for key in ("private", "secret")} == {State.UNAVAILABLE, State.PENDING}
    assert fake.requests == []


def test_an_added_playlist_is_listed_again_and_what_waits_is_tried_where_that_is_wanted(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    add(editor, editing, f"https://www.youtube.com/playlist?list={PLAYLIST}", f"https://youtu.be/{ENGLISH_VIDEO}")
    assert statuses(library)[ENGLISH_VIDEO].state is State.UNAVAILABLE
    defer(library, PLAYLIST)
    defer(library, ENGLISH_VIDEO, retry_after=4e9)
    fake.add_playlist(PLAYLIST, "讲座", [(VIDEO, "缓存")])
    add_chinese_video(fake)
    add_english_video(fake)
    retry(editor, editing)
    assert statuses(library)[VIDEO].state is State.INDEXED, "the playlist is listed again"
    assert statuses(library)[ENGLISH_VIDEO].state is State.DEFERRED
    retry(editor, editing, at_once="1")
    assert statuses(library)[ENGLISH_VIDEO].state is State.INDEXED


# The command, and its builds' own process


def test_the_command_serves_a_page_that_adds(library: ServerAddress) -> None:
    with terminal(library.uri, "serve", "--edit", "--token", "a-token-of-the-tests") as running:
        headers = {"Authorization": "Bearer a-token-of-the-tests"}
        page = requests.get(f"{running.address}/list", headers=headers, timeout=60).text
        assert 'action="/add/address"' in page and "/add/file" not in page
        assert running.interrupted()[:2] == (0, LAST_LINE)


def test_the_process_of_a_build_gets_a_password_and_shows_none(library: ServerAddress) -> None:
    secret = ServerAddress(library.uri.replace("postgres@", "postgres:s3cret@"))
    with pytest.raises(SeekpointError, match="names a list") as refused:
        build_in_process(secret, BuildOrder(("https://lists.example/list.md",)), lambda progress: None, Event())
    assert "s3cret" not in str(refused.value)
    with open_writer(library), pytest.raises(SeekpointError, match="being written by another process") as locked:
        build_in_process(secret, BuildOrder((PAGE,)), lambda progress: None, Event())
    assert "s3cret" not in str(locked.value)
