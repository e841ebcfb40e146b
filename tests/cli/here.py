"""The commands as a user calls them: in this process, in one of their own, and at a pseudo-terminal."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from seekpoint.cli.main import cli
from seekpoint.index.address import ServerAddress
from seekpoint.indexer.fetch.http_session import Web
from tests.paths import ROOT

MAIN = "from seekpoint.cli.main import main; main()"

needs_terminal = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is a thing of Unix")


class Ran(NamedTuple):
    """How a command ended, and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str


def call(*arguments: object, stdin: str = "", web: Web | None = None, **environment: str) -> Ran:
    """Run a command in this process, which spares its start and loading a model; raises what it reports in no line."""
    obj = (lambda _proxy, _cookies: web) if web else None
    words = [*map(str, arguments)]
    result = CliRunner().invoke(cli, words, input=stdin, env=environment, obj=obj, catch_exceptions=False)
    return Ran(result.exit_code, result.stdout, result.stderr)


def run(*arguments: object, stdin: str = "", code: str = MAIN, **environment: str) -> Ran:
    """Run a command in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        input=stdin.encode(),
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=300,
    )
    return Ran(result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace"))


def one_line(ran: Ran, *words: str, exit_code: int = 1) -> str:
    """The one line of an error, which has these words."""
    assert (ran.exit_code, ran.stdout, ran.stderr.count("\n")) == (exit_code, "", 1), ran
    assert ran.stderr.startswith("seekpoint: ")
    assert all(word in ran.stderr for word in words), ran.stderr
    return ran.stderr


def database(library: ServerAddress) -> str:
    """The name of a library's database."""
    return library.uri.rpartition("/")[2]


def as_role(library: ServerAddress, role: str) -> ServerAddress:
    """A library on a server as a role of the server reaches it."""
    return replace(library, uri=library.uri.replace("postgres@", f"{role}@"))


def plain(text: str) -> str:
    """A text without the sequences that a terminal obeys."""
    return re.sub(r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)|\[[0-?]*[ -/]*[@-~])", "", text)


class Terminal:
    """A pseudo-terminal with a program in it."""

    def __init__(self, *command: str | Path, **environment: str) -> None:
        import pty

        self._pid, self._file = pty.fork()
        if self._pid == 0:
            os.chdir(ROOT)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # which is ignored where the tests run in the background
            os.environ |= {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", **environment}
            os.execvp(command[0], [*map(str, command)])
        self._data = b""
        self._read_up_to = 0

    @property
    def seen(self) -> str:
        return self._data.decode(errors="replace")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read on until a pattern matches after the one that was waited for before."""
        while not (found := re.compile(pattern).search(plain(self.seen), self._read_up_to)):
            assert select.select([self._file], [], [], 60)[0], self.seen
            self._data += os.read(self._file, 65536)
        self._read_up_to = found.end()
        return found

    def type(self, keys: str) -> None:
        os.write(self._file, keys.encode())

    def end(self) -> int:
        """The program's exit code; one that doesn't end within a minute is killed."""
        deadline = time.monotonic() + 60
        while (ended := os.waitpid(self._pid, os.WNOHANG))[0] == 0:
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
            time.sleep(0.05)
        os.close(self._file)
        return os.waitstatus_to_exitcode(ended[1])

    def hang_up(self) -> None:
        """Close the terminal, and wait for the program's end."""
        os.close(self._file)
        os.waitpid(self._pid, 0)
