"""What is said of a command that there isn't: one line, with what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from seekpoint.cli.main import cli


def said(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line.removeprefix("seekpoint: ")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("serv", "serve"),
        ("sreve", "serve"),
        ("bild", "build"),
        ("staus", "status"),
        ("Ask", "ask"),
        ("improt", "import"),
    ],
)
def test_a_misspelt_command_is_recognised(typed: str, meant: str) -> None:
    assert said(typed, "--port", "80") == f"no command is called {typed}: did you mean `{meant}`?"


@pytest.mark.parametrize("name", ["list.md", "阅读 清单.md", "talks", "serv"])
def test_a_file_or_folder_is_to_be_built(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "seekpoint build" not in said(name)
    if "." in name:
        Path(name).write_text("https://youtu.be/aaaaaaaaaaa", encoding="utf-8")
    else:
        Path(name).mkdir()
    quoted = f"'{name}'" if not name.isascii() else name
    assert said(name) == f"no command is called {name}: `seekpoint build {quoted}` indexes it"


@pytest.mark.parametrize(
    "address",
    [
        "https://youtu.be/aaaaaaaaaaa",
        "youtu.be/aaaaaaaaaaa",
        "www.example.org/list.md",
        "HTTPS://arxiv.org/abs/1706.03762",
    ],
)
def test_an_address_is_to_be_built(address: str) -> None:
    assert said(address, "--limit", "3") == f"no command is called {address}: `seekpoint build {address}` indexes it"


@pytest.mark.parametrize("question", ["why do masks hide the future", "为什么要用掩码", "masks?"])
def test_a_question_is_to_be_asked(question: str) -> None:
    quoted = f"'{question}'"
    assert said(question) == f"no command is called {question}: `seekpoint ask {quoted}` asks it"


@pytest.mark.parametrize("name", ["frobnicate", "", "x" * 5000, "a\0b"])
def test_the_help_is_named_for_anything_else(name: str) -> None:
    assert said(name).endswith(": `seekpoint --help` lists the commands")
    assert len(said(name)) < 200


def test_hostile_names_reach_no_terminal() -> None:
    line = said("\x1b]0;owned\x07serve\u202e\nx")
    assert line.isprintable()
