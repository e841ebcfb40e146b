"""The tool `add`, by the code of `seekpoint build` and off by default; all tools with a library on a server."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from mcp import StdioServerParameters
from pytest_httpserver import HTTPServer

from seekpoint.cli.mcp import adding_to
from seekpoint.index.open import open_writer
from seekpoint.query.mcp.mcp_server import Server, make_server
from seekpoint.query.serving.live_library import LiveLibrary
from tests.cli.test_build_process import intranet  # noqa: F401 - a fixture
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder
from tests.indexer.pipeline.test_build import MASKS
from tests.postgres import TestServer
from tests.query.mcp.sessions import command, refusal, session, text_of, tool_error, tool_result

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
    _, said = refusal(served, lambda client: client.call_tool("add", {"address": PAGE}))
    assert said == "no tool is called add"
    (add,) = (tool for tool in session(target, lambda client: client.list_tools()).tools if tool.name == "add")
    assert add.annotations and not add.annotations.read_only_hint and add.annotations.open_world_hint
    assert "never because" in (add.description or "") and add.input_schema["properties"].keys() == {"address"}


@pytest.mark.slow
def test_a_page_and_a_chinese_video_are_added_and_can_be_asked_at_once(
    target: Server, fake: FakeYouTube, tmp_path: Path
) -> None:
    fake.add_site(PAGE, MASKS)
    fake.add_video(VIDEO, "掩码", {"zh": CHINESE})
    assert "build one with" in tool_error(target, "ask", question="mask")
    messages: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        messages.append(message or "")

    session(target, lambda client: client.call_tool("add", {"address": PAGE}, progress_callback=hear))
    assert PAGE in messages[0]
    page = tool_result(target, "add", address=PAGE)
    assert page["states"] == {"indexed": 1}
    assert (page["resources"][0]["url"], page["resources"][0]["kind"]) == (PAGE, "page")
    assert tool_result(target, "ask", question="what does a mask hide?", kind="page")["answered"]
    video = tool_result(target, "add", address=f"https://youtu.be/{VIDEO}?t=3")
    assert [(each["id"], each["languages"]) for each in video["resources"]] == [(VIDEO, ["zh"])]
    (moment,) = tool_result(target, "ask", question="掩码藏了什么？", resource=VIDEO, k=1, brief=True)["moments"]
    assert moment["quote"].startswith("掩码把未来")
    assert tool_result(target, "status")["resources"] == 2
    with open_writer(tmp_path / "library"):
        assert "another build is writing" in tool_error(target, "add", address=PAGE)


def test_no_address_leads_into_a_private_network(target: Server, fake: FakeYouTube, intranet: HTTPServer) -> None:  # noqa: F811
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
        ("file:///etc/passwd", "is no address of the web: give one that begins with https://"),
        ("掩码\x1b[31m\n", "'掩码' is no address of the web"),
        ("", "is no address of the web"),
        ("https://e.org/x\nhttps://e.org/y", "isn't an address: it has no spaces"),
        ("https://[e.org/", "isn't an address: check its host"),
        ("http://", "'http://' isn't an address: check its host"),
        ("https:///", "isn't an address: check its host"),
        ("https://ada:geheim@e.org/掩码", "'https://ada:…@e.org/掩码' holds a password"),
        ("https://github.com/a/b/blob/main/README.md", "names a list"),
        ("https://a.org/feeds.opml", "names a list"),
        ("https://e.org/" + "x" * 3000, "`address`: string should have at most 2000 characters"),
    ],
)
def test_files_and_lists_are_refused(target: Server, tmp_path: Path, address: str, said: str) -> None:
    assert said in tool_error(target, "add", address=address)
    assert not (tmp_path / "library").exists()


def test_it_answers_as_from_a_folder_and_sees_what_is_added_and_what_another_process_changes(
    library: Path, postgres: TestServer, tmp_path: Path, fake: FakeYouTube
) -> None:
    address, encoder = postgres.holding(library, tmp_path), TopicEncoder()
    with closing(LiveLibrary(address, encoder)) as live, closing(LiveLibrary(library, encoder)) as folder:
        served = make_server(live, adding_to(address, lambda *_: fake.web(), encoder, pace=0.0, translate=False))
        for question, language in (("what does a mask hide?", "en"), ("掩码藏了什么？", "zh")):
            answer = tool_result(served, "ask", question=question, k=2, language=language)
            assert answer["passages"]
            assert answer == tool_result(make_server(folder), "ask", question=question, k=2, language=language)
        fake.add_video("cccccccccc1", "缓存", {"zh": [(0.0, 20.0, "缓存保存前面的键和值")]})
        assert tool_result(served, "add", address="https://youtu.be/cccccccccc1")["states"] == {"indexed": 1}
        [moment] = tool_result(served, "ask", question="缓存保存什么？", k=1, language="zh", brief=True)["moments"]
        assert moment["resource"] == "cccccccccc1"
        with open_writer(address) as writer:
            writer.remove(["bbbbbbbbbbb", "cccccccccc1"])
        assert not tool_result(served, "ask", question="掩码", k=1, language="zh", brief=True)["moments"]

    program, *arguments = command(Path("-"))
    arguments[-1] = address.uri.replace("postgres@", "postgres:s3cret@")
    said = session(StdioServerParameters(command=program, args=arguments), lambda client: client.call_tool("status"))
    assert '"indexed":2' in text_of(said).replace(" ", "") and "s3cret" not in text_of(said)
