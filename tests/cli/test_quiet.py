"""Nothing but Seekpoint's own lines on the terminal while a server fails and is asked again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.cli.test_command_line import run
from tests.paths import ROOT

pytestmark = pytest.mark.slow

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


def test_a_list_that_fails_is_one_line(failing: HTTPServer, tmp_path: Path, packages: str) -> None:
    result = run("build", failing.url_for("/list.md"), "--index", tmp_path / "library", PYTHONPATH=packages)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (1, "", 1)
    assert "HTTP 503" in result.stderr


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
