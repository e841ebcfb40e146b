"""Questions of assistants wait for their turns; where too many wait, they are told so."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import anyio
import pytest
import uvicorn
from mcp import Client
from mcp.types import CallToolResult

from seekpoint.cli.mcp import http_application
from seekpoint.query.mcp.mcp_server import make_server
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.web.http_server import listen, server_config
from tests.query.mcp.sessions import session, text_of
from tests.query.web.test_http_server import LONG, HeldEncoder


@pytest.mark.parametrize("is_other_wording", [False, True])
def test_too_many_long_questions_are_told_so_and_others_are_answered(library: Path, is_other_wording: bool) -> None:
    encoder = HeldEncoder()
    results: list[CallToolResult] = []

    async def talk(client: Client) -> None:
        async def ask(number: int) -> None:
            long = f"{LONG}{number}"
            asked = {"question": "mask", "also": [long]} if is_other_wording else {"question": long}
            results.append(await client.call_tool("ask", asked))

        await client.call_tool("ask", {"question": "mask"})
        async with anyio.create_task_group() as storm:
            for number in range(20):
                storm.start_soon(ask, number)
            with anyio.move_on_after(30):
                while len(results) < 13:
                    await anyio.sleep(0.01)
            if len(results) < 13:
                encoder.may_go_on.set()  # so that it ends
            assert all("ask again in a few seconds" in text_of(result) for result in results)
            for tool, arguments in (("ask", {"question": "mask"}), ("status", {}), ("list_resources", {})):
                assert not (await client.call_tool(tool, arguments)).is_error
            encoder.may_go_on.set()

    session(make_server(LiveLibrary(library, encoder)), talk)
    assert Counter(bool(result.is_error) for result in results) == {True: 13, False: 7}


@pytest.mark.parametrize("version", ["2025-06-18", ""])
def test_a_question_over_http_whose_client_left_is_not_embedded(library: Path, version: str) -> None:
    encoder = HeldEncoder()
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    app = http_application(make_server(LiveLibrary(library, encoder)), port, None)
    server = uvicorn.Server(server_config(app, lifespan="on"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        for number in range(4):  # the first one is embedded, the others wait
            before = set(server.server_state.tasks)
            asked = _sent(port, f"{LONG}{number}", version)
            assert encoder.holds.wait(30)
            until(partial(lambda before: bool(set(server.server_state.tasks) - before), before))
            asked.close()
            until(lambda: not server.server_state.connections)
        time.sleep(0.1)  # for what waits to hear of it
        encoder.may_go_on.set()
        last = _sent(port, f"{LONG}9", version)
        assert last.getresponse().status == 200
        last.close()
        assert [text[-1] for text in encoder.asked] == ["0", "9"]
    finally:
        encoder.may_go_on.set()
        server.should_exit = True
        thread.join(10)


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _sent(port: int, question: str, version: str) -> HTTPConnection:
    """A connection over which a question was sent."""
    call = {"name": "ask", "arguments": {"question": question}}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    headers |= {"MCP-Protocol-Version": version} if version else {}
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
    connection.request("POST", "/mcp", body, headers)
    return connection
