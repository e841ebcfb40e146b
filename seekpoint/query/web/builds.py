"""Builds that the page starts: one at a time, in a thread, with the progress of the last one."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, RLock, Thread
from typing import TypeAlias

from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.text.clean import clean

BETWEEN_TRIES = 2.0
"""Seconds between two checks whether another process still writes to the library."""

STOPPED = "the build was stopped with the server: what it had finished is kept"
MOST_LINES = 20
"""The last messages of a build that are shown."""


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a build is: `done` of `total` resources, and within `title` `part` of `parts` passages or seconds.

    It `is_waiting` while another process writes to the library. `lines` are its last messages, `outcome` its final one.
    """

    is_running: bool = False
    is_waiting: bool = False
    done: int = 0
    total: int = 0
    title: str = ""
    part: int = 0
    parts: int = 0
    lines: tuple[str, ...] = ()
    outcome: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """The sources of a build; without any, it tries again what the library holds. `retry` takes deferred ones now."""

    sources: tuple[str, ...]
    retry: bool = False


Tell: TypeAlias = Callable[[BuildProgress], None]
Build: TypeAlias = Callable[[BuildOrder, Tell, Event], str]
"""Run a build and report its progress until the event is set; returns the outcome as a line, raises SeekpointError."""


@dataclass
class Builds:
    """The builds of a server; each waits while another process writes to the library, as `is_written` says."""

    build: Build
    is_written: Callable[[], bool] = lambda: False
    progress: BuildProgress = field(default_factory=BuildProgress, init=False)
    version: int = field(default=0, init=False)
    """A number that grows with each change of the progress."""
    _orders: deque[BuildOrder] = field(default_factory=deque, init=False)
    _lock: RLock = field(default_factory=RLock, init=False)
    _stop: Event = field(default_factory=Event, init=False)
    _thread: Thread | None = field(default=None, init=False)

    def start(self, sources: Sequence[str], *, retry: bool = False) -> None:
        """Build these sources, after the build that is running."""
        with self._lock:
            if self._stop.is_set():
                return
            self._orders.append(BuildOrder(tuple(sources), retry))
            if not self.progress.is_running:
                self._tell(BuildProgress(is_running=True))
                self._thread = Thread(target=self._run)
                self._thread.start()

    def close(self) -> None:
        """Stop the build that is running; what it has finished is kept."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        errors: list[str] = []
        is_running = True
        while is_running:
            outcome = ""
            try:
                outcome = clean(self._built(self._orders.popleft()))
            except SeekpointError as failure:
                errors.append(clean(str(failure)))
            except Exception:
                traceback.print_exc()
                errors.append("something went wrong here: the server's terminal says what")
            with self._lock:
                is_running = bool(self._orders) and not self._stop.is_set()
                error = "; ".join(dict.fromkeys(errors))
                ended = replace(self.progress, title="", outcome=outcome, error=error)
                self._tell(replace(ended, is_waiting=False, is_running=is_running))

    def _built(self, order: BuildOrder) -> str:
        """Carry an order out once no other process writes to the library, and return its outcome."""

        def tell(progress: BuildProgress) -> None:
            lines = tuple(clean(line) for line in progress.lines[-MOST_LINES:])
            self._tell(replace(progress, title=clean(progress.title), lines=lines, is_running=True))

        while not self._stop.is_set():
            if self.is_written():
                if not self.progress.is_waiting:
                    self._tell(BuildProgress(is_running=True, is_waiting=True))
                self._stop.wait(BETWEEN_TRIES)
                continue
            try:
                return self.build(order, tell, self._stop)
            except SeekpointError:
                if self._stop.is_set() or not self.is_written():
                    raise
        raise SeekpointError(STOPPED)

    def _tell(self, progress: BuildProgress) -> None:
        with self._lock:
            self.progress = progress
            self.version += 1


@dataclass(frozen=True, slots=True)
class SourceChecks:
    """Checks of a source before it is stored or built.

    `listed` returns the lines to append for some addresses to a list that has some lines, and the errors of the
    addresses that the list would skip. The others raise UsageError for a source that a build would skip.
    """

    listed: Callable[[Sequence[str], Sequence[str]], tuple[Sequence[str], Sequence[UsageError]]] = (
        lambda addresses, lines: (addresses, ())
    )
    check_address: Callable[[str], object] = lambda address: None
    check_file: Callable[[Path, str, bool], None] = lambda file, name, is_list: None
