"""Transcripts as MCP resources: links to them, their addresses, windows and generated chapters."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.uri_template import UriTemplate
from mcp.types import TextResourceContents

from seekpoint.index.text.clean import clean
from seekpoint.query.mcp.mcp_server import Server, make_server
from seekpoint.query.mcp.results import TEMPLATE, transcript_address
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.token_budget import tokens
from tests import long_talk
from tests.asking import library_of
from tests.fakes import TopicEncoder
from tests.noted import note
from tests.query.mcp.sessions import call, links_of, refusal, said_in, session, tool_error, tool_result

ENGLISH_TALK = "seekpoint://transcript/aaaaaaaaaaa"


def read(target: Server, address: str) -> dict[str, Any]:
    """The window at the address of a transcript, which is short."""
    (content,) = session(target, lambda client: client.read_resource(address)).contents
    assert isinstance(content, TextResourceContents)
    assert (content.mime_type, content.uri, tokens(content.text) < 2000) == ("application/json", address, True)
    window: dict[str, Any] = json.loads(content.text)
    return window


def test_the_links_of_a_brief_answer_open_its_transcripts_at_the_moments(served: Server) -> None:
    result = call(served, "ask", question="掩码藏了什么？", brief=True)
    assert result.structured_content
    moments, links = result.structured_content["moments"], links_of(result)
    best = {moment["resource"]: moment for moment in reversed(moments)}
    assert sorted(link.name for link in links) == sorted(moment["title"] for moment in best.values())
    assert len(links) > 1
    for link in links:
        address = urlsplit(link.uri)
        assert float(parse_qs(address.query)["at"][0]) == best[address.path.removeprefix("/")]["at"]
        window = read(served, link.uri)
        moment = best[window["resource"]]
        assert moment["quote"].removesuffix("…") in said_in(window["passages"])


def test_windows_at_their_addresses_are_those_of_the_tool_and_give_the_whole_transcript(served: Server) -> None:
    by_tool = tool_result(served, "transcript", resource="aaaaaaaaaaa", at="16:40", minutes=0.5, language="en")
    assert read(served, f"{ENGLISH_TALK}?at=16:40&minutes=0.5&language=en") == by_tool
    notes = tool_result(served, "ask", question="位置编码", k=1, kind="document", brief=True)["moments"][0]["resource"]
    part = read(served, UriTemplate.parse(TEMPLATE).expand({"resource": notes, "heading": "位置"}))
    assert part["passages"][0]["chapter"] == "位置编码"
    said, windows, address = "", 0, ENGLISH_TALK
    while address and windows < 30:
        window = read(served, address)
        said += " ".join(passage["text"] for passage in window["passages"]) + " "
        following = window.get("continues_at")
        address, windows = f"{ENGLISH_TALK}?continues_at={following}" if following else "", windows + 1
    assert windows > 4
    assert [int(number) for number in re.findall(r"number (\d+) ", said)] == [*range(400)], "each of them once"
    from_there = tool_result(served, "transcript", resource="bbbbbbbbbbb", continues_at=40)
    assert from_there["passages"][0]["place"] == "0:40"
    said = tool_error(served, "transcript", resource="bbbbbbbbbbb", continues_at=40, at=40)
    assert "give one of them" in said


def test_reading_on_leaves_out_no_sentence_of_those_that_begin_at_once(tmp_path: Path) -> None:
    cues = [f"00:{n // 12:02}:{n % 12 * 5:02}.000 --> 00:{n // 12:02}:{n % 12 * 5 + 4:02}.000" for n in range(60)]
    lines = (f"{cue}\nThe mask hides word {n}{voice}.\n" for n, cue in enumerate(cues) for voice in "ab")
    (tmp_path / "Voices [aaaaaaaaaaa].en.vtt").write_text("WEBVTT\n\n" + "\n".join(lines), "utf-8")
    server = make_server(LiveLibrary(library_of(tmp_path, {}), TopicEncoder()))
    said, place = "", dict[str, float]()
    for _ in range(30):
        window = tool_result(server, "transcript", resource="aaaaaaaaaaa", minutes=0.5, **place)
        said += said_in(window["passages"])
        if "continues_at" not in window:
            break
        place = {"continues_at": window["continues_at"]}
    assert {*re.findall(r"word (\w+)", said)} == {f"{n}{voice}" for n in range(60) for voice in "ab"}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(
    ("is_missing", "address", "said"),
    [
        (True, "seekpoint://transcript/..%2F..%2Fetc%2Fpasswd", "nothing here is called ../../etc/passwd"),
        (True, "seekpoint://transcript/%1b%5B31m%E6%8E%A9", "nothing here is called 掩:"),
        (True, "seekpoint://elsewhere", "Unknown resource"),
        (True, "file:///etc/passwd", "Unknown resource"),
        (False, f"{ENGLISH_TALK}?at=soon", "'soon' is no time"),
        (False, f"{ENGLISH_TALK}?minutes=600", "`minutes`: input should be less than or equal to 10"),
        (False, f"{ENGLISH_TALK}?language=fr", "masks has no transcript in fr: there is en"),
        (False, f"{ENGLISH_TALK}?heading=/etc", "masks has no heading with /etc, but 0:00"),
    ],
)
def test_addresses_that_lead_nowhere_are_refused_in_one_line(
    served: Server, is_missing: bool, address: str, said: str, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    code, line = refusal(served, lambda client: client.read_resource(address), mode)
    assert said in line and "Traceback" not in caplog.text
    # Revisions up to 2025-11-25 have a code of their own, that of 2026-07-28 has none.
    assert code == (-32002 if is_missing and mode == "legacy" else -32602)


def test_all_that_is_indexed_is_listed_and_can_be_read(served: Server, tmp_path: Path) -> None:
    listed = session(served, lambda client: client.list_resources()).resources
    described = [(each.name, each.description) for each in listed]
    assert described == [("masks", "English"), ("掩码", "中文"), ("Notes on transformers", "Notes")]
    for each in listed:
        assert read(served, each.uri)["title"] == each.name
    empty = make_server(LiveLibrary(tmp_path / "library", TopicEncoder()))
    assert session(empty, lambda client: client.list_resources()).resources == []
    _, said = refusal(empty, lambda client: client.read_resource(ENGLISH_TALK))
    assert "build one with `seekpoint build SOURCE`" in said


@given(st.text(min_size=1, max_size=40), st.none() | st.floats(0, 1e6), st.none() | st.sampled_from(["en", "zh-Hant"]))
def test_an_address_names_its_resource_and_place_whatever_they_are(
    name: str, at: float | None, tag: str | None
) -> None:
    name = name.encode(errors="replace").decode()
    given_back = UriTemplate.parse(TEMPLATE).match(transcript_address(name, at, tag))
    assert given_back is not None
    assert (given_back["resource"], given_back.get("language")) == (name, tag)
    assert at is None or float(str(given_back["at"])) == pytest.approx(at, abs=0.001)


def test_a_long_transcript_lists_generated_chapters_and_is_read_from_one(tmp_path: Path) -> None:
    topics = {"Talk [english0001].en": long_talk.ENGLISH, "讲座 [zhongwen001].zh": long_talk.CHINESE}
    talks = {name: [cue.text for cue in long_talk.talk(of)] for name, of in topics.items()}
    long_talks = make_server(LiveLibrary(library_of(tmp_path, talks, long_talk.SECONDS), TopicEncoder()))
    for resource, title in (("english0001", "glacier"), ("zhongwen001", "冰川")):
        whole = tool_result(long_talks, "transcript", resource=resource)
        assert whole["generated"] is True
        assert len(whole["headings"]) == 3
        assert title in whole["headings"][-1].lower()
        there = tool_result(long_talks, "transcript", resource=resource, heading=title)
        assert any(title in passage["chapter"].lower() for passage in there["passages"])
        assert "generated" not in there


def test_without_a_place_noted_questions_from_all_over_are_listed_and_lead_to_their_answers(tmp_path: Path) -> None:
    topics = {"Talk [english0001].en": long_talk.ENGLISH, "讲座 [zhongwen001].zh": long_talk.CHINESE}
    talks = {name: [cue.text for cue in long_talk.talk(of)] for name, of in topics.items()}
    library = library_of(tmp_path, talks, long_talk.SECONDS)
    long = "".join(f"为什么第{n}个" for n in range(40))
    asked = [(4.0 * n, tag, text) for n in range(220) for tag, text in (("en", f"Why {n}?"), ("zh", f"{long}{n}？"))]
    said = {"english0001": "On attention\x1b[2J\u202e. " * 25, "zhongwen001": "讲注意力。" * 60}
    note(library, "english0001", *asked, titles={0.0: "Weights"}, summary=said["english0001"])
    note(library, "zhongwen001", *asked, (12.0, "zh", "\x1b[2J\u202e?"), summary=said["zhongwen001"])
    server = make_server(LiveLibrary(library, TopicEncoder()))
    for resource, least in (("english0001", 40), ("zhongwen001", 8)):
        window = tool_result(server, "transcript", resource=resource)
        places = [float(line.split(" ", 1)[0]) for line in window["questions"]]
        assert len(places) >= least and places == sorted(places)
        assert max(b - a for a, b in pairwise([0.0, *places, 880.0])) < 1.5 * 880 / len(places), "from all over it"
        assert len(window["passages"]) > 3 and window["headings"]
        there = tool_result(server, "transcript", resource=resource, at=places[-1])
        assert there.keys().isdisjoint({"questions", "summary"}) and there["passages"]
        assert window["summary"].isprintable() and clean(said[resource]).startswith(window["summary"].rstrip("…"))
        listed = {each["id"]: each["summary"] for each in tool_result(server, "list_resources")["resources"]}
        assert window["summary"].startswith(listed[resource].rstrip("…")) and tokens(listed[resource]) <= 30
    note(library, "english0001", (0.5, "zh", "一个？"), (870.25, "en", "Where does it end?"))
    server = make_server(LiveLibrary(library, TopicEncoder()))
    window = tool_result(server, "transcript", resource="english0001")
    assert window["questions"] == ["0.5 一个？", "870.2 Where does it end?"]
