"""The walk from nothing to an answer in docs/scale.md is what a newcomer's terminal shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.postgres import PROGRAMS, missing, server
from tests.readme import DOCS

pytestmark = pytest.mark.slow

HOLE = "…"
_END = "-- end of a command --"


def walk() -> list[tuple[str, str]]:
    """Each command of the walk, and what it prints."""
    [section] = re.findall(
        r"(?ms)^## From nothing to an answer$(.*?)^## ", (DOCS / "scale.md").read_text("utf-8") + "## "
    )
    text = "".join(re.findall(r"(?ms)^```console\n(.*?)^```$", section))
    return re.findall(r"(?ms)^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", text)


@pytest.mark.model
def test_the_walk_is_what_a_terminal_shows() -> None:
    if reason := missing():
        pytest.skip(reason)
    commands = walk()
    assert len(commands) == 6
    script = "".join(f"{command}\necho '{_END}'\n" for command, _ in commands)
    path = os.pathsep.join([str(Path(sys.executable).parent), str(PROGRAMS), os.environ["PATH"]])
    with server() as running:
        port = str(running.port)
        environment = {**os.environ, "PATH": path, "PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "postgres"}
        done = subprocess.run(
            ["bash", "-e", "-c", script.replace("//host/", f"//127.0.0.1:{port}/")],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.replace(str(ROOT), "/home/you/seekpoint").split(f"{_END}\n")
    for (command, shown), line in zip(commands, printed, strict=False):
        assert re.fullmatch("[^\n]+".join(map(re.escape, shown.split(HOLE))), line), command
