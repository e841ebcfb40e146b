"""The kills of the benchmark, with a fake model: a few, and a library that lost something."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator

import pytest

from benchmarks.kills import COMMANDS, killed, lines_of_talks, looked_at, table, undisturbed_run
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from tests.commands import Commands, encoders, needs_shim
from tests.killing import video_id
from tests.workbench import Workbench

pytestmark = [needs_shim, pytest.mark.slow]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("kills")
    lines = lines_of_talks()
    with Commands(folder) as commands:
        bench = Workbench(folder, commands, encoders(""), lambda k: lines(k)[:10], count=3, added=2)
        bench.prepare()
        yield bench


def test_commands_that_are_killed_lose_nothing(bench: Workbench) -> None:
    rounds = [*killed(bench, len(COMMANDS), random.Random(5))]
    assert [one.faults for one in rounds] == [[]] * len(COMMANDS)
    assert {one.command for one in rounds} == set(COMMANDS)
    assert table(rounds).endswith("5 kills, 0 wrong")


def test_what_is_lost_or_broken_is_a_fault(bench: Workbench) -> None:
    known = undisturbed_run(bench, "build")
    bench.start("build")
    assert looked_at(bench, known) == ("as before", [])
    with EmbeddedWriter.acquire(bench.work / "library") as writer:
        writer.remove([video_id(2)])
    assert looked_at(bench, known) == ("in between", [f"{video_id(2)} is lost"])
    shutil.copyfile(bench.work / "exported", bench.work / "library" / "library.db")
    name, faults = looked_at(bench, known)
    assert name == "broken" and "damaged" in faults[0]
