"""A library's successor: its transcripts, being embedded again for another model.

It is a library of its own beside the first. It survives interruptions, and follows changes of the library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType

from seekpoint.index.store import Due, Reader, Writer

_SOURCE = "the library"


class SuccessorLibrary:
    """The transcripts that are already embedded with the new model; a context manager.

    `editions` gives the current edition of each resource's transcripts in the library.
    """

    def __init__(self, library: Reader, editions: Callable[[], Mapping[str, str]], writer: Writer) -> None:
        self._library = library
        self._editions = editions
        self.writer = writer

    def __enter__(self) -> SuccessorLibrary:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.__exit__(kind, error, trace)

    def due(self) -> list[Due]:
        """The resources still to embed, after removing from the successor what the library no longer has."""
        editions = self._editions()
        done = {resource_id: standing.inputs for resource_id, standing in self.writer.standings().items()}
        self.writer.remove([resource_id for resource_id in done if resource_id not in editions])
        resources = self._library.resources(list(editions))
        self.writer.register(_SOURCE, [resources[resource_id] for resource_id in editions])
        return [Due(resources[key], edition) for key, edition in editions.items() if done.get(key) != edition]
