"""Each call that changes a file may fail: a command then ends in one line, loses nothing, and works the next time."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.transfer.import_ import import_library
from tests.failing_calls import Commands, Fault, Ran, needs_shim
from tests.fakes import TopicEncoder, WideEncoder
from tests.killing import Talks, content, is_tidy, lines_of, video_id

pytestmark = needs_shim

COMMANDS = ("build", "prune", "remove", "export", "import", "replace", "reembed")
LISTED = {"build": 5, "prune": 2}
LISTED_BEFORE = 4
# Calls of each command and fault that a quick run lets fail.
SAMPLE = 4
# What a command says when the one before it has done its work, though a call failed.
DONE = re.compile(r"seekpoint: (nothing in the library is called|.+ holds a library already)", re.DOTALL)
NO_ROOM = re.compile(r"space|room|full")
# Parts of a call that differ from one to the next of its kind.
CHANCE = re.compile(r"[0-9a-f]{32}|(?<=\.)[0-9a-f]{8}(?=\.part)|(?<=\.tmp)\w{6}|\d+")


@dataclass(frozen=True)
class Bench:
    """A folder to work in, with a library and an export of a larger one; and a copy of the folder to start from."""

    folder: Path
    commands: Commands

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def arguments(self, command: str) -> list[object]:
        talks, exported, index = self.folder / "talks", self.work / "exported", ["--index", self.work / "library"]
        build = ["build", talks / "list.md", "--captions", talks, *index]
        return {
            "build": build,
            "prune": [*build, "--prune"],
            "reembed": [*build, "--reembed"],
            "remove": ["remove", video_id(1), *index],
            "export": ["export", exported, "--force", *index],
            "import": ["import", exported, "--index", self.work / "new"],
            "replace": ["import", exported, "--replace", *index],
        }[command]

    def list(self, count: int) -> None:
        """List so many talks."""
        Talks(self.folder / "talks").put({k: lines_of(k, 7) for k in range(count)})

    def start(self, command: str) -> None:
        """Bring the folder back to what it was before any command."""
        self.list(LISTED.get(command, LISTED_BEFORE))
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.folder / "before", self.work)

    def run(self, command: str, fault: Fault = Fault.EIO_ONCE, number: int = 0) -> Ran:
        """Run a command, of which a call fails."""
        return self.commands.run(*self.arguments(command), under=self.work, fault=fault, number=number)

    def outcome(self) -> tuple[object, ...]:
        """What the folder holds: the contents of its libraries, with that of the exported file."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.work, copy)
        import_library(copy / "exported", copy / "imported")
        return tuple(_content(path) for path in sorted(copy.iterdir()) if path.is_dir() and path.name[0] != ".")

    def is_tidy(self) -> bool:
        """Whether nothing lies there that a command didn't bring to its end."""
        libraries = [path for path in self.work.iterdir() if path.name in ("library", "new")]
        return len(libraries) + 1 == len([*self.work.iterdir()]) and all(map(is_tidy, libraries))


def _content(folder: Path) -> object:
    with EmbeddedReader.open(folder) as library:
        library.verify()
        encoder = WideEncoder() if library.card == WideEncoder().card else TopicEncoder()
    return encoder.card, content(folder, encoder=encoder)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("failing calls")
    with Commands(folder) as commands:
        bench = Bench(folder, commands)
        bench.work.mkdir()
        bench.list(LISTED_BEFORE + 2)
        for command in ("build", "export"):
            assert bench.run(command).code == 0
        shutil.rmtree(bench.work / "library")
        for count in (2, LISTED_BEFORE):
            bench.list(count)
            assert bench.run("build").code == 0
        bench.work.rename(folder / "before")
        yield bench


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_call_of_some_kinds_fails(bench: Bench, command: str, fault: Fault) -> None:
    before, after, calls = _undisturbed(bench, command, fault)
    kinds = {CHANCE.sub("", call): number for number, call in enumerate(calls, 1)}
    for number in random.Random(f"{command} {fault}").sample(sorted(kinds.values()), SAMPLE):
        assert _faults_of(bench, command, fault, number, before, after) == []


@pytest.mark.nightly
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_call_fails(bench: Bench, command: str, fault: Fault) -> None:
    before, after, calls = _undisturbed(bench, command, fault)
    found = [_faults_of(bench, command, fault, number, before, after) for number in range(1, len(calls) + 2)]
    assert [one for one in found if one] == []


def _undisturbed(bench: Bench, command: str, fault: Fault) -> tuple[object, object, list[str]]:
    """What is there before and after a command of which no call fails, and its calls."""
    bench.start(command)
    before = bench.outcome()
    ran = bench.run(command, fault)
    after = bench.outcome()
    assert ran.code == 0 and bench.is_tidy() and before != after
    return before, after, ran.calls


def _faults_of(bench: Bench, command: str, fault: Fault, number: int, before: object, after: object) -> list[str]:
    """What is wrong after a command of which that call failed, and after it was run once more."""
    bench.start(command)
    ran = bench.run(command, fault, number)
    found = [*_faults_of_end(ran, fault)]
    found += [f"neither as before nor as after: {bench.outcome()}"] if bench.outcome() not in (before, after) else []
    again = bench.run(command)
    if again.code and not DONE.match(again.stderr):
        found.append(f"run again: {again.code} {again.stderr}")
    if bench.outcome() != after:
        found.append("run again, it isn't as after a run without faults")
    if not bench.is_tidy():
        found.append(f"run again, there is left: {sorted(bench.work.rglob('*'))}")
    failed = ran.calls[number - 1] if number <= len(ran.calls) else "none"
    return [f"{command}, {fault.name} of call {number} ({failed}): {one}" for one in found]


def _faults_of_end(ran: Ran, fault: Fault) -> Iterator[str]:
    said = f"exit code {ran.code}: {ran.stderr}"
    if ran.code not in (0, 1) or "Traceback" in ran.stderr:
        yield said
    if ran.code == 1 and (ran.stderr.count("\n") != 1 or not ran.stderr.startswith("seekpoint: ")):
        yield f"more than one line: {said}"
    if ran.code and fault is Fault.SHORT_ONCE:
        yield f"a short write is no fault: {said}"
    if ran.code and fault is Fault.DISK_FULL and not NO_ROOM.search(ran.stderr):
        yield f"nothing of the full disk: {said}"
    if "damaged" in ran.stderr:
        yield f"nothing is damaged: {said}"
