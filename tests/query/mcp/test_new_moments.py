"""An assistant that keeps a question, and tells what is new on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.cli.mcp import adding_to
from seekpoint.index.open import open_reader
from seekpoint.query.mcp.mcp_server import Server, make_server
from seekpoint.query.serving.live_library import LiveLibrary
from seekpoint.query.token_budget import tokens
from tests.asking import library_of
from tests.fakes import TopicEncoder
from tests.query.mcp.sessions import call, text_of, tool_error, tool_result

SAID, LONG = "掩码把后面的词遮住了", "why does attention need a mask " * 40


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Server]:
    """A server that may change a library of two talks."""
    talks = {"掩码 [aaaaaaaaaaa].zh": ["欢迎", SAID, "再见"], "Cache [bbbbbbbbbbb].en": ["a cache keeps keys"] * 2}
    folder = library_of(tmp_path, talks)
    with closing(LiveLibrary(folder, TopicEncoder())) as live:
        yield make_server(live, adding_to(folder))


def test_a_question_is_kept_told_of_and_dropped(target: Server, tmp_path: Path) -> None:
    assert tool_result(target, "new_moments")["questions"] == []
    assert tool_result(target, "keep_question", question=SAID) == {"kept": 1}
    new = tool_result(target, "new_moments", since="1d")
    assert (new["resources"], [each["question"] for each in new["questions"]]) == (2, [SAID])
    for moment in new["questions"][0]["moments"]:
        assert moment["link"].startswith("https://www.youtube.com/watch?v=") and moment["quote"]
    assert tool_result(target, "new_moments", since="2999")["resources"] == 0
    assert tool_result(target, "keep_question", question=SAID, also=["what the mask hides", "cache?"]) == {"kept": 1}
    with open_reader(tmp_path / "library") as library:
        assert library.settings.wordings == {SAID: ("what the mask hides", "cache?")}
    assert tool_result(target, "new_moments")["questions"][0]["also"] == ["what the mask hides", "cache?"]
    assert "at most" in tool_error(target, "keep_question", question=SAID, also=["a mask"] * 5)
    assert "no question" in tool_error(target, "keep_question", question=f"{SAID}？", drop=True)
    assert tool_result(target, "keep_question", question=f" {SAID}", drop=True) == {"kept": 0}
    assert "no words" in tool_error(target, "keep_question", question="?!")
    assert "7d" in tool_error(target, "new_moments", since="soon")


def test_what_is_new_stays_below_its_number_of_tokens(target: Server) -> None:
    for number in range(60):
        tool_result(target, "keep_question", question=f"{LONG} {number}")
    result = call(target, "new_moments")
    assert tokens(text_of(result)) < 2000 and result.structured_content["left_out"]
