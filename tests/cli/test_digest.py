"""`seekpoint digest`: keeping and dropping questions, what is new on them, and how a build ends with it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from seekpoint.index.open import open_keeper, open_reader
from seekpoint.index.settings import MOST_QUESTIONS, QuestionVectors
from seekpoint.index.types import KeptQuestion
from seekpoint.query.digest import keep_question
from tests.cli.here import call, one_line
from tests.fake_chat import FakeChat, by_letter
from tests.index.libraries import build

# Said word for word in a talk, and in a page.
WHY, CANG = "The mask hides what comes later", "掩码遮住后面的词"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    build(tmp_path / "library")
    return tmp_path / "library"


def questions(library: Path) -> list[str]:
    with open_reader(library) as reader:
        return [text for text, _ in reader.settings.questions]


def test_questions_are_kept_once_each_and_dropped(library: Path) -> None:
    where = ("--index", library)
    assert one_line(call("digest", *where), "no question is kept yet", f"--index {library}", exit_code=0)
    ran = call("digest", "--keep", WHY, "--keep", f"  {CANG}\x1b[2J ", "--keep", WHY, *where)
    assert (ran.exit_code, ran.stdout) == (0, "") and ran.stderr.startswith("2 questions kept")
    assert questions(library) == [WHY, CANG]
    call("digest", "--keep", WHY, "--also", "掩码藏了什么?", "--also", "masks?", *where)
    with open_reader(library) as reader:
        assert reader.settings.wordings == {WHY: ("掩码藏了什么?", "masks?")}
    call("digest", "--drop", WHY, *where)
    assert questions(library) == [CANG]
    one_line(call("digest", "--drop", WHY, *where), WHY, "is kept", exit_code=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--keep", "  "), "no words"),
        (("--keep", "-mask"), "leave"),
        (("--keep", "掩" * 5000), "4,000"),
        (("--keep", "masks?", "--also", "掩码? 为什么", "--also", "?"), "no words"),
        (("--keep", "masks?", "--keep", "why?", "--also", "掩码?"), "one --keep"),
        (("--also", "掩码?"), "one --keep"),
        (("--since", "soon"), "7d"),
        (("--since", "2026-13"), "2026-13"),
    ],
)
def test_what_is_no_question_or_no_time_is_told_in_a_line(library: Path, options: tuple[str, ...], words: str) -> None:
    one_line(call("digest", *options, "--index", library), words, exit_code=2)
    assert questions(library) == []


def test_no_more_questions_are_kept_than_are_asked_quickly(library: Path) -> None:
    with open_keeper(library) as keeper:
        for number in range(MOST_QUESTIONS):
            keeper.keep(KeptQuestion(f"question {number}", 0.0))
    one_line(call("digest", "--keep", WHY, "--index", library), "200 questions are kept already", exit_code=2)
    keep_question(library, "question 1")
    assert len(questions(library)) == MOST_QUESTIONS


def test_a_format_goes_with_no_change(library: Path) -> None:
    one_line(call("digest", "--keep", WHY, "--format", "rss", "--index", library), "--format rss", exit_code=2)
    one_line(call("digest", "--keep", WHY, "--drop", CANG, "--index", library), CANG, exit_code=2)
    assert questions(library) == []


@pytest.mark.model
def test_a_digest_lists_what_came_since_and_a_build_ends_with_it(
    tmp_path: Path, example_library: Path, chat: FakeChat
) -> None:
    library, folder = tmp_path / "library", tmp_path / "texts"
    shutil.copytree(example_library, library)
    said = "Sourdough bread rises because wild yeast makes gas in the dough."
    call("digest", "--keep", said, "--keep", "为什么面团会发酵?", "--index", library)
    folder.mkdir()
    (folder / "bread.txt").write_text(f"{said} It takes a day.", "utf-8")
    ran = call("build", folder, "--index", library)
    assert ran.exit_code == 0 and "\nNew: bread\n" in ran.stdout
    assert "1 new moment on “Sourdough bread" in ran.stdout and "in 1 of 1 new resource" in ran.stdout
    ran = call("digest", "--since", "2020", "--format", "json", "--index", library)
    document = json.loads(ran.stdout)
    assert document["questions"][0]["moments"]
    assert len(document["resources"]) == 8
    assert call("digest", "--since", "2020", "--format", "json", "--index", library).stdout == ran.stdout
    with open_reader(library) as reader:
        known = reader.settings.question_vectors(reader.card).vectors
    wrong = {key: -vector for key, vector in known.items()}
    for model, is_same in ((reader.card.fingerprint, False), ("other weights", True)):
        with open_keeper(library) as keeper:
            keeper.keep(QuestionVectors(model, wrong))
        again = call("digest", "--since", "2020", "--format", "json", "--index", library).stdout
        assert (len(known), again == ran.stdout) == (2, is_same), "those of the library's model are used"
    feed = ElementTree.fromstring(call("digest", "--format", "rss", "--index", library).stdout)
    assert said in (feed.findtext("channel/item/title") or "")
    assert "Nothing new on 2 kept questions" in call("digest", "--since", "2999", "--index", library).stdout
    assert "New:" not in call("build", folder, "--index", library).stdout
    chat.behaviour = by_letter("It rises by yeast [1].")
    asked = call("digest", "--llm", chat.address, "--llm-model", "tiny", "--index", library)
    assert (asked.exit_code, asked.stderr, len(chat.requests)) == (0, "", 2)
    assert [each.given["query"] for each in chat.to_translate] == [said, "为什么面团会发酵?"]
    assert "1 new moment on “为什么面团会发酵?”" in asked.stdout, "the model cites what the ranking doesn't list"
    call("digest", "--keep", "面包如何变大?", "--also", said, "--index", library)
    [*others, news] = json.loads(call("digest", "--format", "json", "--index", library).stdout)["questions"]
    assert (news["also"], said in news["moments"][0]["quote"]) == ([said], True)
    assert not any("also" in other for other in others)
    time.sleep(1.1)  # whole seconds tell what is new
    for number in range(7):
        (folder / f"笔记{number}.txt").write_text(f"Note {number} is on nothing.", "utf-8")
    assert "笔记4 and 2 more\n" in call("build", folder, "--index", library).stdout
