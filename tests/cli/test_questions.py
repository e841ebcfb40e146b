"""`seekpoint questions`: noted questions as text, as a FAQ in Markdown and as JSON, in English and Chinese."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.types import Chapter, Details, Kind, Resource
from tests.cli.here import call, one_line
from tests.cli.test_transcript import placed
from tests.index.libraries import CARD, SOURCE, embedded, resource
from tests.noted import note

TALK, CHINESE, PAPER = "attention01", "zhuyili0001", "paper"
HOSTILE = "Why\x1b[2J\u202e [x](javascript:1)\n# not <b>?"
WATCH = "https://www.youtube.com/watch?v="


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """An English talk with chapters, a Chinese one, a paper of two pages, and a talk of which nothing was noted."""
    library = tmp_path / "library"
    paper = Resource(PAPER, Kind.PAPER, "Papers", "https://arxiv.org/abs/1706.03762", ())
    with EmbeddedWriter.acquire(library, CARD) as writer:
        writer.register(SOURCE, [resource(TALK), paper, resource(CHINESE), resource("position001")])
        chapters = (Chapter(5.0, "Weights *and* words"), Chapter(20.0, "The mask of 掩码"))
        writer.commit(
            TALK, [embedded(["attention weighs"] * 60)], Details("Masks & more", chapters=chapters), "by hand"
        )
        writer.commit(CHINESE, [embedded(["掩码遮住后面的词"] * 3)], Details("掩码"), "by hand")
        writer.commit(PAPER, [placed(["One.", "Two."], (1, None), (2, None))], Details(), "by hand")
        writer.commit("position001", [embedded(["position"])], Details(), "by hand")
    masks = (310.0, "en", "What does the mask hide?"), (310.0, "zh", "掩码遮住什么？")
    note(library, TALK, *masks, (6.0, "en", HOSTILE), (0.0, "en", "Who speaks?"))
    note(library, CHINESE, (10.0, "zh", "掩码是什么？"), (10.0, "en", "What is a mask?"))
    note(library, PAPER, (10.0, "en", "What is two?"))
    return library


def printed(library: Path, *arguments: object) -> str:
    """What is printed; nothing else is said."""
    ran = call("questions", *arguments, "--index", library)
    assert (ran.exit_code, ran.stderr) == (0, ""), ran
    return ran.stdout


def test_questions_stand_under_talks_and_chapters_and_nothing_that_a_terminal_obeys(library: Path) -> None:
    shown = printed(library)
    assert shown.rstrip("\n").split("\n\n") == [
        "Masks & more",
        "0:00  Who speaks?",
        "in: *Weights *and* words*\n0:06  Why [x](javascript:1) # not <b>?",
        "in: *The mask of 掩码*\n5:10  What does the mask hide?",
        "Papers",
        "p. 2  What is two?",
        "掩码",
        "0:10  掩码是什么？",
    ]
    assert all(line.isprintable() for line in shown.splitlines())


def test_a_talk_that_has_lost_its_transcript_is_left_out(library: Path) -> None:
    with closing(sqlite3.connect(library / "library.db")) as connection, connection:
        connection.execute("DELETE FROM transcript WHERE resource_id = ?", (CHINESE,))
    assert printed(library).endswith("p. 2  What is two?\n")


def test_a_faq_in_markdown_links_each_question_to_its_answer(library: Path) -> None:
    assert printed(library, "--format", "markdown").splitlines() == [
        *("## Masks & more", "", f"- [Who speaks?]({WATCH}{TALK}&t=0s) 0:00", "", r"### Weights \*and\* words", ""),
        rf"- [Why \[x\](javascript:1) # not \<b\>?]({WATCH}{TALK}&t=6s) 0:06",
        *("", "### The mask of 掩码", "", f"- [What does the mask hide?]({WATCH}{TALK}&t=310s) 5:10", ""),
        *("## Papers", "", "- [What is two?](https://arxiv.org/pdf/1706.03762#page=2) p. 2", ""),
        *("## 掩码", "", f"- [掩码是什么？]({WATCH}{CHINESE}&t=10s) 0:10"),
    ]


def test_lines_of_json_have_the_same(library: Path) -> None:
    rows = [json.loads(line) for line in printed(library, "--format", "json").splitlines()]
    assert [row["text"] for row in rows[:2]] == ["Who speaks?", "Why [x](javascript:1) # not <b>?"]
    assert rows[2] == {
        "resource": TALK,
        "title": "Masks & more",
        "chapter": "The mask of 掩码",
        "start": 310.0,
        "page": None,
        "language": "en",
        "text": "What does the mask hide?",
        "link": f"{WATCH}{TALK}&t=310s",
    }
    assert (rows[3]["start"], rows[3]["page"], rows[3]["chapter"]) == (None, 2, None), "a paper has no seconds"


def test_one_resource_or_from_a_place_on_and_in_a_language_where_there_are_any(library: Path) -> None:
    assert printed(library, CHINESE, "--language", "en") == "掩码\n\n0:10  What is a mask?\n"
    shown = printed(library, "--language", "zh-TW")
    assert "5:10  掩码遮住什么？" in shown and "mask hide" not in shown
    assert "0:00  Who speaks?" in shown, "its stretch was noted in English alone"
    shown = printed(library, f"{WATCH}{TALK}&t=300s")
    assert shown == "Masks & more\n\nin: *The mask of 掩码*\n5:10  What does the mask hide?\n"


def test_what_is_lacking_is_said_in_one_line(library: Path) -> None:
    ran = call("questions", "position001", "--format", "json", "--index", library)
    assert (ran.exit_code, ran.stdout) == (0, "") and "`seekpoint build SOURCE --llm URL --index" in ran.stderr
    one_line(call("questions", "nowhere", "--index", library), "nothing in the library is called nowhere", exit_code=2)
