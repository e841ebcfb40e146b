"""A build in a process of its own, which `serve --edit` starts: it may be ended, and takes its memory with it.

The child is `python -m seekpoint.cli.build_process`. It gets its order as JSON on standard input, since an address of
a server may hold a password, and prints its progress as JSON lines.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event, Thread
from typing import IO, TYPE_CHECKING

from seekpoint.index.address import Address, ServerAddress
from seekpoint.index.errors import SeekpointError
from seekpoint.query.web.builds import STOPPED, BuildOrder, BuildProgress

if TYPE_CHECKING:
    from seekpoint.index.types import Encoder
    from seekpoint.indexer.build.events import BuildEvents
    from seekpoint.indexer.fetch.session import Web

# Seconds: how often a running build looks whether it is to stop, and how long it may take to do so.
_BETWEEN_LOOKS, _MOST_TO_STOP = 0.2, 10.0


def build_in_process(library: Address, order: BuildOrder, tell: Callable[[BuildProgress], None], stop: Event) -> str:
    """Build into a library in a child process; returns the outcome, raises SeekpointError."""
    command = [sys.executable, "-m", __name__]
    with _interrupts_blocked():
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    with child:
        Thread(target=_end_when_told, args=(child, stop), daemon=True).start()
        assert child.stdin and child.stdout
        with suppress(BrokenPipeError), child.stdin:  # a child that was ended reads no order
            child.stdin.write(_encoded(library, order))
        last = _follow(child.stdout, tell)
    if stop.is_set():
        raise SeekpointError(STOPPED)
    if last.error or not last.outcome:
        raise SeekpointError(last.error or f"the build ended early (exit code {child.returncode}): try it again")
    return last.outcome


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start a child that Ctrl-C in the terminal doesn't reach, since this process ends it. Windows has no such mask."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_when_told(child: subprocess.Popen[str], stop: Event) -> None:
    while child.poll() is None:
        if stop.wait(_BETWEEN_LOOKS):
            child.terminate()
            try:
                child.wait(_MOST_TO_STOP)
            except subprocess.TimeoutExpired:
                child.kill()


def _follow(lines: IO[str], tell: Callable[[BuildProgress], None]) -> BuildProgress:
    """Tell what a child prints; returns the last of it."""
    last = BuildProgress()
    for line in lines:
        try:
            values = json.loads(line)
            last = BuildProgress(**values | {"lines": tuple(values["lines"])})
        except (ValueError, TypeError, KeyError):
            continue  # a library that the build uses may print something too
        tell(last)
    return last


def _encoded(library: Address, order: BuildOrder) -> str:
    server = asdict(library) if isinstance(library, ServerAddress) else None
    return json.dumps({"folder": str(library), "server": server, "sources": order.sources, "retry": order.retry})


def _decoded(content: str) -> tuple[Address, BuildOrder]:
    values = json.loads(content)
    library = ServerAddress(**values["server"]) if values["server"] else Path(values["folder"])
    return library, BuildOrder(tuple(values["sources"]), values["retry"])


def _build(content: str) -> None:
    """The child: build, and print the progress."""
    from seekpoint.cli.build_progress import ProgressEvents
    from seekpoint.cli.quiet import quiet
    from seekpoint.indexer.fetch.session import Web

    quiet()
    events = ProgressEvents(_print)
    try:
        outcome = carry_out(*_decoded(content), Web(), events)
    except SeekpointError as error:
        _print(replace(events.progress, error=str(error)))
    else:
        _print(replace(events.progress, outcome=outcome))


def carry_out(
    library: Address,
    order: BuildOrder,
    web: Web,
    events: BuildEvents,
    *,
    encoder: Encoder | None = None,
    pace: float | None = None,
    translate: bool = True,
) -> str:
    """Do what an order says, and return its outcome in a line; raises SeekpointError.

    The sources for a folder are paths in it, or lists of its owner. A server may be shared with others: what is added
    there are addresses of the web, as an assistant adds them.
    """
    from seekpoint.index.types import NamedBy
    from seekpoint.indexer.build import addition, retrying, summary
    from seekpoint.indexer.build.build import Request, build
    from seekpoint.indexer.build.planner import Choices
    from seekpoint.indexer.fetch.pace import PACE
    from seekpoint.indexer.sources import Sources

    pace = PACE if pace is None else pace
    named_by = NamedBy.PAGE
    if not isinstance(library, ServerAddress):
        request = Request(order.sources, choices=Choices(retry=order.retry), translate=translate, named_by=named_by)
        report = build(request, library, Sources.through(web, pace=pace), encoder=encoder, events=events)
    elif order.sources:
        report = addition.add(
            order.sources, library, web, events, named_by=named_by, encoder=encoder, pace=pace, translate=translate
        )
    else:
        report = retrying.retry(
            library, web, events, at_once=order.retry, encoder=encoder, pace=pace, translate=translate
        )
    return summary.totals_line(report)


def _print(progress: BuildProgress) -> None:
    sys.stdout.write(f"{json.dumps(progress.as_dict())}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _build(sys.stdin.read())
    os._exit(0)  # all is stored: unloading the model would take seconds
