"""The commands with a library on a server, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.address import ServerAddress
from seekpoint.index.types import State
from tests.cli.here import MAIN, call, one_line, run
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.postgres import TestServer

TALKS = {
    "talk0000001.en": ("attention weighs the words", "the mask hides"),
    "talk0000002.zh": ("注意力给每个词一个权重", "掩码"),
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with captions of two talks."""
    for name, texts in TALKS.items():
        video_id, language = name.split(".")
        (tmp_path / f"讲座 [{video_id}].{language}.vtt").write_text(webvtt(*texts), encoding="utf-8")
    return tmp_path


@pytest.fixture
def address(source: Path, postgres: TestServer) -> ServerAddress:
    library = postgres.library()
    report = seekpoint.build(source, str(library), encoder=TopicEncoder(), translate=False)
    assert report.states[State.INDEXED] == 2
    return library


def test_a_library_is_built_asked_shown_and_emptied(source: Path, address: ServerAddress) -> None:
    again = seekpoint.build(source, str(address), encoder=TopicEncoder(), translate=False)
    assert (again.updated, again.embedded) == (0, 0)
    answer = seekpoint.ask("what does a mask hide?", str(address), k=1, language="zh", encoder=TopicEncoder())
    assert [moment.resource.id for moment in answer.moments] == ["talk0000002"]
    shown = json.loads(call("status", "--json", "--check", "--index", address).stdout)
    assert (shown["library"], shown["totals"]["indexed"], shown["totals"]["chunks"]) == (str(address), 2, 2)
    assert f"Library {address}, model topics" in call("status", "--index", address).stdout
    assert call("remove", "talk0000001", "--index", address).stdout == "1 taken out\n"
    assert [one.id for one in seekpoint.open_library(str(address)).resources()] == ["talk0000002"]


def test_an_owner_creates_a_library_once(postgres: TestServer) -> None:
    address = postgres.library()
    for _ in range(2):
        result = call("init", address)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith(f"{address}: ready, for the model ")
    assert call("status", "--index", address).exit_code == 0


@pytest.mark.parametrize(
    ("code", "arguments", "words"),
    [
        (2, ["init", "folder"], "is a folder"),
        (2, ["build"], "there is no SOURCE"),
        (2, ["build", "list.md", "--worker"], "omit SOURCE"),
        (2, ["build", "--worker", "--index", "folder"], "postgresql://HOST/DATABASE"),
        (2, ["status", "--index", "postgresql://host/talks?library=No"], "small letters"),
        (1, ["status", "--index", "postgresql://127.0.0.1:1/talks?sslmod=require"], "libpq can't read the address"),
        (2, ["init", "host=db dbname=talks"], "can't be read, and isn't shown"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(code: int, arguments: list[str], words: str) -> None:
    one_line(call(*arguments), words, exit_code=code)


def test_without_the_driver_the_extra_is_named() -> None:
    code = f"import sys; sys.modules['psycopg'] = None; {MAIN}"
    one_line(run("status", "--index", "postgresql://host/talks", code=code), "pip install 'seekpoint[postgres]'")
