"""What a library will hold by another model, in the making: a library of its own, inside the folder of the present one.

It outlives interruptions, and follows what becomes of the present one meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from seekpoint.index.embedded import database
from seekpoint.index.embedded.library import Library
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.writer import Writer
from seekpoint.index.errors import DamagedLibrary, LibraryError
from seekpoint.index.types import ModelCard, Resource

if TYPE_CHECKING:
    from seekpoint.index.embedded.holdings import Holdings

FOLDER = "reembedding"
"""The folder's name inside the library's."""

_SOURCE = "the library"


class Due(NamedTuple):
    """A resource whose transcripts are to be embedded, and the edition that they are."""

    resource: Resource
    edition: str


class Successor(Writer):
    """The transcripts of a library with another model's vectors, as far as they are embedded."""

    @classmethod
    def to(cls, library: Library, card: ModelCard, say: Callable[[str], None]) -> Self:
        """Go on with the one that was begun, or begin one where that was for another model; raises LibraryError."""
        before = begun(library.folder)
        if before and before != card:
            say(f"what was embedded again for the model {before.name} is dropped: {card.name} starts anew")
            discard(library.folder)
        folder = library.folder / FOLDER
        try:
            return cls.open(folder, card)
        except DamagedLibrary:
            say(f"what was embedded again in {folder} is damaged and dropped: {card.name} starts anew")
            discard(library.folder)
            return cls.open(folder, card)

    def due(self, library: Library) -> list[Due]:
        """What the library holds and this doesn't, or no longer; what the library has lost is taken out."""
        editions = library.editions()
        done = {resource_id: standing.inputs for resource_id, standing in self.standings().items()}
        self.remove([resource_id for resource_id in done if resource_id not in editions])
        resources = library.resources(list(editions))
        self.register(_SOURCE, [resources[resource_id] for resource_id in editions])
        return [Due(resources[key], edition) for key, edition in editions.items() if done.get(key) != edition]

    def _write_vectors(self, holdings: Holdings) -> None:
        """Nobody asks it: its vectors get files when they are in their place."""
        self._unsealed = 0


def begun(library: Path) -> ModelCard | None:
    """The model that a library's successor was begun for, if one was."""
    with suppress(LibraryError, OSError):
        return Manifest.load(library / FOLDER).model
    return None


def discard(library: Path) -> None:
    """Delete a library's successor, if one was begun; a kill leaves one that is known for damaged."""
    folder = library / FOLDER
    with database.explained(library):
        if folder.is_dir():
            for path in sorted(folder.iterdir(), key=lambda path: path.name == MANIFEST):
                path.unlink()
            folder.rmdir()
