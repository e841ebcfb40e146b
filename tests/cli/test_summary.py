"""`ask --llm` in a process of its own, with the real model for vectors and a language model of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seekpoint.query.output.json_schema import AnswerJson
from tests.cli.here import MAIN, one_line, run
from tests.fake_chat import FakeChat, answering, by_letter, endless, fake_chat, streaming
from tests.paths import ROOT
from tests.query.output.examples import assert_valid

pytestmark = pytest.mark.model

QUESTION = "Why do we need three different matrices for queries, keys and values?"
CHINESE = "为什么要缓存键和值，却不缓存查询？"
KEY = "sk-never-shown"


@pytest.fixture
def chat() -> Iterator[FakeChat]:
    with fake_chat() as result:
        yield result


@pytest.mark.parametrize(
    ("question", "said", "lines"),
    [
        (QUESTION, "They differ [1]. No. \x1b[31mRed <b>text</b>[1][2].", ["They differ. [1]", "Red text. [1][2]"]),
        (CHINESE, "查询只用一次[1]。没有。键和值一直要用【1，2】。", ["查询只用一次。 [1]", "键和值一直要用。 [1][2]"]),
    ],
)  # fmt: skip
def test_a_summary_follows_the_moments(
    example_library: Path, chat: FakeChat, question: str, said: str, lines: list[str]
) -> None:
    chat.behaviour = by_letter(said)
    plain = run("ask", question, "-k", "2", "--index", example_library)
    result = run(
        *("ask", question, "-k", "2", "--index", example_library, "--llm", chat.address, "--llm-model", "tiny"),
        SEEKPOINT_LLM_KEY=KEY,
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "\n".join([plain.stdout, "In short, by a language model:", *lines, ""])
    assert chat.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert chat.requests[0].document["model"] == "tiny"


@pytest.mark.parametrize("question", [QUESTION, CHINESE])
def test_a_summary_in_json(example_library: Path, chat: FakeChat, question: str) -> None:
    chat.behaviour = by_letter("They play roles [2][1]. 查询[9]。")
    environment = {"SEEKPOINT_LLM": chat.address, "SEEKPOINT_LLM_MODEL": "tiny"}
    result = run("ask", "--json", "-", "-k", "2", "--index", example_library, stdin=f"{question}\n\n", **environment)
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["summary"] == {"sentences": [{"text": "They play roles.", "citations": [1, 2]}]}
    assert_valid(AnswerJson, first)
    assert "summary" not in second
    assert len(chat.requests) == 1


def test_no_model_is_asked_where_nothing_answers(example_library: Path, chat: FakeChat) -> None:
    call = ("ask", "谁写了红楼梦？", "--index", example_library, "--llm", chat.address)
    assert "wasn't asked" in run(*call).stderr
    summary = json.loads(run(*call, "--json").stdout)["summary"]
    assert (summary["sentences"], "wasn't asked" in summary["problem"], chat.requests) == ([], True, [])


# How each fault of a model is worded is a matter of tests/query/summary.
FAULTS = {
    "refuses": (answering(401, {"error": {"message": f"no such key: {KEY}"}}), "give its key in $SEEKPOINT_LLM_KEY"),
    "repeats the key": (answering(200, {"error": {"message": "x" * 152 + KEY}}), "has a fault"),
    "breaks off": (streaming("They play", ends=False), "broke off"),
    "cites nothing": (by_letter("They play three roles. 它们有三个作用[7]。"), "wrote no sentence"),
    "never ends": (endless(b'data: {"choices": [{"delta": {"content": "on and on "}}]}\n\n'), "wrote no sentence"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_moments_are_printed_whatever_the_model_does(example_library: Path, chat: FakeChat, fault: str) -> None:
    behaviour, words = FAULTS[fault]
    chat.behaviour = behaviour
    result = run("ask", CHINESE, "-k", "1", "--index", example_library, "--llm", chat.address, SEEKPOINT_LLM_KEY=KEY)
    assert (result.exit_code, result.stdout[:2]) == (0, "1.")
    (line,) = result.stderr.splitlines()
    assert line.startswith("seekpoint: ") and words in line
    assert KEY[:8] not in result.stdout + result.stderr


def test_moments_are_printed_before_the_model_has_ended(example_library: Path, chat: FakeChat) -> None:
    chat.behaviour = streaming("They play three roles [1]. And", " so on [1].", pause=2)
    call = ["ask", QUESTION, "-k", "1", "--index", str(example_library), "--llm", chat.address]
    with subprocess.Popen(
        [sys.executable, "-uc", MAIN, *call], stdout=subprocess.PIPE, cwd=ROOT, env=os.environ, text=True
    ) as process:
        assert process.stdout
        moments_at = sentence_at = 0.0
        for line in process.stdout:
            moments_at = time.monotonic() if line.startswith("1.") else moments_at
            sentence_at = time.monotonic() if line.startswith("They play") else sentence_at
        ended_at = time.monotonic()
    assert moments_at + 1 < sentence_at
    assert sentence_at + 1 < ended_at


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["softmax", "--llm", "localhost:11434"], "http://localhost:11434/v1"),
        (["softmax", "--llm", "file:///etc/passwd"], "begins with http://"),
        (["softmax", "--llm", "http://a:b@localhost"], "$SEEKPOINT_LLM_KEY"),
        (["softmax", "--format", "csv", "--llm", "http://localhost:1"], "has no place for"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_asked(
    example_library: Path, arguments: list[str], words: str
) -> None:
    one_line(run("ask", *arguments, "--index", example_library), words, exit_code=2)


def test_an_address_in_the_environment_leaves_other_formats_as_they_are(example_library: Path, chat: FakeChat) -> None:
    call = ("ask", QUESTION, "--format", "csv", "--index", example_library)
    assert run(*call, SEEKPOINT_LLM=chat.address).stdout == run(*call).stdout
    assert chat.requests == []
