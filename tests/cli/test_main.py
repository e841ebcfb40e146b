"""Unknown commands, and nothing but Seekpoint's own lines on the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_httpserver import HTTPServer

from seekpoint.cli.main import cli
from tests.cli.test_command_line import run
from tests.paths import ROOT


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


# As structlog does where nobody has configured it. Prints to the terminal, whatever the levels of logging.
STRUCTLOG = """
class Logger:
    def warning(self, event, **values):
        print("[warning]", event, values)
def get_logger(name):
    return Logger()
"""
# A library that sets up logging, as some do once they are used.
LOGGING = "import logging, threading; threading.Timer(2, logging.basicConfig).start()"


@pytest.fixture
def failing(httpserver: HTTPServer) -> HTTPServer:
    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    for path in ("/list.md", "/缓存", "/paper.pdf"):
        httpserver.expect_request(path).respond_with_data(status=503)
    return httpserver


@pytest.fixture(
    params=[{}, {"structlog.py": STRUCTLOG}, {"sitecustomize.py": LOGGING}], ids=["", "structlog", "logging"]
)
def packages(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A path of packages that are installed beside Seekpoint's."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name, text in request.param.items():
        (folder / name).write_text(text, encoding="utf-8")
    return f"{folder}{os.pathsep}{ROOT}"


@pytest.mark.slow
def test_a_build_says_nothing_of_retries(failing: HTTPServer, tmp_path: Path, packages: str) -> None:
    reading_list = tmp_path / "list.md"
    links = [failing.url_for(path) for path in ("/缓存", "/paper.pdf")]
    reading_list.write_text("".join(f"- <{link}>\n" for link in links), encoding="utf-8")
    result = run("build", reading_list, "--index", tmp_path / "library", PYTHONPATH=packages)
    assert (result.returncode, result.stderr) == (3, "")
    assert [line[:30] for line in result.stdout.splitlines() if line] == [
        "0 of 2 resources indexed (2 en",
        "Not indexed: 2 deferred. `seek",
    ]
    assert len([request for request, _ in failing.log if request.path == "/paper.pdf"]) > 1


@pytest.mark.slow
def test_a_list_that_fails_is_one_line(failing: HTTPServer, tmp_path: Path, packages: str) -> None:
    result = run("build", failing.url_for("/list.md"), "--index", tmp_path / "library", PYTHONPATH=packages)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "HTTP 503" in result.stderr


@pytest.mark.slow
def test_a_build_of_the_page_prints_its_progress_alone(failing: HTTPServer, tmp_path: Path, packages: str) -> None:

    source, library = failing.url_for("/paper.pdf"), str(tmp_path / "library")
    order = {"folder": library, "server": None, "sources": [source], "retry": False}
    child = subprocess.run(
        [sys.executable, "-m", "seekpoint.cli.build_process"],
        input=json.dumps(order),
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": packages},
    )
    assert child.stderr == ""
    assert all(json.loads(line) for line in child.stdout.splitlines())
