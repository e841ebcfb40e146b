"""Files that never answer, that lead to themselves, or that hold JSON without end: each is refused in one line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.here import run_here, within
from tests.cli.test_command_line import assert_one_line
from tests.paths import ROOT

# The kernel's log, which waits for the next line; who isn't root may not open it.
_LOG = Path("/proc/kmsg")
_LONGEST = 60.0
NESTED = "[" * 100_000

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs the devices, pipes and links of POSIX"),
    pytest.mark.slow,
]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command; raises AssertionError for one that waits."""
    with within(_LONGEST):
        return run_here(*arguments)


def odd_file(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.md"
    if kind == "link to itself":
        path.symlink_to(path.name)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.relpath(path))
    else:
        path.symlink_to({"device": "/dev/zero", "log": str(_LOG), "memory": "/proc/self/mem"}[kind])
    return path


@pytest.fixture(params=["link to itself", "pipe", "socket", "device", "log", "memory"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    path = odd_file(request.param, tmp_path)
    if request.param == "log" and not _LOG.exists():
        pytest.skip("needs /proc/kmsg, a file that waits: run the test on Linux")
    yield path


CALLS = {
    "a source": (1, ["build", "{odd}"]),
    "a source within it": (1, ["build", "{odd}/notes.md"]),
    "a glossary": (1, ["build", "{notes}", "--glossary", "{odd}"]),
    "cookies": (2, ["build", "{notes}", "--cookies", "{odd}"]),
    "captions": (1, ["build", "{notes}", "--captions", "{odd}"]),
    "an archive": (1, ["import", "{odd}"]),
    "questions": (1, ["eval", "{odd}"]),
    "an earlier run": (1, ["eval", "{questions}", "--compare", "{odd}"]),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_file_that_is_none_is_refused_in_one_line(odd: Path, call: str, tmp_path: Path) -> None:
    code, arguments = CALLS[call]
    places = {"odd": odd, "notes": tmp_path / "notes", "questions": tmp_path / "questions.jsonl"}
    places["notes"].mkdir()
    (places["notes"] / "mask.txt").write_text("The mask hides the future. 掩码藏起未来。", encoding="utf-8")
    places["questions"].write_text('{"question": "掩码？", "video_id": null}\n', encoding="utf-8")
    index = tmp_path / "library"
    assert_one_line(run(*(each.format(**places) for each in arguments), "--index", index), code)
    assert not index.exists()


@pytest.mark.parametrize("command", ["ask", "status", "export", "build"])
def test_a_library_at_a_link_to_itself_is_an_error_in_one_line(command: str, tmp_path: Path) -> None:
    given = {"ask": "掩码？", "build": ROOT / "examples" / "reading-list.md", "export": tmp_path / "library.zip"}
    arguments = [given[command]] if command in given else []
    result = run(command, *arguments, "--index", odd_file("link to itself", tmp_path))
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1), result.stderr
    assert result.stderr.startswith("seekpoint: ")


def test_what_a_list_names_is_planned_without_waiting(tmp_path: Path) -> None:
    """In a folder there are captions and recordings of these kinds too, which are opened to tell them apart."""
    kinds = ["link to itself", "pipe", "socket", "device", "log", "memory"]
    files = [odd_file(kind, tmp_path) for kind in kinds]
    for suffix in (".vtt", ".mp3", ".pdf", ".html"):
        for file in files:
            file.with_suffix(suffix).symlink_to(file.name)
    (tmp_path / "notes.txt").write_text("The mask hides the future. 掩码藏起未来。", encoding="utf-8")
    (tmp_path / "listed.md").write_text("".join(f"- <{file.as_uri()}>\n" for file in files), encoding="utf-8")
    for source in (tmp_path / "listed.md", tmp_path):
        result = run("build", source, "--dry-run", "--index", tmp_path / "library")
        assert (result.returncode, result.stderr) == (0, ""), result.stderr


@pytest.mark.model
def test_what_a_list_names_is_refused_without_waiting(tmp_path: Path) -> None:
    folder, index = tmp_path / "folder", tmp_path / "library"
    folder.mkdir()
    for kind in ("link to itself", "pipe", "device", "log", "memory"):
        file = odd_file(kind, folder)
        file.with_suffix(".vtt").symlink_to(file.name)
    (folder / "notes.txt").write_text("The mask hides the future. 掩码藏起未来。", encoding="utf-8")
    result = run("build", folder, "--index", index)
    assert (result.returncode, "Traceback" in result.stderr) == (0, False), result.stderr
    assert "1 of 6 resources indexed (11 entries)" in result.stderr + result.stdout


@pytest.mark.parametrize("arguments", [["eval", "{deep}"], ["eval", "{questions}", "--compare", "{deep}"]])
def test_json_that_is_nested_without_end_is_an_error_in_one_line(arguments: list[str], tmp_path: Path) -> None:
    deep, questions = tmp_path / "deep.jsonl", tmp_path / "questions.jsonl"
    deep.write_text(NESTED, encoding="utf-8")
    questions.write_text('{"question": "掩码？", "video_id": null}\n', encoding="utf-8")
    call = [each.format(deep=deep, questions=questions) for each in arguments]
    assert_one_line(run(*call, "--index", tmp_path / "library"), 1, str(deep))
