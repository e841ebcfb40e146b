"""Generated chapters as an assistant sees them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

import seekpoint
from seekpoint.query.mcp.mcp_server import make_server
from seekpoint.query.serving.live_library import LiveLibrary
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.long_talk import CHINESE, ENGLISH, SECONDS, talk


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    for name, topics in (("Talk [english0001].en", ENGLISH), ("讲座 [zhongwen001].zh", CHINESE)):
        lines = [cue.text for cue in talk(topics)]
        (folder / f"{name}.vtt").write_text(webvtt(*lines, seconds=SECONDS), encoding="utf-8")
    (folder / "list.txt").write_text("https://youtu.be/english0001\nhttps://youtu.be/zhongwen001\n", encoding="utf-8")
    seekpoint.build(folder / "list.txt", folder / "library", captions=folder, encoder=TopicEncoder(), translate=False)
    return folder / "library"


def transcript(library: Path, **arguments: str) -> Mapping[str, Any]:
    """What the tool `transcript` returns."""

    async def call() -> Mapping[str, Any]:
        async with Client(make_server(LiveLibrary(library, TopicEncoder()))) as client:
            result = await client.call_tool("transcript", arguments)
            content: dict[str, Any] | None = result.structured_content
            assert content is not None
            return content

    return anyio.run(call)


@pytest.mark.parametrize(("resource", "title"), [("english0001", "glacier"), ("zhongwen001", "冰川")])
def test_a_transcript_lists_them_as_generated_and_is_read_from_one(library: Path, resource: str, title: str) -> None:
    whole = transcript(library, resource=resource)
    assert whole["generated"] is True
    assert len(whole["headings"]) == 3
    assert title in whole["headings"][-1].lower()
    there = transcript(library, resource=resource, heading=title)
    assert any(title in passage["chapter"].lower() for passage in there["passages"])
    assert "generated" not in there
