"""The MCP server for a library in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mcp import StdioServerParameters

from seekpoint.cli.mcp import adding_to
from seekpoint.index.address import ServerAddress
from seekpoint.index.open import open_reader, open_writer
from seekpoint.query.mcp.mcp_server import Server, make_server
from seekpoint.query.serving.live_library import LiveLibrary
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder
from tests.postgres import TestServer
from tests.query.mcp.sessions import command, session, text_of, tool_error, tool_result

QUESTIONS = {"what does a mask hide?": ("en", "a mask hides"), "掩码藏了什么？": ("zh", "掩码把未来")}


@pytest.fixture
def address(library: Path, postgres: TestServer, tmp_path: Path) -> ServerAddress:
    """The library of the other tests, in a database."""
    return postgres.holding(library, tmp_path)


@pytest.fixture
def served(address: ServerAddress, fake: FakeYouTube) -> Iterator[Server]:
    encoder = TopicEncoder()
    with closing(LiveLibrary(address, encoder)) as live:
        yield make_server(live, adding_to(address, lambda *_: fake.web(), encoder, pace=0.0, translate=False))


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_as_from_a_folder(served: Server, library: Path, question: str) -> None:
    language, said = QUESTIONS[question]
    answer = tool_result(served, "ask", question=question, k=2, language=language)
    assert answer["moments"][0]["quote"].startswith(said)
    with closing(LiveLibrary(library, TopicEncoder())) as folder:
        assert answer == tool_result(make_server(folder), "ask", question=question, k=2, language=language)


def test_what_is_added_is_stored_there_and_answers_at_once(
    served: Server, address: ServerAddress, fake: FakeYouTube
) -> None:
    fake.add_video("cccccccccc1", "缓存", {"zh": [(0.0, 20.0, "缓存保存前面的键和值")]})
    assert tool_result(served, "add", address="https://youtu.be/cccccccccc1")["states"] == {"indexed": 1}
    [moment] = tool_result(served, "ask", question="缓存保存什么？", k=1, language="zh")["moments"]
    assert moment["resource"] == "cccccccccc1"
    with open_reader(address) as reader:
        assert "cccccccccc1" in {status.id for status in reader.statuses()}


def test_a_change_by_another_process_is_seen_by_the_next_question(served: Server, address: ServerAddress) -> None:
    assert tool_result(served, "ask", question="掩码", k=1, language="zh")["moments"]
    with open_writer(address) as writer:
        writer.remove(["bbbbbbbbbbb"])
    assert not tool_result(served, "ask", question="掩码", k=1, language="zh")["moments"]


def test_the_command_takes_an_address_and_shows_no_password(address: ServerAddress) -> None:
    secret = address.uri.replace("postgres@", "postgres:s3cret@")
    program, *arguments = command(Path("-"))
    arguments[-1] = secret
    said = session(
        StdioServerParameters(command=program, args=arguments), lambda client: client.call_tool("status", {})
    )
    assert '"indexed":3' in text_of(said).replace(" ", "") and "s3cret" not in text_of(said)


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    with closing(LiveLibrary(ServerAddress("postgresql://127.0.0.1:1/talks"), TopicEncoder())) as live:
        for tool, arguments in (("ask", {"question": "掩码"}), ("status", {})):
            assert "can't be reached: start it, or correct the address" in tool_error(
                make_server(live), tool, **arguments
            )
