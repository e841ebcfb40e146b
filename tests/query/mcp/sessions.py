"""Sessions with an MCP server, over the client that assistants use."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, TypeVar

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, ResourceLink

from seekpoint.query.mcp.mcp_server import Server
from seekpoint.query.mcp.results import MOST_PASSAGE_TOKENS
from seekpoint.query.token_budget import tokens
from tests.paths import ROOT

_T = TypeVar("_T")


def session(target: Any, talk: Callable[[Client], Awaitable[_T]], mode: str = "auto") -> _T:  # noqa: ANN401
    """The result of a session with a server, over the client that assistants use."""

    async def hold() -> _T:
        with anyio.fail_after(60):
            async with Client(target, mode=mode) as client:
                return await talk(client)

    return anyio.run(hold)


def call(target: Any, tool: str, **arguments: object) -> CallToolResult:  # noqa: ANN401
    return session(target, lambda client: client.call_tool(tool, arguments))


def tool_result(target: Server, tool: str, **arguments: object) -> dict[str, Any]:
    """The result of a tool: the text equals the structured content and is short; the client checks the schema."""
    result = call(target, tool, **arguments)
    assert not result.is_error, result.content
    text = text_of(result)
    structured: dict[str, Any] = result.structured_content
    assert json.loads(text) == structured
    links = sum(tokens(content.model_dump_json(exclude_none=True)) for content in result.content[1:])
    assert tokens(text) + links < (MOST_PASSAGE_TOKENS if tool == "ask" and "passages" in structured else 2000)
    return structured


def tool_error(target: Any, tool: str, **arguments: object) -> str:  # noqa: ANN401
    """The one line of a tool's error."""
    result = call(target, tool, **arguments)
    assert result.is_error and result.structured_content is None
    text = text_of(result)
    assert len(text.splitlines()) == 1 and "Traceback" not in text
    return text


def refusal(
    target: Any,  # noqa: ANN401
    ask: Callable[[Client], Awaitable[object]],
    mode: str = "auto",
) -> tuple[int, str]:
    """The code and the one line of a request's error."""

    async def talk(client: Client) -> tuple[int, str]:
        with pytest.raises(MCPError) as error:
            await ask(client)
        return error.value.code, error.value.message

    code, line = session(target, talk, mode)
    assert len(line.splitlines()) == 1
    return code, line


def text_of(result: CallToolResult) -> str:
    content = result.content[0]
    assert content.type == "text" and len(result.content) == 1 + len(links_of(result))
    return content.text


def links_of(result: CallToolResult) -> list[ResourceLink]:
    return [content for content in result.content if content.type == "resource_link"]


def said_in(passages: Sequence[Mapping[str, str]]) -> str:
    """What is said in passages, without the marks."""
    return re.sub(r"\[\d+[a-z]+ \d+\] ", "", " ".join(passage["text"] for passage in passages))


@contextmanager
def over_http(library: Path, *options: str, **variables: str) -> Iterator[tuple[Popen[str], int, str]]:
    """A process that serves a library over HTTP, its port, and the line that it prints first."""
    line = command(library, "--http", "--port", "0", *options)
    with Popen(line, stderr=PIPE, text=True, env=os.environ | variables) as process:
        assert process.stderr
        told = process.stderr.readline()
        try:
            found = re.search(r"http://127\.0\.0\.1:(\d+)/mcp", told)
            assert found
            yield process, int(found[1]), told
        finally:
            process.terminate()


def command(library: Path, *options: str) -> list[str]:
    """The command line of a server."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from seekpoint.cli.mcp import mcp; mcp()"
    return [sys.executable, "-c", script, "--index", str(library), *options]
