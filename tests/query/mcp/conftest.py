"""A library for the tests of the MCP server, and the server for it."""

from __future__ import annotations

from pathlib import Path

import pytest

import seekpoint
from seekpoint.query.mcp.mcp_server import Server, make_server
from seekpoint.query.serving.live_library import LiveLibrary
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt

ENGLISH = ["welcome to the talk", "attention weighs every word", "a mask hides the future", "training takes a week"]
CHINESE = ["欢迎大家", "注意力给每个词一个权重", "掩码把未来藏起来", "训练要一个星期"]
LIST = """# Talks

## English
- https://youtu.be/aaaaaaaaaaa

## 中文
- https://youtu.be/bbbbbbbbbbb

## Notes
- [Notes on transformers](notes.md)
- [Lost notes](lost.md)
"""
NOTES = """# Transformers

They read a whole sentence at once, and every word looks at every other one.

## 位置编码

位置编码告诉模型词的顺序。没有它，句子就只是一袋词。

## Caches

A cache keeps the keys and values of the words before, so that they needn't be computed again.
"""


@pytest.fixture(scope="package")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "captions").mkdir()
    long = [*ENGLISH, *(f"and this is remark number {k} about the position of a token" for k in range(400))]
    for name, lines, seconds in (("masks [aaaaaaaaaaa].en", long, 10), ("掩码 [bbbbbbbbbbb].zh", CHINESE, 40)):
        (folder / "captions" / f"{name}.vtt").write_text(webvtt(*lines, seconds=seconds), encoding="utf-8")
    (folder / "list.md").write_text(LIST, encoding="utf-8")
    (folder / "notes.md").write_text(NOTES, encoding="utf-8")
    seekpoint.build(
        folder / "list.md", folder / "library", captions=folder / "captions", encoder=TopicEncoder(), translate=False
    )
    return folder / "library"


@pytest.fixture
def served(library: Path) -> Server:
    return make_server(LiveLibrary(library, TopicEncoder()))
