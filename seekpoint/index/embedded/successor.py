"""The writer of a library's successor, which lies inside the library's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from seekpoint.index.embedded import reembedding
from seekpoint.index.errors import DamagedLibrary
from seekpoint.index.store import Writer
from seekpoint.index.types import ModelCard


def acquire_writer(
    library: Path, card: ModelCard, say: Callable[[str], None], acquire: Callable[[Path, ModelCard], Writer]
) -> Writer:
    """The writer of the unfinished successor for this model, or of a new one; raises LibraryError.

    `say` is told when a successor is discarded because it is damaged or was begun for another model.
    """
    unfinished = reembedding.unfinished_model(library)
    if unfinished and unfinished != card:
        say(f"what was embedded again for the model {unfinished.name} is dropped: {card.name} starts anew")
        reembedding.discard(library)
    folder = reembedding.successor_of(library)
    try:
        return acquire(folder, card)
    except DamagedLibrary:
        say(f"what was embedded again in {folder} is damaged and dropped: {card.name} starts anew")
        reembedding.discard(library)
        return acquire(folder, card)
