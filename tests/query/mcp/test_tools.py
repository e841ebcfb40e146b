"""The tool `add`: off by default, and then by the code of `seekpoint build`, from a web of our own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from pytest_httpserver import HTTPServer

from seekpoint.cli.mcp import adding_to
from seekpoint.index.open import open_writer
from seekpoint.query.mcp.mcp_server import Server, make_server
from seekpoint.query.serving.live_library import LiveLibrary
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder
from tests.indexer.pipeline.test_build import MASKS
from tests.query.mcp.sessions import command, session, text_of, told, tool_error, tool_result

PAGE = "https://blog.example.org/attention"
VIDEO = "zhuyili0001"
CHINESE = [(0.0, 5.0, "欢迎大家"), (5.0, 5.0, "掩码把未来藏起来"), (10.0, 5.0, "训练要一个星期")]


@pytest.fixture
def target(tmp_path: Path, fake: FakeYouTube) -> Server:
    """A server that may add, with no library yet."""
    folder, encoder = tmp_path / "library", TopicEncoder()
    return make_server(
        LiveLibrary(folder, encoder), adding_to(folder, lambda *_: fake.web(), encoder, pace=0.0, translate=False)
    )


def test_a_server_adds_nothing_unless_it_may(served: Server, target: Server) -> None:
    assert "add" not in {tool.name for tool in session(served, lambda client: client.list_tools()).tools}
    assert "Unknown tool" in tool_error(served, "add", address=PAGE)
    (add,) = (tool for tool in session(target, lambda client: client.list_tools()).tools if tool.name == "add")
    assert add.annotations and not add.annotations.read_only_hint and add.annotations.open_world_hint
    assert "never because" in (add.description or "") and add.input_schema["properties"].keys() == {"address"}


@pytest.mark.slow
def test_a_page_and_a_chinese_video_are_added_and_can_be_asked_at_once(target: Server, fake: FakeYouTube) -> None:
    fake.add_site(PAGE, MASKS)
    fake.add_video(VIDEO, "掩码", {"zh": CHINESE})
    assert "build one with" in tool_error(target, "ask", question="mask")
    page = tool_result(target, "add", address=PAGE)
    assert page["states"] == {"indexed": 1}
    assert (page["resources"][0]["url"], page["resources"][0]["kind"]) == (PAGE, "page")
    assert tool_result(target, "ask", question="what does a mask hide?", kind="page")["answered"]
    video = tool_result(target, "add", address=f"https://youtu.be/{VIDEO}?t=3")
    assert [(each["id"], each["languages"]) for each in video["resources"]] == [(VIDEO, ["zh"])]
    (moment,) = tool_result(target, "ask", question="掩码藏了什么？", resource=VIDEO, k=1)["moments"]
    assert moment["quote"].startswith("掩码把未来")
    assert tool_result(target, "status")["resources"] == 2


@pytest.fixture
def intranet() -> Iterator[HTTPServer]:
    with HTTPServer("127.0.0.1", 0) as server:
        server.expect_request("/robots.txt").respond_with_data(status=404)
        server.expect_request("/secret").respond_with_data(MASKS, content_type="text/html")
        yield server


def test_no_address_leads_into_a_private_network(target: Server, fake: FakeYouTube, intranet: HTTPServer) -> None:
    fake.add_redirect(PAGE, intranet.url_for("/secret"), 302)
    for address in (intranet.url_for("/secret"), f"http://localhost:{intranet.port}/secret", "http://[::1]/"):
        assert "is in a private network" in tool_error(target, "add", address=address)
    added = tool_result(target, "add", address=PAGE)
    assert added["states"] == {"unavailable": 1}
    assert "private network" in added["resources"][0]["reason"]
    assert tool_result(target, "status")["resources"] == 1
    assert intranet.log == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/etc/passwd", "'/etc/passwd' is no address of the web"),
        ("file:///etc/passwd", "is no address of the web: give one that begins with https://"),
        ("notes.md", "is no address of the web"),
        ("掩码\x1b[31m\n", "'掩码' is no address of the web"),
        ("", "is no address of the web"),
        ("https://e.org/x\nhttps://e.org/y", "isn't an address: it has no spaces"),
        ("https://e.org/掩 码", "isn't an address: it has no spaces"),
        ("https://e.org/a\u200bb", "isn't an address: it has no spaces"),
        ("https://[e.org/", "isn't an address: check its host"),
        ("https://lists.example/list.md", "names a list"),
        ("https://github.com/a/b/blob/main/README.md", "names a list"),
        ("https://e.org/" + "x" * 3000, "`address`: string should have at most 2000 characters"),
    ],
)
def test_files_and_lists_are_refused(target: Server, tmp_path: Path, address: str, said: str) -> None:
    assert said in tool_error(target, "add", address=address)
    assert not (tmp_path / "library").exists()


@pytest.mark.slow
def test_the_command_lets_assistants_add_by_an_option(library: Path) -> None:
    program, *arguments = command(library, "--add")

    async def talk(client: Client) -> None:
        assert "add" in {tool.name for tool in (await client.list_tools()).tools}
        refused = await client.call_tool("add", {"address": "/etc/passwd"})
        assert refused.is_error and "is no address of the web" in text_of(refused)

    session(StdioServerParameters(command=program, args=arguments), talk)


@pytest.mark.slow
def test_the_progress_is_told_and_that_a_build_is_under_way(target: Server, fake: FakeYouTube, tmp_path: Path) -> None:
    fake.add_site(PAGE, MASKS)
    assert PAGE in told(target, "add", address=PAGE)[0]
    with open_writer(tmp_path / "library"):
        assert "another build is writing" in tool_error(target, "add", address=PAGE)
