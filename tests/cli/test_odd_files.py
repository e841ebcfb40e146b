"""Files that never answer, that lead to themselves, or that hold JSON without end: each is refused in one line."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

import seekpoint
from seekpoint.index.types import State
from tests.cli.here import call, one_line
from tests.fakes import TopicEncoder
from tests.paths import ROOT

# The kernel's log, which waits for the next line; who isn't root may not open it.
_LOG = Path("/proc/kmsg")
NOTE = "The mask hides the future. 掩码藏起未来。"
KINDS = ["link to itself", "pipe", "socket", "device", "log", "memory"]

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs the devices, pipes and links of POSIX"),
    pytest.mark.slow,
]


@pytest.fixture(autouse=True)
def without_waiting() -> Iterator[None]:
    """Interrupt what waits, and fail."""

    def interrupt(signal_number: int, frame: FrameType | None) -> None:
        pytest.fail("it waits")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


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


CALLS = {
    "questions": (1, ["eval", "{odd}"]),
    "an earlier run": (1, ["eval", "{questions}", "--compare", "{odd}"]),
    "a source": (1, ["build", "{odd}"]),
    "a source within it": (1, ["build", "{odd}/notes.md"]),
    "a glossary": (1, ["build", "{notes}", "--glossary", "{odd}"]),
    "cookies": (2, ["build", "{notes}", "--cookies", "{odd}"]),
    "captions": (1, ["build", "{notes}", "--captions", "{odd}"]),
    "an archive": (1, ["import", "{odd}"]),
}
READ_JSON = ("questions", "an earlier run")
# Every call meets a file that waits; one of them meets each kind.
MET = [
    *((kind, "a source") for kind in KINDS),
    *((kind, asked) for kind in ("pipe", "link to itself", "device") for asked in CALLS if asked != "a source"),
    *(("JSON without end", asked) for asked in READ_JSON),
]


@pytest.mark.parametrize(("kind", "asked"), MET)
def test_a_file_that_is_none_is_refused_in_one_line(kind: str, asked: str, tmp_path: Path) -> None:
    if kind == "log" and not _LOG.exists():
        pytest.skip("needs /proc/kmsg, a file that waits: run the test on Linux")
    if kind in KINDS:
        odd = odd_file(kind, tmp_path)
    else:
        odd = tmp_path / "deep.jsonl"
        odd.write_text("[" * 100_000, encoding="utf-8")
    code, arguments = CALLS[asked]
    places = {"odd": odd, "notes": tmp_path / "notes", "questions": tmp_path / "questions.jsonl"}
    places["notes"].mkdir()
    (places["notes"] / "mask.txt").write_text(NOTE, encoding="utf-8")
    places["questions"].write_text('{"question": "掩码？", "video_id": null}\n', encoding="utf-8")
    index = tmp_path / "library"
    line = one_line(call(*(each.format(**places) for each in arguments), "--index", index), exit_code=code)
    assert asked not in READ_JSON or str(odd) in line
    assert not index.exists()


def test_a_library_at_a_link_to_itself_is_an_error_in_one_line(tmp_path: Path) -> None:
    library = odd_file("link to itself", tmp_path)
    for command in (["ask", "掩码？"], ["status"], ["export", "new.zip"], ["build", ROOT / "examples/reading-list.md"]):
        one_line(call(*command, "--index", library))


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
        result = call("build", source, "--dry-run", "--index", tmp_path / "library")
        assert (result.exit_code, result.stderr) == (0, ""), result.stderr
    report = seekpoint.build(folder, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    assert (report.states[State.INDEXED], report.entries) == (1, 5), "links that lead out of the folder are left out"
