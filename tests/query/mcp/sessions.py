"""Sessions with an MCP server, over the client that assistants use."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
from mcp import Client
from mcp.types import CallToolResult, ResourceLink

from seekpoint.query.mcp.mcp_server import Server
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


def told(target: Server, tool: str, **arguments: object) -> list[str]:
    """The messages on the progress of a call."""
    messages: list[str] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        messages.append(message or "")

    session(target, lambda client: client.call_tool(tool, arguments, progress_callback=hear))
    return messages


def tool_result(target: Server, tool: str, **arguments: object) -> dict[str, Any]:
    """The result of a tool: the text equals the structured content and is short; the client checks the schema."""
    result = call(target, tool, **arguments)
    assert not result.is_error, result.content
    text = text_of(result)
    assert json.loads(text) == result.structured_content
    assert (
        sum(tokens(content.model_dump_json(exclude_none=True)) for content in result.content[1:]) + tokens(text) < 2000
    )
    structured: dict[str, Any] = result.structured_content
    return structured


def tool_error(target: Any, tool: str, **arguments: object) -> str:  # noqa: ANN401
    """The one line of a tool's error."""
    result = call(target, tool, **arguments)
    assert result.is_error and result.structured_content is None
    text = text_of(result)
    assert len(text.splitlines()) == 1 and "Traceback" not in text
    return text


def text_of(result: CallToolResult) -> str:
    content = result.content[0]
    assert content.type == "text" and len(result.content) == 1 + len(links_of(result))
    return content.text


def links_of(result: CallToolResult) -> list[ResourceLink]:
    return [content for content in result.content if content.type == "resource_link"]


def command(library: Path, *options: str) -> list[str]:
    """The command line of a server."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from seekpoint.cli.mcp import mcp; mcp()"
    return [sys.executable, "-c", script, "--index", str(library), *options]
