"""An imported library may hold any text: none of it turns or hides what a terminal, a page or a program shows."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.types import TextContent

import seekpoint
from seekpoint.index.embedded import database
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.sql import cue_blocks
from seekpoint.index.text.clean import printable
from seekpoint.index.transfer.export import export_library
from seekpoint.index.transfer.import_ import import_library
from seekpoint.index.types import to_html
from seekpoint.query.mcp.mcp_server import make_server
from seekpoint.query.output import status
from seekpoint.query.output.exports import FORMATS
from seekpoint.query.output.json import to_json
from seekpoint.query.output.terminal import to_text
from seekpoint.query.serving.live_library import LiveLibrary
from tests.fakes import TopicEncoder
from tests.index.libraries import build
from tests.index.transfer.test_hostile_archives import forge_database, held
from tests.query.web.conftest import serving

EVIL = "\u202egpj.exe\u2069\x1b[2J\x07\u200f"
SQL = "char(8238) || 'gpj.exe' || char(8297) || char(27) || '[2J' || char(7) || char(8207)"
STATEMENTS = (
    f"UPDATE listing SET title = title || '掩码' || {SQL}, path = json_array('Talks' || {SQL})",
    f"UPDATE resource SET reason = 'kept' || {SQL}",
    f"UPDATE resource SET details = json_object('channel', {SQL}, 'chapters', json_array("
    f"json_object('start', 0, 'title', 'Masks' || {SQL})))",
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imported")
    build(folder / "library")
    export_library(folder / "library", folder / "talks.zip")
    (folder / "texts.db").write_bytes(held(folder / "talks.zip")[database.FILE])
    blocks = []
    with closing(sqlite3.connect(folder / "texts.db")) as connection:
        for row, data in connection.execute("SELECT rowid, data FROM cue_block"):
            evil = cue_blocks.encode([cue._replace(text=cue.text + EVIL) for cue in cue_blocks.decode(data)]).hex()
            blocks.append(f"UPDATE cue_block SET data = x'{evil}' WHERE rowid = {row}")
    forge_database(folder / "talks.zip", *STATEMENTS, *blocks)
    import_library(folder / "talks.zip", folder / "new")
    return folder / "new"


def assert_clean(text: str) -> None:
    assert "gpj.exe" in text
    for line in text.split("\n"):
        assert line == printable(line)


def assert_clean_json(document: object) -> None:
    assert_clean("\n".join(strings(document)))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def test_answers_in_every_format(library: Path) -> None:
    answer = seekpoint.ask("what does the mask hide? 掩码", library, encoder=TopicEncoder(), explained=True)
    assert EVIL in answer.moments[0].resource.title and answer.moments[0].chapter
    assert_clean(to_text(answer, styled=False))
    assert_clean_json(to_json(answer))
    assert_clean(to_html(answer) or "")
    for render in FORMATS.values():
        assert_clean(render(answer).replace("\r", ""))
    question = f"mask {EVIL}"
    document = to_json(seekpoint.ask(question, library, encoder=TopicEncoder()))
    assert document["question"] == question, "it is given back as it was asked"
    with EmbeddedReader.open(library) as reader:
        card, statuses, sections = reader.card, reader.statuses(), reader.sections()
    assert_clean(status.to_text(library, card, statuses, sections, 0.0))
    assert_clean_json(status.to_json(library, card, statuses))


def test_pages_and_the_api(library: Path) -> None:
    with serving(library) as client:
        resource = "resources/attention01/transcript"
        for address in ("/api/ask?q=mask", "/api/resources", "/api/status", f"/api/{resource}"):
            assert_clean_json(client.get(address).raise_for_status().json())
        for address in ("/?q=mask", "/list?q=mask", "/resource/attention01?q=mask"):
            text = client.get(address).raise_for_status().text
            assert_clean(re.sub(r' value="[^"]*"', "", text))  # what a form sends is as it is stored


def test_tools_of_assistants(library: Path) -> None:
    transcript = {"resource": "attention01"}

    async def call() -> None:
        async with Client(make_server(LiveLibrary(library, TopicEncoder()))) as client:
            for tool, arguments in (
                ("ask", {"question": "mask"}),
                ("list_resources", {}),
                ("transcript", transcript),
                ("transcript", transcript | {"heading": "none"}),
            ):
                content, *links = (await client.call_tool(tool, arguments)).content
                assert isinstance(content, TextContent)
                for link in links:
                    assert_clean_json(link.model_dump(mode="json"))
                is_json = content.text.startswith("{")
                assert_clean_json(json.loads(content.text)) if is_json else assert_clean(content.text)

    anyio.run(call)
