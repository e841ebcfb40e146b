"""A server's command as it runs in a terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from seekpoint.cli.interrupt import STOPPED
from tests.paths import ROOT

LAST_LINE = f"seekpoint: {STOPPED}\n"
"""The last line of a server that Ctrl-C ends."""


class Terminal(NamedTuple):
    """A command in a process group of its own, as in a terminal, and the address at which it answers."""

    address: str
    process: subprocess.Popen[str]

    def interrupted(self) -> tuple[int, str, float]:
        """Press Ctrl-C: the exit code, what the terminal shows then, and the seconds that the end took."""
        began = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        shown = self.process.communicate(timeout=60)[0]
        return self.process.returncode, shown, time.monotonic() - began


@contextmanager
def terminal(library: Path | str, *command: str, files: int = 0) -> Iterator[Terminal]:
    """Run a command with a library; it may open so many `files` at first, and 1024 at most."""

    def limit() -> None:
        if files:
            import resource

            resource.setrlimit(resource.RLIMIT_NOFILE, (files, 1024))

    with subprocess.Popen(
        [sys.executable, "-m", "seekpoint", *command, "--port", "0", "--index", str(library)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        preexec_fn=limit,
    ) as process:  # fmt: skip
        assert process.stdout
        try:
            found = re.search(r"http://[^/\s]+", process.stdout.readline())
            assert found
            yield Terminal(found[0], process)
        finally:
            process.kill()
