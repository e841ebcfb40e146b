"""`seekpoint build --llm`: what is indexed is read by a language model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from seekpoint.index.open import open_keeper, open_reader
from seekpoint.query.reading.noting import checked
from seekpoint.query.reading.unread_stretches import unread
from tests.cli.here import call, one_line
from tests.fake_chat import FakeChat, answering, fake_chat, streaming
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.reading.stretched import build, lines, noted, to_read

TALK = ["Attention weighs every word of the sentence before.", "A mask hides the future from the decoder."]
CHINESE = ["注意力给句子里的每个词一个权重。", "掩码把未来的词藏起来，解码器看不到。"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "library")


@pytest.fixture
def chat() -> Iterator[FakeChat]:
    with fake_chat() as served:
        yield served


def test_a_dry_run_tells_how_much_there_is_to_read_and_asks_nobody(folder: Path, chat: FakeChat) -> None:
    ran = call("build", "--llm", chat.address, "--index", folder, "--dry-run")
    assert ran.exit_code == 0 and chat.requests == []
    into, out = re.fullmatch(
        r"To read: 7 stretches of five minutes, and 3 summaries to write, about ([\d,]+) tokens to read and "
        r"([\d,]+) to write\n",
        ran.stdout,
    ).groups()  # type: ignore[union-attr]
    assert 3_000 < int(into.replace(",", "")) < 10_000 and 1_000 <= int(out.replace(",", "")) <= 3_000


def test_where_summaries_alone_are_wanted_a_dry_run_and_the_reading_say_so(folder: Path, chat: FakeChat) -> None:
    def read() -> None:
        with open_reader(folder) as library, open_keeper(folder) as keeper:
            for item in unread(library):
                keeper.keep(checked(lines(item.text), item, library, TopicEncoder()).as_read(item, "a model"))

    read()
    dry = call("build", "--llm", chat.address, "--index", folder, "--dry-run")
    assert dry.stdout.startswith(
        "To read: 0 stretches of five minutes, and 3 summaries to write, about 1,000 tokens to read"
    )
    chat.behaviour = answering(500)
    ran = call("build", "--llm", chat.address, "--llm-model", "qwen3:8b", "--index", folder)
    assert ran.exit_code == 1 and len(chat.requests) == 3 and "3/3 tried" in ran.stderr
    assert ran.stdout == "Read by qwen3:8b: 0 of 0 stretches, 0 questions, 0 titles and 0 summaries noted\n"
    read()
    assert call("build", "--llm", chat.address, "--index", folder).stdout == "All is read already\n"
    assert len(chat.requests) == 3


def test_an_endpoint_that_refuses_ends_the_reading_with_one_line(folder: Path, chat: FakeChat) -> None:
    chat.behaviour = answering(401, {"error": "no key"})
    ran = call("build", "--llm", chat.address, "--llm-model", "qwen3:8b", "--index", folder)
    assert ran.exit_code == 1 and len(chat.requests) == 3
    *_, why = ran.stderr.splitlines()
    assert why.startswith("seekpoint: reading ends after 3 stretches in a row") and "$SEEKPOINT_LLM_KEY" in why
    assert ran.stdout.splitlines() == [
        "Read by qwen3:8b: 0 of 7 stretches, 0 questions, 0 titles and 0 summaries noted",
        f"7 stretches are left: `seekpoint build --llm URL --index {folder}` goes on with them",
    ]


def test_reading_goes_with_no_option_of_a_build_that_is_not_one(folder: Path, chat: FakeChat) -> None:
    llm = ("--llm", chat.address, "--index", folder)
    assert "--prune is for a build: give a SOURCE too" in one_line(call("build", *llm, "--prune"), exit_code=2)
    asked = one_line(call("build", *llm, "--cookies-from-browser", "firefox"), exit_code=2)
    assert "--cookies-from-browser is for a build" in asked
    enqueued = call("build", "list.md", *llm, "--enqueue")
    assert "give --llm to `seekpoint build --worker" in one_line(enqueued, exit_code=2)
    assert "several builders need an address" in one_line(call("build", *llm, "--worker"), exit_code=2)
    # `ask` takes the variable, while a build sends whole transcripts
    assert "there is no SOURCE" in one_line(call("build", "--index", folder, SEEKPOINT_LLM=chat.address), exit_code=2)
    alone = one_line(call("build", "list.md", "--llm-model", "qwen3:8b", "--index", folder), exit_code=2)
    assert "--llm-model goes with --llm" in alone
    assert chat.requests == []


def test_the_status_tells_how_much_is_read(folder: Path) -> None:
    assert "Read by" not in call("status", "--index", folder).stdout
    [first, *_] = to_read(folder)
    with open_reader(folder) as library, open_keeper(folder) as keeper:
        keeper.keep(checked(lines(first.text), first, library, TopicEncoder()).as_read(first, "a model"))
    assert "Read by a language model: 1 of 7 stretches" in call("status", "--index", folder).stdout
    assert json.loads(call("status", "--index", folder, "--json").stdout)["read"] == {"stretches": 1, "of": 7}


@pytest.mark.slow
def test_a_build_reads_what_it_has_indexed_and_keeps_its_own_exit_code(tmp_path: Path, chat: FakeChat) -> None:
    for name, said in (("masks [aaaaaaaaaaa].en", TALK), ("掩码 [bbbbbbbbbbb].zh", CHINESE)):
        (tmp_path / f"{name}.vtt").write_text(webvtt(*said, seconds=10), encoding="utf-8")
    (tmp_path / "list.md").write_text("- https://youtu.be/aaaaaaaaaaa\n- https://youtu.be/bbbbbbbbbbb\n", "utf-8")
    command = ("build", tmp_path / "list.md", "--captions", tmp_path, "--index", tmp_path / "library")
    llm = ("--llm", chat.address, "--llm-model", "qwen3:8b")
    chat.behaviour = answering(500)
    failed = call(*command, *llm)
    assert failed.exit_code == 0 and "seekpoint: nothing could be read: " in failed.stderr
    assert "2 stretches are left" in failed.stdout
    chat.behaviour = streaming("1 en What does attention weigh?\n2 zh 掩码藏住什么？\n1 en What is a volcano?\n")
    ran = call(*command, *llm)
    assert ran.exit_code == 0
    assert "Read by qwen3:8b: 2 of 2 stretches" in ran.stdout
    assert "1/4 tried, about " in ran.stderr and "4/4 tried" in ran.stderr
    assert "2 no plain sentences" in ran.stdout, "lines are no summary"
    assert len(noted(tmp_path / "library")) == 2
    asked = len(chat.requests)
    assert "All is read already" in call(*command, *llm).stdout and len(chat.requests) == asked
