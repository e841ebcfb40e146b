"""Commands in processes of their own, which are killed after a time, or in which one call that changes files fails.

The processes are forked from a server that has imported Seekpoint and loaded the model, which makes thousands of them
affordable, and lets a kill land in the work. A shim that is loaded before the C library notes and fails calls, so that
SQLite, tantivy, FAISS and Python all meet the failure.
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
from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple, Self, cast

import click
import pytest

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.index.models.encoder import load_encoder
from seekpoint.index.types import Encoder
from tests.fakes import TopicEncoder, WideEncoder
from tests.paths import ROOT

LONGEST = 60.0
_SOURCE, _SHIM = ROOT / "tests" / "failing_calls.c", "failing_calls.so"
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
    READ_ONCE = 4


class Ran(NamedTuple):
    """How a command ended: `code` is negative for a signal; `calls` are those that were counted, as "name path"."""

    code: int
    stdout: str
    stderr: str
    calls: list[str]


class Commands:
    """Runs commands one at a time; a context manager. `model` is the name of a real one, else fakes embed."""

    def __init__(self, folder: Path, model: str = "") -> None:
        assert _COMPILER
        subprocess.run([_COMPILER, "-shared", "-fPIC", "-o", folder / _SHIM, _SOURCE, "-ldl"], check=True)
        libraries = os.pathsep.join(filter(None, [str(folder), os.environ.get("LD_LIBRARY_PATH")]))
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.commands", folder, model],
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": _SHIM, "LD_LIBRARY_PATH": libraries},  # LD_PRELOAD takes no spaces
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        *arguments: object,
        under: Path,
        fault: Fault = Fault.EIO_ONCE,
        number: int = 0,
        seconds: float = LONGEST,
    ) -> Ran:
        """Run a command whose n-th call under a folder fails (0: none), and kill it after so many seconds."""
        assert self._server.stdin and self._server.stdout
        call = {"arguments": [str(one) for one in arguments], "under": str(under), "fault": fault, "number": number}
        self._server.stdin.write(json.dumps([call, seconds]) + "\n")
        self._server.stdin.flush()
        return Ran(*json.loads(self._server.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._server:
            assert self._server.stdin
            self._server.stdin.close()


def encoders(model: str) -> tuple[Encoder, Encoder]:
    if not model:
        return TopicEncoder(), WideEncoder()
    encoder = load_encoder(model)
    other = replace(encoder.card, name=f"{encoder.card.name} again")  # which makes it another model
    renamed = SimpleNamespace(card=other, passages=encoder.passages, parts=encoder.parts, question=encoder.question)
    return encoder, cast("Encoder", renamed)


@click.command()
@click.argument("listed")
@click.option("--captions")
@click.option("--index")
@click.option("--prune", is_flag=True)
@click.option("--reembed", is_flag=True)
@click.pass_obj
def _build(models: tuple[Encoder, Encoder], listed: str, captions: str, index: str, prune: bool, reembed: bool) -> None:
    seekpoint.build(
        listed, index, captions=captions, encoder=models[reembed], translate=False, prune=prune, reembed=reembed
    )


class _Commands(type(cli)):  # type: ignore[misc]
    """The real commands, but for a `build` whose encoders are given."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return _build if name == "build" else super().get_command(ctx, name)


def _serve(folder: Path, models: tuple[Encoder, Encoder]) -> None:
    names = [folder / name for name in ("stdout", "stderr", "calls")]
    for line in sys.stdin:
        call, seconds = json.loads(line)
        for name in names:
            name.write_bytes(b"")
        child = os.fork()
        if not child:
            _run(models, names, **call)
        deadline = time.monotonic() + seconds
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                deadline += LONGEST
            time.sleep(0.001)
        code = os.waitstatus_to_exitcode(ended[1])
        stdout, stderr, calls = (name.read_text("utf-8") for name in names)
        click.echo(json.dumps([code, stdout, stderr, calls.splitlines()]))


def _run(
    models: tuple[Encoder, Encoder], names: Sequence[Path], arguments: list[str], under: str, fault: int, number: int
) -> None:
    stdout, stderr, calls = (os.open(name, os.O_WRONLY | os.O_APPEND) for name in names)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    ctypes.CDLL(None).arm(under.encode(), fault, ctypes.c_long(number), calls)
    try:
        _Commands("seekpoint")(arguments, prog_name="seekpoint", obj=models)
    except SystemExit as end:
        if "torch" not in sys.modules:
            raise
        os._exit(int(end.code or 0))  # the end of an interpreter with torch takes longer than most commands


if __name__ == "__main__":
    import seekpoint.index.embedded.vectors
    import seekpoint.index.embedded.word_search
    import seekpoint.index.transfer.export
    import seekpoint.index.transfer.import_
    import seekpoint.indexer.pipeline.build
    import seekpoint.indexer.sources.youtube.youtube

    if sys.argv[2]:
        import torch

        torch.set_num_threads(1)  # a fork has none of the threads of a pool, and would wait for them
    loaded = encoders(sys.argv[2])
    loaded[0].passages(["warm"])
    gc.freeze()  # else each child collects what the server imported
    _serve(Path(sys.argv[1]), loaded)
