"""The events of a build, as the progress that the page shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from seekpoint.index.types import Resource
from seekpoint.indexer.events import BuildEvents, name_of
from seekpoint.query.web.builds import MOST_LINES, BuildProgress

# Seconds: nobody sees more of them.
_BETWEEN_PARTS = 0.2


class ProgressEvents(BuildEvents):
    """Tells the progress at each event."""

    def __init__(self, tell: Callable[[BuildProgress], None]) -> None:
        self.progress = BuildProgress(is_running=True)
        self._tell = tell
        self._last = 0.0

    def begin(self, jobs: int) -> None:
        self._to(done=0, total=jobs)

    def work_on(self, resource: Resource) -> None:
        self._to(title=name_of(resource), part=0, parts=0)

    def embed(self, done: int, total: int) -> None:
        self._to_part(done, total)

    def transcribe(self, done: float, total: float) -> None:
        self._to_part(int(done), int(total))

    def finish(self, resource: Resource) -> None:
        self._to(done=self.progress.done + 1)

    def say(self, line: str) -> None:
        self._to(lines=(*self.progress.lines, line)[-MOST_LINES:])

    def _to_part(self, part: int, parts: int) -> None:
        if time.monotonic() - self._last >= _BETWEEN_PARTS:
            self._last = time.monotonic()
            self._to(part=part, parts=parts)

    def _to(self, **values: object) -> None:
        self.progress = replace(self.progress, **values)  # type: ignore[arg-type]
        self._tell(self.progress)
