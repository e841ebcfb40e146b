"""Progress on standard error: bars on a terminal, else a line for each resource."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from seekpoint.index.text.clean import clean
from seekpoint.index.types import Resource, State
from seekpoint.indexer.build_options import BuildEvents, name_of
from seekpoint.indexer.pipeline.build_report import duration

# Seconds of recent work that the rate is measured over, so that the time to load the model soon drops out.
_RECENT = 30.0
# Terminal columns, of which a Chinese character takes two.
_LONGEST_TITLE = 50


class ProgressBars(BuildEvents):
    """Two bars, for the build and for the current resource, with their rates and the remaining time.

    Messages are printed above them. Without a terminal a line is printed for each resource instead. `clock` is in
    seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._console = Console(stderr=True)
        columns = (
            TitleColumn(),
            BarColumn(bar_width=20),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[pace]}", markup=False, table_column=Column(no_wrap=True)),
        )
        self._has_bars = self._console.is_terminal
        self._progress = Progress(*columns, console=self._console, transient=True, disable=not self._has_bars)
        self._build_task = self._progress.add_task("Resources", total=None, pace="")
        self._resource_task = self._progress.add_task("", total=None, visible=False, pace="")
        self._total = self._remaining = self._finished = 0
        self._started: float | None = None
        self._embedding, self._transcribing = ProgressRate(), ProgressRate()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, jobs: int) -> None:
        self._total, self._remaining, self._finished, self._started = jobs, jobs, 0, None
        self._progress.reset(self._build_task, total=jobs, pace="")

    def work_on(self, resource: Resource) -> None:
        if self._started is None:
            self._started = self._clock()
        self._transcribing.restart()
        self._progress.reset(self._resource_task, description=name_of(resource), visible=True, total=None, pace="")

    def embed(self, done: int, total: int) -> None:
        self._embedding.reach(done, self._clock())
        each_second = self._embedding.each_second
        shown = f"{each_second:.{0 if each_second >= 100 else 1}f} passages/s, "
        self._show(done, total, self._embedding, shown)

    def transcribe(self, done: float, total: float) -> None:
        self._transcribing.reach(done, self._clock())
        self._show(int(done), int(total), self._transcribing)

    def _show(self, done: int, total: int, pace: ProgressRate, shown: str = "") -> None:
        remaining = f"{shown}{duration((total - done) / pace.each_second)} left" if pace.each_second else ""
        self._progress.update(self._resource_task, completed=done, total=total, pace=remaining)

    def finish(self, resource: Resource, state: State = State.INDEXED) -> None:
        self._remaining -= 1
        if not self._has_bars:
            done = self._total - self._remaining
            self._print(f"{done}/{self._total} {state.replace('_', ' ')}: {name_of(resource)}")
        self._progress.advance(self._build_task)
        if self._started is not None:  # resources refused without work say nothing about the remaining time
            self._finished += 1
            remaining = (self._clock() - self._started) / self._finished * self._remaining
            self._progress.update(self._build_task, pace=f"about {duration(remaining)} left" if self._remaining else "")

    def say(self, line: str) -> None:
        self._print(f"seekpoint: {clean(line)}")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)


class TitleColumn(ProgressColumn):
    """The title of the current resource, which is shortened where a line is too narrow for all columns.

    The table makes columns narrower that may be broken into lines. This one may, but its text is cut instead.
    """

    def __init__(self) -> None:
        super().__init__(Column(max_width=_LONGEST_TITLE))

    def render(self, task: Task) -> Text:
        return Text(task.description, no_wrap=True, overflow="ellipsis")


class ProgressRate:
    """The rate of recent progress."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, float]] = deque()
        self._amount = self._seconds = 0.0
        self.restart()

    def restart(self) -> None:
        """Ignore the next amount: it was done before the work began."""
        self._before = (math.inf, 0.0)

    def reach(self, done: float, now: float) -> None:
        """Record the amount done at `now`, in seconds; a smaller amount than before means that new work begins."""
        before, then = self._before
        self._before = (done, now)
        if done > before:
            self._steps.append((done - before, now - then))
            self._amount, self._seconds = self._amount + done - before, self._seconds + now - then
            while self._seconds - self._steps[0][1] > _RECENT:
                amount, seconds = self._steps.popleft()
                self._amount, self._seconds = self._amount - amount, self._seconds - seconds

    @property
    def each_second(self) -> float:
        """The amount per second; 0 before the first progress."""
        return self._amount / self._seconds if self._seconds > 0 else 0.0
