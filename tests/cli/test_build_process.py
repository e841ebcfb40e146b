"""Builds that `serve --edit` starts, in processes of their own: progress, and who named what."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from pytest_httpserver import HTTPServer
from starlette.testclient import TestClient

from seekpoint.cli.build_process import ProgressEvents, build_in_process
from seekpoint.cli.mcp import adding_to
from seekpoint.index.address import Address
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.errors import SeekpointError
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import Kind, Resource, State
from seekpoint.indexer.build_options import BuildOptions, Sources
from seekpoint.indexer.fetch.http_session import Web
from seekpoint.indexer.pipeline.build import build
from seekpoint.indexer.pipeline.worker import work
from seekpoint.indexer.reading_list.addresses import resource_of, resource_of_path
from seekpoint.query.web.builds import BuildOrder, BuildProgress
from tests.cli.here import call, one_line
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD
from tests.index.libraries import build as build_library
from tests.index.transfer.test_hostile_archives import forge_database
from tests.indexer.builds import webvtt
from tests.indexer.pipeline.test_build import MASKS
from tests.local_web import LocalNetwork, LocalWeb
from tests.postgres import TestServer
from tests.query.web.conftest import HOST, serving
from tests.query.web.workbench import built, defer, editing, form


def test_errors_come_out_of_the_process_in_one_line(tmp_path: Path) -> None:
    library, order = tmp_path / "library", BuildOrder((str(tmp_path / "缺少.md"),))
    build_library(library)
    with pytest.raises(SeekpointError, match=r"^no such file or folder: .*缺少\.md"):
        build_in_process(library, order, lambda progress: None, Event())
    (tmp_path / "缺少.md").write_text("[x](https://a.org/)", encoding="utf-8")
    with EmbeddedWriter.acquire(library), pytest.raises(SeekpointError, match="another build is writing"):
        build_in_process(library, order, lambda progress: None, Event())


@pytest.mark.model
@pytest.mark.nightly
def test_progress_comes_out_of_the_process(example_library: Path, tmp_path: Path) -> None:
    library, note = Path(shutil.copytree(example_library, tmp_path / "library")), tmp_path / "掩码.md"
    note.write_text("# 掩码\n\n掩码遮住未来的词。", encoding="utf-8")
    told: list[BuildProgress] = []
    said = build_in_process(library, BuildOrder((str(note),)), told.append, Event())
    assert said.startswith("1 of 1 resource indexed")
    assert (told[-1].done, told[-1].total) == (1, 1)
    assert any(progress.title for progress in told)


def test_a_file_without_a_title_is_told_by_its_name() -> None:
    for title, url, shown in (
        ("", "file:///home/me/library/files/%E6%8E%A9%E7%A0%81.txt", "掩码.txt"),
        ("", "https://example.org/masks.html", "https://example.org/masks.html"),
        ("Masks", "file:///home/me/library/files/masks.txt", "Masks"),
    ):
        events = ProgressEvents(lambda progress: None)
        events.work_on(Resource("an id", Kind.DOCUMENT, title, url, ()))
        assert events.progress.title == shown


SECRET = "the mask hides a secret 秘密"


@pytest.fixture
def intranet() -> Iterator[HTTPServer]:
    """A server in the private network, with a page, a list and what a name is led to later."""
    with HTTPServer("127.0.0.1", 0) as server:
        server.expect_request("/robots.txt").respond_with_data(status=404)
        listed = f"- [x]({server.url_for('/secret')})"
        server.expect_request("/list.md").respond_with_data(listed, content_type="text/plain")
        for path in ("/secret", "/masks"):
            server.expect_request(path).respond_with_data(MASKS, content_type="text/html")
        yield server


def web(addresses: dict[str, Sequence[str]] | None = None, root: str = "") -> Web:
    return LocalWeb(root, network=LocalNetwork(root, addresses=addresses))


def owner_builds(library: Address, source: object, of: Web, *, retry: bool = False, prune: bool = False) -> None:
    options = BuildOptions([str(source)], translate=False, retry=retry, prune=prune)
    build(options, library, Sources.through(of), encoder=TopicEncoder())


class Served:
    """The page of `serve --edit` for a library, its builds in this process."""

    def __init__(self, library: Address, make_web: Callable[[], Web]) -> None:
        self.editing = editing(library, make_web)
        self.client: TestClient = serving(library, editing=self.editing, Origin=HOST)

    def send(self, action: str, **fields: str) -> str:
        """Send a form, and return what its builds ended with."""
        secret = form(self.client, "/list", "/add/address")["secret"]
        sent = self.client.post(action, data={"secret": secret, "back": "/list"} | fields)
        assert sent.status_code == 303, sent.text
        return built(self.editing)

    def retry(self) -> str:
        return self.send("/add/retry")


def names(library: Address) -> dict[str, str]:
    """Who named each source of a library."""
    with open_reader(library) as reader:
        return {section.source: section.named_by.value for section in reader.sections() if section.source}


def states(library: Address) -> dict[str, State]:
    with open_reader(library) as reader:
        return {status.url: status.state for status in reader.statuses()}


@pytest.fixture
def hostile(tmp_path: Path, intranet: HTTPServer) -> Path:
    """An archive whose lists are a folder of this machine and addresses in the private network, all of them due."""
    private = tmp_path / "private"
    private.mkdir()
    (private / "秘密.md").write_text(f"# Keys\n\n{SECRET}", encoding="utf-8")
    (private / "talk.en.vtt").write_text(webvtt(SECRET, seconds=20), encoding="utf-8")
    page, listed = resource_of(intranet.url_for("/secret")), resource_of(intranet.url_for("/masks"))
    assert page and listed
    files = [resource_of_path(private / "秘密.md"), resource_of_path(private / "talk.en.vtt")]
    with open_writer(tmp_path / "theirs", CARD) as writer:
        writer.register(str(private), files)
        writer.register(page.url, [page])
        writer.register(intranet.url_for("/list.md"), [listed])
    for resource in (*files, page, listed):
        defer(tmp_path / "theirs", resource.id)
    export_library(tmp_path / "theirs", tmp_path / "talks.zip")
    return tmp_path / "talks.zip"


@pytest.mark.slow
def test_lists_of_an_import_are_told_and_never_built_from_the_page(
    tmp_path: Path, hostile: Path, intranet: HTTPServer
) -> None:
    library = tmp_path / "library"
    ran = call("import", hostile, "--index", library)
    assert ran.exit_code == 0
    assert "3 lists of whoever wrote it: no build reads one before you name it:" in ran.stderr
    for source in (str(tmp_path / "private"), intranet.url_for("/secret"), intranet.url_for("/list.md")):
        assert f"  {source}\n" in ran.stderr
    told = call("status", "--index", library).stdout
    only = f"from an import: only `seekpoint build --index {library}` reads this list, once you name it"
    assert told.count(only) == 3
    assert set(names(library).values()) == {"import"}
    served = Served(library, web)
    served.retry()
    assert set(states(library).values()) == {State.DEFERRED}
    assert SECRET not in served.client.get("/list").text
    served.send("/add/address", addresses="https://nowhere.example/掩码")
    assert sorted(names(library).values()) == ["import", "import", "import", "page"]
    assert intranet.log == []


@pytest.mark.slow
def test_what_an_import_lists_waits_for_no_worker_on_a_server(
    hostile: Path, intranet: HTTPServer, postgres: TestServer
) -> None:
    library = postgres.library()
    import_library(hostile, library)
    served = Served(library, web)
    served.retry()
    assert work(library, lambda queue: Sources.through(web()), BuildOptions(), encoder=TopicEncoder()).taken == 0
    assert set(states(library).values()) == {State.DEFERRED}
    served.send("/add/address", addresses="https://nowhere.example/掩码")
    assert sorted(names(library).values()) == ["import", "import", "import", "page"]
    assert intranet.log == []


@pytest.mark.slow
def test_lists_of_an_import_are_built_once_the_owner_names_them(tmp_path: Path, hostile: Path) -> None:
    library, private = tmp_path / "library", tmp_path / "private"
    note, talk, new = private / "秘密.md", private / "talk.en.vtt", private / "新.md"
    import_library(hostile, library)
    (tmp_path / "own.md").write_text(f"[my note](<{note}>)", encoding="utf-8")
    owner_builds(library, tmp_path / "own.md", web())
    defer(library, resource_of_path(note).id)
    Served(library, web).retry()
    found = states(library)
    assert found[note.as_uri()] is State.INDEXED
    assert found[resource_of_path(talk).url] is State.DEFERRED, "a list that names the same has no list of theirs built"
    owner_builds(library, private, web())
    assert names(library)[str(private)] == "owner"
    new.write_text("掩码遮住未来。", encoding="utf-8")
    defer(library, resource_of_path(note).id)
    Served(library, web).retry()
    assert states(library)[new.as_uri()] is State.INDEXED
    assert set(names(library).values()) == {"owner", "import"}


@pytest.mark.slow
def test_prune_looks_for_no_list_of_an_import(tmp_path: Path, hostile: Path) -> None:
    """A path of another machine isn't there, and what it lists is no less wanted for that."""
    gone, there = tmp_path / "gone.md", tmp_path / "private"
    forge_database(hostile, f"UPDATE listing SET source = '{gone}' WHERE source = '{there}'")
    import_library(hostile, tmp_path / "library")
    (tmp_path / "own.md").write_text("# 掩码\n\n[x](https://gone.example/)\n", encoding="utf-8")
    owner_builds(tmp_path / "library", tmp_path / "own.md", web(), prune=True)
    assert len(states(tmp_path / "library")) == 5


@pytest.mark.slow
@pytest.mark.parametrize("first", [[], ["93.184.215.14"]], ids=["no address yet", "not found"])
def test_what_an_assistant_added_never_leads_into_a_private_network(
    tmp_path: Path, intranet: HTTPServer, httpserver: HTTPServer, first: list[str]
) -> None:
    library, address = tmp_path / "library", f"http://moved.example:{intranet.port}/masks"
    moved = resource_of(address)
    assert moved
    before = web({"moved.example": first}, httpserver.url_for("")) if first else web()
    add = adding_to(library, lambda *_: before, TopicEncoder(), pace=0.0, translate=False)
    add(address, lambda line: None)
    assert names(library) == {address: "assistant"}
    assert State.INDEXED not in states(library).values()
    now_private = partial(web, {"moved.example": ["127.0.0.1"]})
    Served(library, now_private).retry()
    assert State.INDEXED not in states(library).values()
    assert intranet.log == []
    owner_builds(library, address, now_private(), retry=True)
    assert (names(library), states(library)) == ({address: "owner"}, {address: State.INDEXED})
    defer(library, moved.id)
    Served(library, now_private).retry()  # what the owner named stays the owner's
    assert (names(library), states(library)) == ({address: "owner"}, {address: State.INDEXED})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "url", "fault"),
    [
        ("document", "file:///etc/hostname", "NULL"),
        ("recording", "http://127.0.0.1/", "'gone'"),
        ("video", "file:///etc/hostname", "NULL"),
    ],
)
def test_an_imported_playlist_holds_videos_alone(tmp_path: Path, kind: str, url: str, fault: str) -> None:
    """A list of one's own that names the playlist would have its entries read: files of this machine among them."""
    playlist = resource_of("https://www.youtube.com/playlist?list=PLxxxxxxxxxxxxxxxx")
    assert playlist
    with open_writer(tmp_path / "theirs", CARD) as writer:
        writer.register("talks.md", [playlist])
    export_library(tmp_path / "theirs", tmp_path / "talks.zip")
    values = f"'{playlist.id}', 0, 'x', '{kind}', '{url}', 'x', {fault}"
    forge_database(tmp_path / "talks.zip", f"INSERT INTO playlist_entry VALUES ({values})")
    one_line(call("import", tmp_path / "talks.zip", "--index", tmp_path / "library"), "make no sense")
