"""Commands in processes of their own, in which one call that changes files fails: the n-th, of whichever library.

A shim that is loaded before the C library fails the call, so that SQLite, tantivy, FAISS and Python all meet it. The
processes are forked from a server that has imported Seekpoint, which makes thousands of them affordable.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import click
import pytest

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.index.types import Encoder
from tests.fakes import TopicEncoder, WideEncoder
from tests.paths import ROOT

_SECONDS = 60.0
_SOURCE = ROOT / "tests" / "failing_calls.c"
_SHIM = "failing_calls.so"
_COMPILER = shutil.which("gcc") or shutil.which("cc")

needs_shim = pytest.mark.skipif(
    sys.platform != "linux" or not _COMPILER, reason="needs Linux and a C compiler, for the shim that fails calls"
)


class Fault(IntEnum):
    """What becomes of a call, under the numbers of failing_calls.c."""

    EIO_ONCE = 0
    EIO_FOR_GOOD = 1
    DISK_FULL = 2
    SHORT_ONCE = 3


class Ran(NamedTuple):
    """How a command ended: `code` is negative for a signal; `calls` are those that were counted, as "name path"."""

    code: int
    stdout: str
    stderr: str
    calls: list[str]


class Commands:
    """Runs commands one at a time; a context manager."""

    def __init__(self, folder: Path) -> None:
        assert _COMPILER
        subprocess.run([_COMPILER, "-shared", "-fPIC", "-o", folder / _SHIM, _SOURCE, "-ldl"], check=True)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.failing_calls", folder],
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": _SHIM, "LD_LIBRARY_PATH": str(folder)},  # LD_PRELOAD takes no spaces
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object, under: Path, fault: Fault = Fault.EIO_ONCE, number: int = 0) -> Ran:
        """Run a command whose n-th call under a folder fails; none for 0."""
        assert self._server.stdin and self._server.stdout
        request = {"arguments": [str(one) for one in arguments], "under": str(under), "fault": fault, "number": number}
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return Ran(*json.loads(self._server.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._server:
            assert self._server.stdin
            self._server.stdin.close()


@click.command()
@click.argument("listed")
@click.option("--captions")
@click.option("--index")
@click.option("--prune", is_flag=True)
@click.option("--reembed", is_flag=True)
def _build(listed: str, captions: str, index: str, prune: bool, reembed: bool) -> None:
    encoder: Encoder = WideEncoder() if reembed else TopicEncoder()
    seekpoint.build(listed, index, captions=captions, encoder=encoder, translate=False, prune=prune, reembed=reembed)


class _Commands(type(cli)):  # type: ignore[misc]
    """The real commands, but for a `build` with an encoder of the tests."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return _build if name == "build" else super().get_command(ctx, name)


def _serve(scratch: Path) -> None:
    names = [scratch / name for name in ("stdout", "stderr", "calls")]
    for line in sys.stdin:
        for name in names:
            name.write_bytes(b"")
        child = os.fork()
        if not child:
            _run(names, **json.loads(line))
        code = _code_of(child)
        stdout, stderr, calls = (name.read_text("utf-8") for name in names)
        click.echo(json.dumps([code, stdout, stderr, calls.splitlines()]))


def _run(names: list[Path], arguments: list[str], under: str, fault: int, number: int) -> None:
    stdout, stderr, calls = (os.open(name, os.O_WRONLY | os.O_APPEND) for name in names)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    ctypes.CDLL(None).arm(under.encode(), fault, ctypes.c_long(number), calls)
    _Commands("seekpoint")(arguments, prog_name="seekpoint")


def _code_of(child: int) -> int:
    """The exit code of a process; it is killed when its time is over."""
    deadline = time.monotonic() + _SECONDS
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            deadline += _SECONDS
        time.sleep(0.002)


if __name__ == "__main__":
    import seekpoint.index.embedded.vectors.search
    import seekpoint.index.embedded.words.search
    import seekpoint.index.transfer.export
    import seekpoint.index.transfer.import_
    import seekpoint.indexer.build.build
    import seekpoint.indexer.sources.youtube.playlists
    import seekpoint.indexer.sources.youtube.transcripts

    gc.freeze()  # else each child collects what the server imported
    _serve(Path(sys.argv[1]))
