"""Commands in this process, which spares each its start and the loading of a model."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from types import FrameType

from click.testing import CliRunner

from seekpoint.cli.main import cli
from tests.paths import ROOT


def run_here(*arguments: object, stdin: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this process; raises what the command doesn't report in a line."""
    words = [*map(str, arguments)]
    with chdir(ROOT):
        result = CliRunner().invoke(cli, words, input=stdin, env=environment, catch_exceptions=False)
    return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Interrupt what waits for longer, and fail; POSIX alone, in the main thread."""
    late: list[str] = []

    def interrupt(signal_number: int, frame: FrameType | None) -> None:
        late.append(f"it waited for more than {seconds} s")
        raise AssertionError(late[0])

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not late  # a command may have caught the error
