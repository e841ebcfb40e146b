"""Progress on standard error: bars on a terminal, else a line for each resource."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from seekpoint.index.text.clean import clean, without_passwords
from seekpoint.index.types import Kind, Resource, State
from seekpoint.indexer.build_options import BuildEvents, name_of
from seekpoint.indexer.pipeline.build_report import duration

# Seconds of recent work that the rate is measured over, so that the time to load the model soon drops out.
_RECENT = 30.0
# Resources of a sort after which the time for one is known, and the share of what is left whose sort has to be known.
_KNOWN_AFTER, _KNOWN_SHARE = 3, 0.75
# Terminal columns, of which a Chinese character takes two.
_LONGEST_TITLE = 50


class ProgressBars(BuildEvents):
    """Two bars, for the build and for the current resource, with their rates and the remaining time.

    The remaining time of the build is reckoned by passages: resources of the same kind, here or on the web, have as
    many on average, and take as long beside them. Nothing is said before that is known, and the time in which the model
    is loaded doesn't count. Messages are printed above the bars. Without a terminal a line is printed for each resource
    instead. `clock` is in seconds.
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
        self._total = self._finished = 0
        self._waiting, self._spent = Counter[_Sort](), dict[_Sort, _Spent]()
        # When the current resource began, its passages, those of a transcript in work, and the model's seconds for it.
        self._since: float | None = None
        self._passages, self._done, self._model_seconds = 0, 0, 0.0
        # Passages that the model has read, those of coming resources included, and those that resources have taken.
        self._read = self._taken = 0
        self._batch_began = 0.0
        # Seconds of a recording that are transcribed, and when that was.
        self._heard: tuple[float, float] | None = None
        self._embedding, self._transcribing = ProgressRate(), ProgressRate()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, resources: Sequence[Resource]) -> None:
        self._total, self._finished, self._since = len(resources), 0, None
        self._waiting, self._spent = Counter(map(_sort, resources)), {}
        self._progress.reset(self._build_task, total=self._total, pace="")

    def work_on(self, resource: Resource) -> None:
        self._since, self._passages, self._done, self._model_seconds = self._clock(), 0, 0, 0.0
        self._waiting[_sort(resource)] -= 1
        self._heard = None
        self._progress.reset(self._resource_task, description=name_of(resource), visible=True, total=None, pace="")

    def embed(self, done: int, total: int) -> None:
        self._batch_began = self._clock()
        self._done = done
        if done == total:
            self._passages, self._taken, self._done = self._passages + total, self._taken + total, 0
        each_second = self._embedding.each_second
        shown = f"{each_second:.{0 if each_second >= 100 else 1}f} passages/s, "
        self._show(done, total, self._embedding, shown)

    def embedded(self, passages: int) -> None:
        seconds = self._clock() - self._batch_began
        if self._read:  # else the model was loaded, too
            self._embedding.add(passages, seconds)
        self._read += passages
        self._model_seconds += seconds

    def transcribe(self, done: float, total: float) -> None:
        before, self._heard = self._heard, (done, self._clock())
        if before and done > before[0]:
            self._transcribing.add(done - before[0], self._heard[1] - before[1])
        self._show(int(done), int(total), self._transcribing)

    def _show(self, done: int, total: int, pace: ProgressRate, shown: str = "") -> None:
        rest = (total - done) / pace.each_second if pace.each_second else None
        remaining = "" if rest is None else f"{shown}{duration(rest)} left"
        self._progress.update(self._resource_task, completed=done, total=total, pace=remaining)
        if rest is not None:
            self._tell_left(rest)

    def finish(self, resource: Resource, state: State = State.INDEXED) -> None:
        self._finished += 1
        if not self._has_bars:
            self._print(f"{self._finished}/{self._total} {state.replace('_', ' ')}: {name_of(resource)}")
        self._progress.advance(self._build_task)
        if self._since is None:  # refused without work
            self._waiting[_sort(resource)] -= 1
        else:
            beside = self._clock() - self._since - self._model_seconds
            before = self._spent.get(_sort(resource), _Spent())
            spent = _Spent(before.resources + 1, before.passages + self._passages, before.beside + beside)
            self._spent[_sort(resource)], self._since = spent, None
        self._tell_left()

    def _tell_left(self, rest: float = 0.0) -> None:
        """Show the time that the build has left, with the `rest` of the current resource; nothing if it's unknown."""
        passages = seconds = 0.0
        known, waiting = 0, self._waiting.total()
        for sort, spent in self._spent.items():
            if spent.resources >= _KNOWN_AFTER:
                known += self._waiting[sort]
                passages += self._waiting[sort] * spent.passages / spent.resources
                seconds += self._waiting[sort] * spent.beside / spent.resources
        each_second, is_known = self._embedding.each_second, known >= _KNOWN_SHARE * waiting
        if waiting and is_known:
            share = waiting / known
            passages = max(share * passages - (self._read - self._taken - self._done), 0.0)
            is_known = bool(each_second or not passages)
            rest += share * seconds + (passages / each_second if each_second else 0.0)
        self._progress.update(self._build_task, pace=f"about {duration(rest)} left" if rest and is_known else "")

    def say(self, line: str) -> None:
        self._print(f"seekpoint: {clean(without_passwords(line))}")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)


_Sort: TypeAlias = tuple[Kind, bool]


class _Spent(NamedTuple):
    """Resources that are done, their passages, and the seconds that they took beside the model's."""

    resources: int = 0
    passages: int = 0
    beside: float = 0.0


def _sort(resource: Resource) -> _Sort:
    return resource.kind, resource.is_local


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

    def add(self, amount: float, seconds: float) -> None:
        """Record an amount that took so many seconds of work."""
        self._steps.append((amount, seconds))
        self._amount, self._seconds = self._amount + amount, self._seconds + seconds
        while self._seconds - self._steps[0][1] > _RECENT:
            old_amount, old_seconds = self._steps.popleft()
            self._amount, self._seconds = self._amount - old_amount, self._seconds - old_seconds

    @property
    def each_second(self) -> float:
        """The amount per second; 0 before the first progress."""
        return self._amount / self._seconds if self._seconds > 0 else 0.0
