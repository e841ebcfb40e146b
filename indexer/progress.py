"""What a build shows while it works: on standard error, and only where a person looks at it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from index.text import clean
from index.types import Resource
from indexer.watcher import Watcher


class ProgressBars(Watcher):
    """Two bars, one for the build and one for the resource in work; warnings are lines above them."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        silent = not self._console.is_terminal
        self._progress = Progress(*columns, console=self._console, transient=True, disable=silent)
        self._whole = self._progress.add_task("Resources", total=None)
        self._current = self._progress.add_task("", total=None, visible=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, jobs: int) -> None:
        self._progress.update(self._whole, total=jobs)

    def work_on(self, resource: Resource) -> None:
        title = clean(resource.title or resource.url)[:50]
        self._progress.reset(self._current, description=title, visible=True, total=None)

    def embed(self, done: int, total: int) -> None:
        self._progress.update(self._current, completed=done, total=total)

    def listen(self, heard: float, total: float) -> None:
        self._progress.update(self._current, completed=int(heard), total=int(total))

    def finish(self, resource: Resource) -> None:
        self._progress.advance(self._whole)

    def say(self, line: str) -> None:
        self._console.print(f"seekpoint: {clean(line)}", markup=False, emoji=False, highlight=False, soft_wrap=True)
