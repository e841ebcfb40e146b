"""Progress events of a build."""

from __future__ import annotations

from collections.abc import Callable

from seekpoint.index.file_types import local_file
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Resource


class BuildEvents:
    """Progress events; the base class ignores them."""

    def begin(self, jobs: int) -> None:
        """The build starts with `jobs` resources to work on."""

    def work_on(self, resource: Resource) -> None:
        """Work on a resource starts."""

    def embed(self, done: int, total: int) -> None:
        """`done` of the resource's `total` passages are embedded."""

    def transcribe(self, done: float, total: float) -> None:
        """`done` of a recording's `total` seconds are transcribed."""

    def finish(self, resource: Resource) -> None:
        """Work on the resource has ended, successfully or not."""

    def say(self, line: str) -> None:
        """A message for the user."""


def name_of(resource: Resource) -> str:
    """The name of a resource in progress: its title, else its file's name or its address."""
    file = local_file(resource.url)
    return clean(resource.title or (file.name if file else resource.url))


class MessageEvents(BuildEvents):
    """Progress events as messages, a line each."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._title = ""

    def work_on(self, resource: Resource) -> None:
        self._title = name_of(resource)
        self._tell(self._title)

    def embed(self, done: int, total: int) -> None:
        self._tell(f"{self._title}: {done} of {total} passages")

    def say(self, line: str) -> None:
        self._tell(clean(line))
