"""The reading list of a library in a PostgreSQL database: adding addresses, retrying and removing."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
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
from seekpoint.query.web.forms import Editing
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder
from tests.index.libraries import resource
from tests.postgres import TestServer
from tests.query.web.conftest import HOST, serving
from tests.query.web.forms import form
from tests.query.web.workbench import editing_on_a_server

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
    result = editing_on_a_server(library, fake.web)
    yield result
    assert result.builds
    result.builds.close()


@pytest.fixture
def editor(library: ServerAddress, editing: Editing) -> Iterator[TestClient]:
    with serving(library, editing=editing, Origin=HOST) as client:
        yield client


def built(editing: Editing) -> str:
    """What the builds ended with."""
    assert editing.builds
    assert editing.builds.wait(120)
    return editing.builds.progress.error or editing.builds.progress.outcome


def add(client: TestClient, editing: Editing, *addresses: str) -> str:
    """Add addresses by the form; returns what their build ended with."""
    fields = form(client, "/list", "/add/address") | {"addresses": "\n".join(addresses)}
    assert client.post("/add/address", data=fields).status_code == 303
    return built(editing)


def retry(client: TestClient, editing: Editing, **fields: str) -> str:
    fields |= {name: value for name, value in form(client, "/list", "/add/retry").items() if name in ("secret", "back")}
    assert client.post("/add/retry", data=fields).status_code == 303
    return built(editing)


def remove(client: TestClient, resource_id: str) -> int:
    fields = form(client, "/list", "/add/remove") | {"resource": resource_id}
    return client.post("/add/remove", data=fields).status_code


def statuses(library: ServerAddress) -> dict[str, ResourceStatus]:
    """The resources of a library that is whole, by id."""
    with open_reader(library) as reader:
        reader.verify()
        return {status.id: status for status in reader.statuses()}


def sources(library: ServerAddress) -> set[str]:
    with open_reader(library) as reader:
        return {section.source for section in reader.sections()}


def first_quote(client: TestClient, question: str, language: str) -> str:
    answer = client.get("/api/ask", params={"q": question, "language": language, "k": "1"}).json()
    return str(answer["moments"][0]["quote"])


# Adding


def test_addresses_are_added_and_answer_in_both_languages(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    before = sources(library)
    fake.add_video(VIDEO, "缓存", {"zh": [(0.0, 20.0, "缓存保存前面的键和值")]})
    fake.add_video(ENGLISH_VIDEO, "Caches", {"en": [(0.0, 20.0, "a cache stores what came before")]})
    said = add(editor, editing, f"https://youtu.be/{VIDEO}?t=3", f"youtu.be/{ENGLISH_VIDEO}", f"youtu.be/{VIDEO}")
    assert said.startswith("2 of 2 resources indexed")
    assert first_quote(editor, "缓存保存什么？", "zh").startswith("缓存保存前面的键和值")
    assert first_quote(editor, "what does a cache store?", "en").startswith("a cache")
    page = editor.get("/list").text
    assert "缓存" in page and "Caches" in page
    urls = {f"https://www.youtube.com/watch?v={each}" for each in (VIDEO, ENGLISH_VIDEO)}
    assert sources(library) - before == urls, "each address is a source of its own, as with `mcp --add`"


def test_the_first_library_begins_on_the_page(postgres: TestServer, fake: FakeYouTube) -> None:
    library = postgres.library()
    editing = editing_on_a_server(library, fake.web)
    fake.add_site(PAGE, TEXT)
    with serving(library, editing=editing, Origin=HOST) as client:
        assert "1 of 1 resource indexed" in add(client, editing, PAGE)
        assert "On caches" in client.get("/list").text


def test_the_page_takes_no_files(editor: TestClient) -> None:
    page, chinese = editor.get("/list").text, editor.get("/list?ui=zh").text
    assert 'action="/add/address"' in page
    assert "/add/file" not in page
    assert "takes addresses here, not files" in page and "不能添加文件" in chinese
    secret = form(editor, "/list", "/add/address")["secret"]
    sent = editor.post("/add/file", data={"secret": secret}, files=[("file", ("讲座.md", b"# mask"))])
    assert sent.status_code == 400
    assert "a library on a server takes no files here" in sent.text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://lists.example/清单.md", "names a list"),
        ("https://github.com/a/b/blob/main/README.md", "names a list"),
    ],
)
def test_what_would_name_more_than_itself_is_refused(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube, address: str, said: str
) -> None:
    before = statuses(library)
    assert said in add(editor, editing, PAGE, address)
    assert said in editor.get("/list").text
    assert statuses(library) == before
    assert fake.requests == []


def test_malformed_addresses_are_told_beside_their_entries(
    library: ServerAddress, editing: Editing, editor: TestClient
) -> None:
    addresses = ["https://[::1", "https://a.org:99999/掩码", "https://exa[mple.org/<script>alert(1)</script>"]
    assert add(editor, editing, *addresses).startswith("0 of 3 resources indexed")
    added = [status for status in statuses(library).values() if status.kind is Kind.PAGE]
    assert [status.state for status in added] == [State.UNAVAILABLE] * 3
    assert all(status.reason for status in added)
    assert "<script>alert(1)" not in editor.get("/list").text


def test_no_address_leads_into_a_private_network(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    with HTTPServer("127.0.0.1", 0) as intranet:
        intranet.expect_request("/secret").respond_with_data(TEXT, content_type="text/html")
        fake.add_redirect(PAGE, intranet.url_for("/secret"), 302)
        add(editor, editing, intranet.url_for("/secret"), f"http://localhost:{intranet.port}/secret", PAGE)
        assert intranet.log == []
    added = [status for status in statuses(library).values() if status.kind is Kind.PAGE]
    assert [status.state for status in added] == [State.UNAVAILABLE] * 3
    assert all("private network" in (status.reason or "") for status in added)


def test_a_build_waits_for_one_elsewhere(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    fake.add_site(PAGE, TEXT)
    assert editing.builds
    with open_writer(library):
        fields = form(editor, "/list", "/add/address") | {"addresses": PAGE}
        assert editor.post("/add/address", data=fields).status_code == 303
        while not editing.builds.progress.is_waiting:
            assert editing.builds.progress.is_running
        assert "Waiting for another build" in editor.get("/list").text
        assert remove(editor, "bbbbbbbbbbb") == 503
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
        fields = form(client, "/list", "/add/remove") | {"resource": "bbbbbbbbbbb"}
        sent = client.post("/add/remove", data=fields)
        assert sent.status_code == 503
        assert "you may not do that" in sent.text
        assert retry(client, editing).startswith(f"you may not do that in {reading}")
    assert statuses(library) == before
    assert ("site", PAGE) not in fake.requests


# Retrying and removing


def test_what_is_due_is_tried_again_whatever_list_names_it(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    """The list lies on another machine, and has a file and a playlist too, which are left out."""
    here = [resource(VIDEO, "讲座", title="缓存"), resource(PLAYLIST, kind=Kind.PLAYLIST)]
    here.append(Resource("notes", Kind.DOCUMENT, "笔记", "file:///elsewhere/notes.md"))
    with open_writer(library) as writer:
        writer.register("/elsewhere/清单.md", here)
        for each in here:
            writer.set_state(each.id, State.DEFERRED, reason="it was busy", retry_after=1.0)
    before = sources(library)
    fake.add_video(VIDEO, "缓存", {"zh": [(0.0, 20.0, "缓存保存前面的键和值")]})
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
    fake.add_site(PAGE, TEXT)
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


def test_a_playlist_that_was_added_is_listed_again(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    address = f"https://www.youtube.com/playlist?list={PLAYLIST}"
    add(editor, editing, address)
    with open_writer(library) as writer:
        writer.set_state(PLAYLIST, State.DEFERRED, reason="it was busy", retry_after=1.0)
    fake.add_playlist(PLAYLIST, "讲座", [(VIDEO, "缓存")])
    fake.add_video(VIDEO, "缓存", {"zh": [(0.0, 20.0, "缓存保存前面的键和值")]})
    retry(editor, editing)
    assert statuses(library)[VIDEO].state is State.INDEXED


def test_what_waits_is_tried_at_once_where_that_is_wanted(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    address = f"https://youtu.be/{ENGLISH_VIDEO}"
    add(editor, editing, address)
    assert statuses(library)[ENGLISH_VIDEO].state is State.UNAVAILABLE
    with open_writer(library) as writer:
        writer.set_state(ENGLISH_VIDEO, State.DEFERRED, reason="it was busy", retry_after=4e9)
    fake.add_video(ENGLISH_VIDEO, "Caches", {"en": [(0.0, 20.0, "a cache stores what came before")]})
    retry(editor, editing)
    assert statuses(library)[ENGLISH_VIDEO].state is State.DEFERRED
    retry(editor, editing, at_once="1")
    assert statuses(library)[ENGLISH_VIDEO].state is State.INDEXED


def test_what_is_taken_out_stays_out(
    library: ServerAddress, editing: Editing, editor: TestClient, fake: FakeYouTube
) -> None:
    fake.add_site(PAGE, TEXT)
    fake.add_video(VIDEO, "缓存", {"zh": [(0.0, 20.0, "缓存保存前面的键和值")]})
    add(editor, editing, f"https://youtu.be/{VIDEO}")
    assert remove(editor, VIDEO) == 303
    add(editor, editing, PAGE)
    assert VIDEO not in statuses(library)
    assert not editor.get("/api/ask", params={"q": "缓存保存什么？", "resource": VIDEO}).json().get("moments")


# The command, and its builds' own process


def test_the_command_serves_a_page_that_adds(library: ServerAddress) -> None:
    options = ["--port", "0", "--edit", "--token", "a-token-of-the-tests", "--index", library.uri]
    command = [sys.executable, "-c", "from seekpoint.cli.serve import serve; serve()", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
        try:
            assert process.stdout
            found = re.search(r"http://[\d.:]+", process.stdout.readline())
            assert found
            headers = {"Authorization": "Bearer a-token-of-the-tests"}
            page = requests.get(f"{found[0]}/list", headers=headers, timeout=60).text
            assert 'action="/add/address"' in page and "/add/file" not in page
        finally:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert "Traceback" not in said


def test_the_process_of_a_build_gets_a_password_and_shows_none(library: ServerAddress) -> None:
    secret = ServerAddress(library.uri.replace("postgres@", "postgres:s3cret@"))
    with pytest.raises(SeekpointError, match="names a list") as refused:
        build_in_process(secret, BuildOrder(("https://lists.example/list.md",)), lambda progress: None, Event())
    assert "s3cret" not in str(refused.value)
    with open_writer(library), pytest.raises(SeekpointError, match="being written by another process") as locked:
        build_in_process(secret, BuildOrder((PAGE,)), lambda progress: None, Event())
    assert "s3cret" not in str(locked.value)
