"""Files that never answer, that lead to themselves, or that hold JSON without end: each is refused in one line."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from tests.cli.here import Ran, call, one_line, within
from tests.paths import ROOT

# The kernel's log, which waits for the next line; who isn't root may not open it.
_LOG = Path("/proc/kmsg")
_LONGEST = 60.0
NOTE = "The mask hides the future. 掩码藏起未来。"
KINDS = ["link to itself", "pipe", "socket", "device", "log", "memory"]

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs the devices, pipes and links of POSIX"),
    pytest.mark.slow,
]


def run(*arguments: object) -> Ran:
    """Run a command; raises AssertionError for one that waits."""
    with within(_LONGEST):
        return call(*arguments)


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


@pytest.fixture(params=[*KINDS, "JSON without end"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "log" and not _LOG.exists():
        pytest.skip("needs /proc/kmsg, a file that waits: run the test on Linux")
    if request.param in KINDS:
        return odd_file(request.param, tmp_path)
    (tmp_path / "deep.jsonl").write_text("[" * 100_000, encoding="utf-8")
    return tmp_path / "deep.jsonl"


# The calls that read JSON meet it without end, too.
JSON_CALLS = {
    "questions": (1, ["eval", "{odd}"]),
    "an earlier run": (1, ["eval", "{questions}", "--compare", "{odd}"]),
}
CALLS = JSON_CALLS | {
    "a source": (1, ["build", "{odd}"]),
    "a source within it": (1, ["build", "{odd}/notes.md"]),
    "a glossary": (1, ["build", "{notes}", "--glossary", "{odd}"]),
    "cookies": (2, ["build", "{notes}", "--cookies", "{odd}"]),
    "captions": (1, ["build", "{notes}", "--captions", "{odd}"]),
    "an archive": (1, ["import", "{odd}"]),
}


@pytest.mark.parametrize("asked", CALLS)
def test_a_file_that_is_none_is_refused_in_one_line(odd: Path, asked: str, tmp_path: Path) -> None:
    if odd.name == "deep.jsonl" and asked not in JSON_CALLS:
        pytest.skip("reads no JSON")
    code, arguments = CALLS[asked]
    places = {"odd": odd, "notes": tmp_path / "notes", "questions": tmp_path / "questions.jsonl"}
    places["notes"].mkdir()
    (places["notes"] / "mask.txt").write_text(NOTE, encoding="utf-8")
    places["questions"].write_text('{"question": "掩码？", "video_id": null}\n', encoding="utf-8")
    index = tmp_path / "library"
    line = one_line(run(*(each.format(**places) for each in arguments), "--index", index), exit_code=code)
    assert asked not in JSON_CALLS or str(odd) in line
    assert not index.exists()


@pytest.mark.parametrize("command", ["ask", "status", "export", "build"])
def test_a_library_at_a_link_to_itself_is_an_error_in_one_line(command: str, tmp_path: Path) -> None:
    given = {"ask": "掩码？", "build": ROOT / "examples" / "reading-list.md", "export": tmp_path / "library.zip"}
    arguments = [given[command]] if command in given else []
    one_line(run(command, *arguments, "--index", odd_file("link to itself", tmp_path)))


@pytest.mark.model
def test_what_a_list_names_is_refused_without_waiting(tmp_path: Path) -> None:
    """In a folder there are captions and recordings of these kinds too, which are opened to tell them apart."""
    folder, planned = tmp_path / "folder", tmp_path / "planned"
    for place, kinds, suffixes in (
        (folder, [kind for kind in KINDS if kind != "socket"], [".vtt"]),
        (planned, KINDS, [".vtt", ".mp3", ".pdf", ".html"]),
    ):
        place.mkdir()
        (place / "notes.txt").write_text(NOTE, encoding="utf-8")
        files = [odd_file(kind, place) for kind in kinds]
        for file in files:
            for suffix in suffixes:
                file.with_suffix(suffix).symlink_to(file.name)
        (tmp_path / "listed.md").write_text("".join(f"- <{file.as_uri()}>\n" for file in files), encoding="utf-8")
    for source in (tmp_path / "listed.md", planned):
        result = run("build", source, "--dry-run", "--index", tmp_path / "library")
        assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    result = run("build", folder, "--index", tmp_path / "library")
    assert (result.exit_code, "Traceback" in result.stderr) == (0, False), result.stderr
    assert "1 of 6 resources indexed (11 entries)" in result.stderr + result.stdout
