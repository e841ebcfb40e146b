"""Each call that changes or reads files may fail: a command ends in one line, loses nothing, and works next time."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

import pytest

from tests.commands import Commands, Fault, encoders, needs_shim
from tests.killing import lines_of
from tests.workbench import COMMANDS, Workbench

pytestmark = [needs_shim, pytest.mark.slow]

# What a command says when the one before it has done its work, though a call failed.
DONE = re.compile(r"seekpoint: (nothing in the library is called|.+ holds a library already)", re.DOTALL)
NO_ROOM = re.compile(r"space|room|full")
# Parts of a call that differ from one to the next of its kind.
CHANCE = re.compile(r"[0-9a-f]{32}|(?<=\.)[0-9a-f]{8}(?=\.part)|(?<=\.tmp)\w{6}|\d+")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("failing calls")
    with Commands(folder) as commands:
        bench = Workbench(folder, commands, encoders(""), lambda k: lines_of(k, 7), count=4)
        bench.prepare()
        yield bench


# Calls for an index or a journal, which fail in every run, beside those that chance chooses.
CHOSEN = {
    ("build", Fault.EIO_ONCE): ["write library/words-/.store", "fdatasync library/words-/.store"],
    ("remove", Fault.DISK_FULL): ["open library/words-/.tantivy-writer.lock"],
    ("import", Fault.EIO_FOR_GOOD): ["open .new..part/library/words-/.pos"],
    ("replace", Fault.EIO_FOR_GOOD): ["rename library"],
    ("export", Fault.DISK_FULL): ["open library/library.db-wal"],
    ("export", Fault.READ_ONCE): ["pread .exported..part/library.db"],
}
# Those that a command meets in every run; at night each meets all, and a build always does.
FAULTS: dict[str, Sequence[Fault]] = {
    command: [fault for one, fault in CHOSEN if one == command] or [Fault.DISK_FULL] for command in COMMANDS
}
FAULTS["build"] = list(Fault)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_call_of_some_kind_fails(bench: Workbench, command: str, every: bool) -> None:
    bench.start(command)
    before = bench.outcome()
    assert bench.run(command).code == 0
    after = bench.outcome()
    assert before != after
    for fault in Fault if every else FAULTS[command]:
        bench.start(command)
        code, _, _, calls = bench.run(command, fault)
        assert code == 0 and bench.is_tidy()
        kinds = {CHANCE.sub("", call): number for number, call in enumerate(calls, 1)}
        some = [kinds[kind] for kind in CHOSEN.get((command, fault), ())]
        some = some or [random.Random(f"{command} {fault}").choice(sorted(kinds.values()))]
        for number in range(1, len(calls) + 2) if every else some:
            assert _faults_of(bench, command, fault, number, before, after) == []


def _faults_of(bench: Workbench, command: str, fault: Fault, number: int, before: object, after: object) -> list[str]:
    """What is wrong after a command of which that call failed, and after it was run once more."""
    bench.start(command)
    ran = bench.run(command, fault, number)
    said, found = f"exit code {ran.code}: {ran.stderr}", []
    if ran.code not in (0, 1) or "Traceback" in ran.stderr:
        found.append(said)
    if ran.code == 1 and (ran.stderr.count("\n") != 1 or not ran.stderr.startswith("seekpoint: ")):
        found.append(f"more than one line: {said}")
    if ran.code and fault is Fault.SHORT_ONCE:
        found.append(f"a short write is no fault: {said}")
    if ran.code and fault is Fault.DISK_FULL and not NO_ROOM.search(ran.stderr):
        found.append(f"nothing of the full disk: {said}")
    if "damaged" in ran.stderr and fault is not Fault.READ_ONCE:  # SQLite takes a page that can't be read for damaged
        found.append(f"nothing is damaged: {said}")
    if bench.outcome() not in (before, after):
        found.append(f"neither as before nor as after: {bench.outcome()}")
    again = bench.run(command)
    if again.code and not DONE.match(again.stderr):
        found.append(f"run again: {again.code} {again.stderr}")
    if bench.outcome() != after:
        found.append("run again, it isn't as after a run without faults")
    if not bench.is_tidy() and fault is not Fault.READ_ONCE:  # which may leave a mark of damage, for a build to mend
        found.append(f"run again, there is left: {sorted(bench.work.rglob('*'))}")
    failed = ran.calls[number - 1] if number <= len(ran.calls) else "none"
    return [f"{command}, {fault.name} of call {number} ({failed}): {one}" for one in found]
