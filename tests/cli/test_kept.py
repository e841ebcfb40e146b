"""`seekpoint ask --keep` and `seekpoint kept`: what is kept, listed and exported, and what is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.embedded.embedded_writer import open_keeper
from seekpoint.index.open import open_reader
from seekpoint.index.types import KeptMoment, place_of
from seekpoint.query.answers import Moment
from seekpoint.query.keeping import to_keep
from seekpoint.query.output.json import KeptJson
from tests.cli.here import call, one_line
from tests.index.libraries import build, resource
from tests.query.output.examples import assert_valid

HOSTILE = "\x1b[2J掩码\u202e [x](javascript:1)\n=1+1"
SAID = "掩码遮住后面的词\x1b]0;owned\x07"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with three kept moments: one with a hostile title and a note, one in a collection, one of a text."""
    build(tmp_path / "library")
    link = "https://www.youtube.com/watch?v=zhuyili0001&t=10s"
    talk = resource("zhuyili0001", title=HOSTILE)
    with open_keeper(tmp_path / "library") as keeper:
        keeper.keep(
            KeptMoment(talk, "zh", 10.0, None, None, SAID, link, "掩码藏了什么？", "重要：\n\x1b[31mred", added=1.0)
        )
        english = resource("attention01", title="Masks & more")
        keeper.keep(
            KeptMoment(english, "en", 0.0, None, None, "It weighs", "https://x.example/", collection="论文", added=2.0)
        )
        paper = resource("paper", title="Papers")
        keeper.keep(
            KeptMoment(paper, "en", None, 7, None, "A proof", "https://x.example/p.pdf#page=7", note="read", added=3.0)
        )
    return tmp_path / "library"


def test_what_is_kept_is_listed_with_time_note_and_link_and_nothing_that_a_terminal_obeys(library: Path) -> None:
    ran = call("kept", "--index", library)
    assert (ran.exit_code, ran.stderr) == (0, "")
    first, second, collection, third = ran.stdout.rstrip("\n").split("\n\n")
    assert first.splitlines() == [
        "1. 掩码 [x](javascript:1) =1+1  0:10 · zh",
        "   Talks",
        "   “掩码遮住后面的词]0;owned”",
        "   https://www.youtube.com/watch?v=zhuyili0001&t=10s",
        "   asked: 掩码藏了什么？",
        "   重要：",
        "   red",
    ]
    assert second.splitlines()[0] == "2. Papers  p. 7 · en"
    assert second.splitlines()[-2:] == ["   read", "   no longer in the library"]
    assert (collection, third.splitlines()[0]) == ("论文:", "1. Masks & more  0:00 · en")
    assert "no longer" not in first + third
    assert all(line.isprintable() for line in ran.stdout.splitlines())
    only = call("kept", "--collection", "论文", "--index", library).stdout
    assert "Masks & more" in only and "掩码" not in only


def test_it_is_exported_in_the_forms_of_the_page(library: Path) -> None:
    def export(form: str) -> str:
        ran = call("kept", "--format", form, "--index", library)
        assert ran.exit_code == 0
        assert ran.stderr == (
            "seekpoint: 1 moment of 3 left out: texts have no place in a playlist\n" * (form == "m3u")
        )
        return ran.stdout

    assert export("markdown").startswith(
        "## Seekpoint\n\n1. [掩码 \\[x\\](javascript:1) =1+1](https://www.youtube.com/"
    )
    assert "重要：\\\n   red" in export("markdown") and "## 论文" in export("markdown")
    cards = list(csv.reader(line for line in export("anki").splitlines() if line[0] != "#"))
    assert [card[0] for card in cards] == ["掩码藏了什么？", "Masks &amp; more · 0:00", "Papers · p. 7"]
    assert export("m3u").splitlines()[:2] == ["#EXTM3U", "#PLAYLIST:Seekpoint"] and "start-time=10" in export("m3u")
    listed = json.loads(export("json"))
    assert_valid(KeptJson, listed)
    first = listed["moments"][0]
    assert (first["place"], first["note"], first["removed"]) == ("t10", "重要：\nred", False)


def test_nothing_kept_is_said_on_standard_error(tmp_path: Path) -> None:
    build(tmp_path / "library")
    ran = call("kept", "--index", tmp_path / "library")
    hint = f"`seekpoint ask QUESTION --keep 1 --index {tmp_path / 'library'}` keeps the first moment of an answer"
    assert ran == (0, "", f"seekpoint: nothing is kept yet: {hint}\n")
    assert json.loads(call("kept", "--format", "json", "--index", tmp_path / "library").stdout) == {"moments": []}
    ran = call("kept", "--collection", "没\x1b[31m有", "--index", tmp_path / "library")
    assert ran == (0, "", "seekpoint: nothing is kept in the collection “没有”\n")
    one_line(call("kept", "--index", tmp_path / "none"), "there is no library in", "`seekpoint build SOURCE --index")
    after_dashes = call("remove", "--", "x", "--index", "elsewhere", SEEKPOINT_INDEX=str(tmp_path / "none"))
    one_line(after_dashes, "there is no library in", "`seekpoint build SOURCE`")
    one_line(call("kept", "--format", "csv", "--index", tmp_path), "'csv' is not one of", exit_code=2)


def test_a_kept_moment_is_dropped_by_its_link_or_its_place(library: Path) -> None:
    link = "https://x.example/p.pdf#page=7"
    with open_keeper(library) as keeper:
        keeper.keep(KeptMoment(resource("paper", title="论文"), "zh", None, 7, None, "证明", link, added=4.0))
    talk = "https://www.youtube.com/watch?v=zhuyili0001&t=10s"
    ran = call("kept", "--drop", talk, "--drop", link, "--index", library)
    one_line(ran, "2 kept moments have the link", exit_code=2)
    one_line(call("kept", "--drop", "没有", "--index", library), "`seekpoint kept --index ", exit_code=2)
    place = ran.stderr.split('"')[1]
    assert call("kept", "--drop", talk, "--drop", place, "--index", library) == (0, "", "seekpoint: 2 moments kept\n")
    one_line(call("kept", "--drop", talk, "--format", "json", "--index", library), "--drop lists nothing", exit_code=2)
    assert call("kept", "--drop", link, "--index", library).stderr == "seekpoint: 1 moment kept\n"
    assert "Masks & more" in call("kept", "--index", library).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["why?", "--note", "x"], "--note is a note on a moment that is kept: give --keep RANK too"),
        (["-", "--keep", "1"], "--keep takes a moment of one question"),
        (["-", "--also", "掩码"], "--also is another wording of one question"),
        (["--also", "掩码"], "--also is another wording of one question"),
        (["--keep", "1"], "--keep takes a moment of one question"),
        (["why?", "--keep", "0"], "--keep"),
        (["why?", "--keep", "first"], "--keep"),
    ],
)
def test_keeping_is_refused_before_anything_is_asked(tmp_path: Path, arguments: list[str], words: str) -> None:
    one_line(call("ask", *arguments, "--index", tmp_path / "none"), words, exit_code=2)


@pytest.mark.model
def test_ask_keeps_the_moment_of_a_rank_with_a_note(tmp_path: Path) -> None:
    notes, library = tmp_path / "notes", tmp_path / "library"
    notes.mkdir()
    (notes / "mask.md").write_text(
        "# Masks\n\n## 掩码\n\n掩码让注意力看不到后面的词，一个词也看不到。\n", encoding="utf-8"
    )
    (notes / "key.md").write_text("# Keys\n\nA key is compared with each query of attention.\n", encoding="utf-8")
    seekpoint.build(notes, library, translate=False)
    asked = ("ask", "掩码有什么用？", "--index", library)
    plain = call(*asked)
    kept = call(*asked, "--keep", "1", "--note", "重要\x1b[31m：\x07\nsecond")
    assert (kept.exit_code, kept.stdout) == (0, plain.stdout), "the results are as they were"
    assert kept.stderr == f"seekpoint: Masks is kept: `seekpoint kept --index {library}` lists what is kept\n"
    with open_reader(library) as reader:
        (moment,) = reader.kept()
    assert (moment.resource.title, moment.question) == ("Masks", "掩码有什么用？")
    assert moment.note == "重要[31m：\nsecond" and moment.place.startswith("a-")
    assert moment.link in plain.stdout and "掩码让注意力" in moment.quote

    again = call(*asked, "--keep", "1")
    assert "was kept already" in again.stderr and "second" in call("kept", "--index", library).stdout
    with open_keeper(library) as keeper:
        keeper.annotate(moment.resource.id, moment.place, "second", "论文")
    noted = call(*asked, "--keep", "1", "--note", "other", "--json")
    assert "has the note now" in noted.stderr and json.loads(noted.stdout)["moments"]
    listed = call("kept", "--index", library).stdout
    assert listed.startswith("论文:\n"), "the collection stays"
    assert "other" in listed and "second" not in listed and listed.count("Masks") == 1

    lacking = call(*asked, "-k", "1", "--keep", "2")
    said = "seekpoint: there is no moment 2 to keep: the answer has 1 moment\n"
    assert (lacking.exit_code, lacking.stderr) == (2, said)
    long = call(*asked, "--keep", "2", "--note", "长" * 8001)
    assert (long.exit_code, long.stderr) == (2, "seekpoint: the note has 8,001 characters: the most is 8,000\n")
    assert call("kept", "--index", library).stdout == listed


def test_a_moment_is_kept_in_one_line_with_its_speaker() -> None:
    talk = resource("zhuyili0001", "Talks", title="\x1b[2J掩码\u202e")
    moment = Moment(1, 1.0, talk, "zh", 10.0, 20.0, "掩码\x07\n遮住", "https://x.example/\x1b[31m", speaker="李")
    kept = to_keep(moment, None, "为什么\n掩码？")
    assert (kept.resource.title, kept.resource.sections, kept.quote) == ("掩码", (), "李: 掩码 遮住")
    assert (kept.link, kept.question, kept.place) == ("https://x.example/", "为什么 掩码？", "t10")
    text = to_keep(replace(moment, start=None, page=None, speaker=None), "yan\x07ma", "")
    assert (text.anchor, text.place) == ("yanma", place_of(None, None, "yanma", "掩码 遮住"))
