"""Opening a library by its address; a folder belongs to the embedded backend."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seekpoint.index.store import Keeper, Reader, Revision, Writer
    from seekpoint.index.types import ModelCard


def default_folder() -> Path:
    """The default library, if neither --index nor $SEEKPOINT_INDEX is given."""
    from platformdirs import user_data_path

    return user_data_path("seekpoint") / "library"


def open_reader(address: Path, *, lasting: bool = False) -> Reader:
    """Open a library for reading; raises LibraryError. A `lasting` reader takes more memory, for many questions."""
    from seekpoint.index.embedded.reader import EmbeddedReader

    library_exists(address)
    return EmbeddedReader.open(address, lasting=lasting)


def open_writer(address: Path, card: ModelCard | None = None, say: Callable[[str], None] | None = None) -> Writer:
    """Open a library for changes; with a card, create it if there is none. Raises LibraryError.

    With `say`, a damaged library is opened too, and `say` is told what is lost; `Writer.mend` is to follow.
    """
    from seekpoint.index.embedded.writer import EmbeddedWriter

    library_exists(address)
    return EmbeddedWriter.acquire(address, card, say=say)


def open_keeper(address: Path) -> Keeper:
    """Open a library for changes of what is kept, also while a writer is at work; raises LibraryError."""
    from seekpoint.index.embedded.kept import EmbeddedKeeper

    library_exists(address)
    return EmbeddedKeeper.open(address)


def library_exists(address: Path) -> bool:
    """Whether there is a library, even a damaged one; one that a killed import had moved aside is moved back."""
    from seekpoint.index.embedded.manifest import FILE

    if not (address / FILE).exists():
        from seekpoint.index.transfer.staging import REPLACED, discard_unfinished

        with suppress(OSError):
            discard_unfinished(address.resolve(), holding=REPLACED)
    return (address / FILE).exists()


def check_vacant(address: Path) -> None:
    """Raise ForeignLibrary if a new library can't be created because something else is there."""
    from seekpoint.index.embedded import lock

    lock.check_not_a_file(address)
    if address.is_dir():
        lock.check_no_other_files(address)


def current_revision(address: Path) -> Revision:
    """The current revision of a library, without opening it; it equals a reader's until something changes."""
    from seekpoint.index.embedded import manifest

    return manifest.current_revision(address)
