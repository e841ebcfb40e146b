"""A library's successor: its transcripts with another model's vectors, in the making.

It is a library of its own inside the folder of the present one. It survives interruptions, and follows the changes of
the present one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from seekpoint.index.embedded import reembedding
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.store import Due, Reader, Writer
from seekpoint.index.types import ModelCard

_SOURCE = "the library"


class EmbeddedSuccessor:
    """The transcripts of a library with another model's vectors, as far as they are embedded; use it in a `with`.

    `editions` says which transcripts the library holds of each resource.
    """

    def __init__(self, library: Reader, editions: Callable[[], Mapping[str, str]], writer: Writer) -> None:
        self._library = library
        self._editions = editions
        self.writer = writer

    def __enter__(self) -> EmbeddedSuccessor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.__exit__(kind, error, trace)

    def due(self) -> list[Due]:
        """The resources that the library holds and this doesn't; what the library has lost is removed."""
        editions = self._editions()
        done = {resource_id: standing.inputs for resource_id, standing in self.writer.standings().items()}
        self.writer.remove([resource_id for resource_id in done if resource_id not in editions])
        resources = self._library.resources(list(editions))
        self.writer.register(_SOURCE, [resources[resource_id] for resource_id in editions])
        return [Due(resources[key], edition) for key, edition in editions.items() if done.get(key) != edition]


def acquire_writer(
    library: Path, card: ModelCard, say: Callable[[str], None], acquire: Callable[[Path, ModelCard], Writer]
) -> Writer:
    """The writer of the successor that was begun for a model, or of a new one; raises LibraryError."""
    before = reembedding.unfinished_model(library)
    if before and before != card:
        say(f"what was embedded again for the model {before.name} is dropped: {card.name} starts anew")
        reembedding.discard(library)
    folder = library / reembedding.FOLDER
    try:
        return acquire(folder, card)
    except DamagedLibrary:
        say(f"what was embedded again in {folder} is damaged and dropped: {card.name} starts anew")
        reembedding.discard(library)
        return acquire(folder, card)
