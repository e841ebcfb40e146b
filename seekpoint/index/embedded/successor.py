"""A library's successor: its transcripts with another model's vectors, in the making.

It is a library of its own inside the folder of the present one. It survives interruptions, and follows the changes of
the present one.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seekpoint.index.embedded import reembedding
from seekpoint.index.embedded.writer import EmbeddedWriter
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.store import Due
from seekpoint.index.types import ModelCard

if TYPE_CHECKING:
    from pathlib import Path

_SOURCE = "the library"


class EmbeddedSuccessor:
    """The transcripts of a library with another model's vectors, as far as they are embedded; use it in a `with`."""

    def __init__(self, library: EmbeddedWriter, writer: EmbeddedWriter) -> None:
        self._library = library
        self.writer = writer

    @classmethod
    def open(cls, library: EmbeddedWriter, card: ModelCard, say: Callable[[str], None]) -> Self:
        """Go on with the successor that was begun, or begin one; raises LibraryError."""
        before = reembedding.begun(library.address)
        if before and before != card:
            say(f"what was embedded again for the model {before.name} is dropped: {card.name} starts anew")
            reembedding.discard(library.address)
        folder = library.address / reembedding.FOLDER
        try:
            return cls(library, _acquired(folder, card))
        except DamagedLibrary:
            say(f"what was embedded again in {folder} is damaged and dropped: {card.name} starts anew")
            reembedding.discard(library.address)
            return cls(library, _acquired(folder, card))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.__exit__(kind, error, trace)

    def due(self) -> list[Due]:
        """The resources that the library holds and this doesn't; what the library has lost is removed."""
        editions = self._library.editions()
        done = {resource_id: standing.inputs for resource_id, standing in self.writer.standings().items()}
        self.writer.remove([resource_id for resource_id in done if resource_id not in editions])
        resources = self._library.resources(list(editions))
        self.writer.register(_SOURCE, [resources[resource_id] for resource_id in editions])
        return [Due(resources[key], edition) for key, edition in editions.items() if done.get(key) != edition]


def _acquired(folder: Path, card: ModelCard) -> EmbeddedWriter:
    return EmbeddedWriter.acquire(folder, card, writes_vectors=False)
