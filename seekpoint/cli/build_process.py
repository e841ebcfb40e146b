"""A build in a process of its own, which `serve --edit` starts: it may be ended, and takes its memory with it.

The child is `python -m seekpoint.cli.build_process`. It gets its order as JSON, and prints its progress as JSON lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import IO, TYPE_CHECKING

from seekpoint.index.errors import SeekpointError
from seekpoint.query.web.builds import STOPPED, BuildOrder, BuildProgress

if TYPE_CHECKING:
    from seekpoint.indexer.build.events import BuildEvents

# Seconds: how often a running build looks whether it is to stop, and how long it may take to do so.
_BETWEEN_LOOKS, _MOST_TO_STOP = 0.2, 10.0


def build_in_process(folder: Path, order: BuildOrder, tell: Callable[[BuildProgress], None], stop: Event) -> str:
    """Build into a library in a child process; returns the outcome, raises SeekpointError."""
    content = json.dumps({"folder": str(folder), "sources": order.sources, "retry": order.retry})
    command = [sys.executable, "-m", __name__, content]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, encoding="utf-8") as child:
        Thread(target=_end_when_told, args=(child, stop), daemon=True).start()
        assert child.stdout
        last = _follow(child.stdout, tell)
    if stop.is_set():
        raise SeekpointError(STOPPED)
    if last.error or not last.outcome:
        raise SeekpointError(last.error or f"the build ended early (exit code {child.returncode}): try it again")
    return last.outcome


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


def _build(content: str) -> None:
    """The child: build, and print the progress."""
    from seekpoint.cli.build_progress import ProgressEvents

    order = json.loads(content)
    events = ProgressEvents(_print)
    try:
        outcome = _outcome(Path(order["folder"]), order["sources"], order["retry"], events)
    except SeekpointError as error:
        _print(replace(events.progress, error=str(error)))
    else:
        _print(replace(events.progress, outcome=outcome))


def _outcome(folder: Path, sources: list[str], retry: bool, events: BuildEvents) -> str:
    from seekpoint.indexer.build import summary
    from seekpoint.indexer.build.build import Request, build
    from seekpoint.indexer.build.planner import Choices
    from seekpoint.indexer.fetch.pace import PACE
    from seekpoint.indexer.fetch.session import Web
    from seekpoint.indexer.sources import Sources

    web = Web()
    report = build(
        Request(sources, choices=Choices(retry=retry)), folder, Sources.through(web, pace=PACE), events=events
    )
    return summary.totals_line(report)


def _print(progress: BuildProgress) -> None:
    sys.stdout.write(f"{json.dumps(progress.as_dict())}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _build(sys.argv[1])
    os._exit(0)  # all is stored: unloading the model would take seconds
