"""Unknown commands, and nothing but Seekpoint's own lines on the terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.cli.here import call, one_line, run
from tests.paths import ROOT


@pytest.mark.parametrize(
    ("typed", "remedy"),
    [
        *(("serv", "did you mean `serve`?"), ("sreve", "did you mean `serve`?"), ("bild", "did you mean `build`?")),
        *(("staus", "did you mean `status`?"), ("Ask", "did you mean `ask`?"), ("improt", "did you mean `import`?")),
        ("https://youtu.be/aaaaaaaaaaa", "`seekpoint build https://youtu.be/aaaaaaaaaaa` indexes it"),
        ("youtu.be/aaaaaaaaaaa", "`seekpoint build youtu.be/aaaaaaaaaaa` indexes it"),
        ("www.example.org/list.md", "`seekpoint build www.example.org/list.md` indexes it"),
        ("HTTPS://arxiv.org/abs/1706.03762", "`seekpoint build HTTPS://arxiv.org/abs/1706.03762` indexes it"),
        ("why do masks hide the future", "`seekpoint ask 'why do masks hide the future'` asks it"),
        ("为什么要用掩码", "`seekpoint ask '为什么要用掩码'` asks it"),
        ("masks?", "`seekpoint ask 'masks?'` asks it"),
        ("frobnicate", "`seekpoint --help` lists the commands"),
    ],
)
def test_an_unknown_command_is_met_with_what_was_meant(typed: str, remedy: str) -> None:
    line = one_line(call(typed, "--port", "80"), exit_code=2)
    assert line == f"seekpoint: no command is called {typed}: {remedy}\n"


@pytest.mark.parametrize("name", ["list.md", "阅读 清单.md", "talks", "serv"])
def test_a_file_or_folder_is_to_be_built(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "seekpoint build" not in one_line(call(name), exit_code=2)
    if "." in name:
        Path(name).write_text("https://youtu.be/aaaaaaaaaaa", encoding="utf-8")
    else:
        Path(name).mkdir()
    quoted = f"'{name}'" if not name.isascii() else name
    one_line(call(name), f"no command is called {name}: `seekpoint build {quoted}` indexes it", exit_code=2)


@pytest.mark.parametrize("name", ["", "x" * 5000, "a\0b", "\x1b]0;owned\x07serve\u202e\nx"])
def test_an_odd_name_makes_one_short_line(name: str) -> None:
    line = one_line(call(name), exit_code=2)
    assert line[:-1].isprintable() and len(line) < 200


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


@pytest.fixture
def packages(tmp_path: Path) -> str:
    """A path of packages that are installed beside Seekpoint's."""
    (tmp_path / "packages").mkdir()
    for name, text in {"structlog.py": STRUCTLOG, "sitecustomize.py": LOGGING}.items():
        (tmp_path / "packages" / name).write_text(text, encoding="utf-8")
    return f"{tmp_path / 'packages'}{os.pathsep}{ROOT}"


@pytest.mark.slow
def test_a_build_says_nothing_of_retries(failing: HTTPServer, tmp_path: Path, packages: str) -> None:
    reading_list = tmp_path / "list.md"
    links = [failing.url_for(path) for path in ("/缓存", "/paper.pdf")]
    reading_list.write_text("".join(f"- <{link}>\n" for link in links), encoding="utf-8")
    result = run("build", reading_list, "--index", tmp_path / "library", PYTHONPATH=packages)
    assert (result.exit_code, result.stderr) == (3, "")
    assert [line[:30] for line in result.stdout.splitlines() if line] == [
        "0 of 2 resources indexed (2 en",
        "Not indexed: 2 deferred. `seek",
    ]
    assert len([request for request, _ in failing.log if request.path == "/paper.pdf"]) > 1


@pytest.mark.slow
def test_a_list_that_fails_is_one_line(failing: HTTPServer, tmp_path: Path, packages: str) -> None:
    source = failing.url_for("/list.md")
    one_line(run("build", source, "--index", tmp_path / "library", PYTHONPATH=packages), "HTTP 503")


@pytest.mark.slow
def test_a_build_of_the_page_prints_its_progress_alone(failing: HTTPServer, tmp_path: Path, packages: str) -> None:
    source, library = failing.url_for("/paper.pdf"), str(tmp_path / "library")
    order = json.dumps({"folder": library, "server": None, "sources": [source], "retry": False})
    code = "import runpy; runpy.run_module('seekpoint.cli.build_process', run_name='__main__')"
    child = run(stdin=order, code=code, PYTHONPATH=packages)
    assert (child.exit_code, child.stderr) == (0, "")
    assert child.stdout and all(json.loads(line) for line in child.stdout.splitlines())
