"""An assistant that reads the library: the next stretch, its notes, and what is said of those that aren't kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from seekpoint.cli.mcp import adding_to
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.text.stretches import WHOLE
from seekpoint.index.types import Details
from seekpoint.query.mcp.mcp_server import Server, make_server
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.token_budget import tokens
from tests.fakes import TopicEncoder
from tests.index.libraries import embedded
from tests.query.mcp.sessions import call, refusal, session, text_of, tool_error, tool_result
from tests.query.reading.stretched import (
    CHINESE,
    DOCUMENT,
    ENGLISH,
    SUMMARIES,
    build,
    lines,
    noted,
    summaries,
    texts,
    to_read,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "library")


@pytest.fixture
def target(folder: Path) -> Iterator[Server]:
    """A server that may change the library."""
    with closing(LiveLibrary(folder, TopicEncoder())) as live:
        yield make_server(live, adding_to(folder))


def stretch(target: Server) -> dict[str, Any]:
    """The next stretch; its text is longer than other results."""
    result = call(target, "next_stretch")
    assert not result.is_error and tokens(text_of(result)) < 3500
    given: dict[str, Any] = result.structured_content
    return given


def test_only_a_server_that_may_add_has_the_tools_and_the_prompt(folder: Path, target: Server) -> None:
    async def offered(client: Client) -> set[str]:
        tools, prompts = await client.list_tools(), await client.list_prompts()
        return {each.name for each in (*tools.tools, *prompts.prompts)}

    own = {"next_stretch", "note_stretch", "read_library"}
    with closing(LiveLibrary(folder, TopicEncoder())) as live:
        served = make_server(live)
        assert own.isdisjoint(session(served, offered)) and own < session(target, offered)
        _, said = refusal(served, lambda client: client.call_tool("note_stretch", {"stretch": "x 0", "notes": ""}))
        assert said == "no tool is called note_stretch"
    prompt = session(target, lambda client: client.get_prompt("read_library")).messages[0].content
    assert prompt.type == "text" and "`next_stretch`" in prompt.text and "`note_stretch`" in prompt.text


def test_an_assistant_reads_all_of_it_a_stretch_at_a_time(folder: Path, target: Server) -> None:
    read = []
    while (given := stretch(target)).get("stretch"):
        kept = tool_result(target, "note_stretch", stretch=given["stretch"], notes=lines(given["text"]))
        if "one to three short sentences" in given["rules"]:
            assert kept == {"questions": 0, "titles": 0, "summary": True, "dropped": [], "is_read": True}
        else:
            assert (kept["questions"], kept["dropped"], kept["is_read"]) == (2, [], True) and "summary" not in kept
        read.append((given["stretch"], given["left"]))
    assert given == {"left": 0} and summaries(folder) == SUMMARIES
    of = [(ENGLISH, (0, 1, 2, WHOLE)), (CHINESE, (0, 1, WHOLE)), (DOCUMENT, (0, 1, WHOLE))]
    names = [f"{key} {number}" for key, numbers in of for number in numbers]
    assert read == [(name, 10 - place) for place, name in enumerate(names)]
    assert to_read(folder) == [] and {each.reader for each in noted(folder)} == {"an assistant, rules 2"}


def test_a_summary_that_is_dropped_is_mended_or_left_out(folder: Path, target: Server) -> None:
    for number in range(3):
        tool_result(target, "note_stretch", stretch=f"{ENGLISH} {number}", notes=lines(stretch(target)["text"]))
    given = stretch(target)
    assert "# Attention" in given["text"] and given["left"] == 7
    kept = tool_result(target, "note_stretch", stretch=given["stretch"], notes="讲注意力。" * 4)
    assert kept["dropped"] == ["in another language: 讲注意力。讲注意力。讲注意力。讲注意力。"] and not kept["is_read"]
    assert kept["summary"] is False and stretch(target) == given and summaries(folder) == {}
    assert tool_result(target, "note_stretch", stretch=given["stretch"], notes="none")["is_read"]
    assert stretch(target)["stretch"] == f"{CHINESE} 0" and summaries(folder) == {}
    assert tool_result(target, "note_stretch", stretch=given["stretch"], notes=SUMMARIES[ENGLISH])["summary"]
    kept = tool_result(target, "note_stretch", stretch=given["stretch"], notes="讲注意力。" * 4)
    assert (kept["summary"], kept["is_read"]) == (False, True)
    assert summaries(folder) == {ENGLISH: SUMMARIES[ENGLISH]}
    assert "no stretch is called" in tool_error(target, "note_stretch", stretch=f"{CHINESE} {WHOLE}", notes="none")


def test_what_was_dropped_is_mended_beside_what_was_kept(folder: Path, target: Server) -> None:
    first = stretch(target)["stretch"]
    notes = "1 en What does attention weigh?\n99 zh 注意力给什么权重？\n1 en What is a cache?\nDone!\n1 # Attention"
    kept = tool_result(target, "note_stretch", stretch=first, notes=notes)
    assert (kept["questions"], kept["titles"], kept["is_read"]) == (1, 1, True)
    assert kept["dropped"] == [
        "at no mark: 99 zh 注意力给什么权重？",
        "not about what is said there: 1 en What is a cache?",
        "not in the form asked for: Done!",
    ]
    kept = tool_result(
        target, "note_stretch", stretch=first, notes="9 zh 注意力给什么权重？\n1 en what does attention weigh"
    )
    assert (kept["questions"], kept["dropped"]) == (1, ["said twice: 1 en what does attention weigh"])
    [read] = noted(folder)
    assert texts(read.questions) == ["What does attention weigh?", "注意力给什么权重？"] and len(read.titles) == 1
    for line in ("1 en What is a cache?", "9 zh 注意力给什么权重？"):
        kept = tool_result(target, "note_stretch", stretch=first, notes=line)
        assert (kept["questions"], len(kept["dropped"]), kept["is_read"]) == (0, 1, True)
    assert stretch(target)["stretch"] != first and noted(folder) == [read]
    with open_reader(folder) as library:
        [again] = library.stretches([first])
        assert again.vectors is not None and len(again.vectors) == 2


def test_a_stretch_without_a_line_to_keep_stays_to_be_read_and_none_is_kept(folder: Path, target: Server) -> None:
    first = stretch(target)["stretch"]
    kept = tool_result(
        target, "note_stretch", stretch=first, notes='[{"mark": 1}]\n' + "prose 掩码 " * 40 + "\n" + "x\n" * 900
    )
    assert not kept["is_read"] and kept["left_out"] > 100 and noted(folder) == []
    assert stretch(target)["stretch"] == first
    assert tool_result(target, "note_stretch", stretch=first, notes="none")["is_read"]
    assert stretch(target)["stretch"] == f"{ENGLISH} 1"


def test_what_is_no_stretch_is_refused_and_a_talk_that_changed_is_read_as_it_is(folder: Path, target: Server) -> None:
    for name in ("nowhere 0", f"{ENGLISH} 9", f"{ENGLISH} ٣", ENGLISH, "", "\x1b[31m 1"):
        assert "`next_stretch` gives the next one" in tool_error(target, "note_stretch", stretch=name, notes="none")
    assert "at most 20000 characters" in tool_error(target, "note_stretch", stretch="x 0", notes="x" * 20_001)
    tool_result(target, "note_stretch", stretch=f"{CHINESE} 0", notes="1 zh 注意力给什么权重？")
    with open_writer(folder) as writer:
        writer.commit(CHINESE, [embedded(["掩码遮住后面的词。"] * 20)], Details(), "made by hand")
    kept = tool_result(target, "note_stretch", stretch=f"{CHINESE} 0", notes="1 zh 掩码遮住什么？")
    assert kept["questions"] == 1
    assert [texts(each.questions) for each in noted(folder)] == [["掩码遮住什么？"]]
