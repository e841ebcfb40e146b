"""Who is told what a build does."""

from __future__ import annotations

from seekpoint.index.types import Resource


class BuildEvents:
    """Is told what a build does; this one keeps silent."""

    def begin(self, jobs: int) -> None:
        """So many resources have something to be done."""

    def work_on(self, resource: Resource) -> None:
        """This resource is next."""

    def embed(self, done: int, total: int) -> None:
        """So many passages of the resource are embedded."""

    def listen(self, heard: float, total: float) -> None:
        """So many seconds of a recording are transcribed."""

    def finish(self, resource: Resource) -> None:
        """The resource is done with, for better or worse."""

    def say(self, line: str) -> None:
        """Something that the user should know now."""
