"""Opening a library by its address: a folder with the embedded backend, a database with PostgreSQL's, an extra."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from seekpoint.files import real_path
from seekpoint.index.address import Address, ServerAddress, check_not_a_file
from seekpoint.index.errors import UsageError
from seekpoint.index.types import ModelCard, Revision

if TYPE_CHECKING:
    from seekpoint.index.store import Keeper, Queue, Reader, Writer


@dataclass(frozen=True)
class FolderBackend:
    """A library in a folder: SQLite, FAISS and tantivy."""

    folder: Path
    is_shared = False

    def open_reader(self, lasting: bool) -> Reader:
        from seekpoint.index.embedded.embedded_reader import EmbeddedReader

        self._restore()
        return EmbeddedReader.open(self.folder, lasting=lasting)

    def open_writer(self, card: ModelCard | None, say: Callable[[str], None] | None) -> Writer:
        from seekpoint.index.embedded.embedded_writer import EmbeddedWriter

        self._restore()
        return EmbeddedWriter.acquire(self.folder, card, say=say)

    def open_keeper(self) -> Keeper:
        from seekpoint.index.embedded import embedded_writer

        self._restore()
        return embedded_writer.open_keeper(self.folder)

    def open_queue(self) -> NoReturn:
        raise UsageError(
            f"the library {self.folder} is a folder, which one build at a time writes: "
            "several builders need an address such as postgresql://HOST/DATABASE"
        )

    def open_worker(self) -> NoReturn:
        self.open_queue()

    def create(self, card: ModelCard, readers: Collection[str], builders: Collection[str], public: bool) -> ModelCard:
        raise UsageError(
            f"{self.folder} is a folder, and `build` makes it: give an address such as postgresql://HOST/talks"
        )

    def exists(self) -> bool:
        return self._restore()

    def _restore(self) -> bool:
        """Move a library back that a killed import had moved aside; whether one is there now."""
        from seekpoint.index.embedded.manifest import FILE

        if not (self.folder / FILE).exists():
            from seekpoint.index.embedded.staging import REPLACED, discard_unfinished

            with suppress(OSError):
                discard_unfinished(real_path(self.folder), holding=REPLACED)
        return (self.folder / FILE).exists()

    def check_vacant(self) -> None:
        from seekpoint.index.embedded import maintenance

        check_not_a_file(self.folder)
        if self.folder.is_dir():
            maintenance.check_no_other_files(self.folder)

    def is_written(self) -> bool:
        from seekpoint.index.embedded.database import library_errors
        from seekpoint.index.embedded.staging import is_held

        with library_errors(self.folder):
            return is_held(self.folder)

    def current_revision(self) -> Revision:
        from seekpoint.index.embedded import manifest

        return manifest.current_revision(self.folder)


@dataclass(frozen=True)
class ServerBackend:
    """A library in a database of PostgreSQL."""

    address: ServerAddress
    is_shared = True

    def open_reader(self, lasting: bool) -> Reader:
        from seekpoint.index.postgres.postgres_reader import PostgresReader

        return PostgresReader.open(self.address, lasting=lasting)

    def open_writer(self, card: ModelCard | None, say: Callable[[str], None] | None) -> Writer:
        from seekpoint.index.postgres.postgres_writer import PostgresWriter

        return PostgresWriter.acquire(self.address, card)

    def open_keeper(self) -> Keeper:
        from seekpoint.index.postgres import postgres_writer

        return postgres_writer.open_keeper(self.address)

    def open_queue(self) -> Queue:
        from seekpoint.index.postgres.queue import BuildQueue

        return BuildQueue.open(self.address, reads=True)

    def open_worker(self) -> tuple[Writer, Queue]:
        from seekpoint.index.postgres.postgres_writer import PostgresWriter
        from seekpoint.index.postgres.queue import BuildQueue

        queue = BuildQueue.open(self.address)
        try:
            return PostgresWriter.share(self.address, queue), queue
        except BaseException:
            queue.close()
            raise

    def create(self, card: ModelCard, readers: Collection[str], builders: Collection[str], public: bool) -> ModelCard:
        from seekpoint.index.postgres import schema, session

        if schema.EVERYONE in (*readers, *builders):
            raise UsageError(
                "public is every role of the server: name the roles, or say --public if all of them may read"
            )
        with closing(session.connect(self.address)) as opened:
            schema.create(opened, card)
            schema.grant(opened, [*readers, *([schema.EVERYONE] if public else [])], builders)
            return schema.check(opened)

    def exists(self) -> bool:
        from seekpoint.index.postgres import schema, session

        with closing(session.connect(self.address)) as opened:
            return schema.exists(opened)

    def check_vacant(self) -> None:
        from seekpoint.index.postgres import schema, session

        with closing(session.connect(self.address)) as opened:
            schema.check_vacant(opened)

    def is_written(self) -> bool:
        from seekpoint.index.postgres import postgres_reader

        return postgres_reader.is_written(self.address)

    def current_revision(self) -> Revision:
        from seekpoint.index.postgres import postgres_reader

        return postgres_reader.current_revision(self.address)


BACKENDS: Mapping[type, Callable[[Any], FolderBackend | ServerBackend]] = {
    Path: FolderBackend,
    ServerAddress: ServerBackend,
}
"""The backend for each kind of address; the functions below document its methods."""


def _backend(address: Address) -> FolderBackend | ServerBackend:
    return next(backend(address) for kind, backend in BACKENDS.items() if isinstance(address, kind))


def default_folder() -> Path:
    """The default library, if neither --index nor $SEEKPOINT_INDEX is given."""
    from platformdirs import user_data_path

    return user_data_path("seekpoint") / "library"


def is_shared(address: Address) -> bool:
    """Whether the library's readers share connections, so that one is opened for each question."""
    return _backend(address).is_shared


def open_reader(address: Address, *, lasting: bool = False) -> Reader:
    """Open a library for reading; raises LibraryError.

    A `lasting` reader of a folder takes more memory, for many questions. One of a server takes a connection that the
    process keeps.
    """
    return _backend(address).open_reader(lasting)


def open_writer(address: Address, card: ModelCard | None = None, say: Callable[[str], None] | None = None) -> Writer:
    """Open a library for changes; with a card, create it if there is none. Raises LibraryError.

    With `say`, a damaged library is opened too, and `say` is told what is lost; `Writer.mend` is to follow.
    """
    return _backend(address).open_writer(card, say)


def open_keeper(address: Address) -> Keeper:
    """Open a library for changes of what is kept, also while a writer is at work; raises LibraryError."""
    return _backend(address).open_keeper()


def open_queue(address: Address) -> Queue:
    """Open the queue of a library, for one that only reads, beside others; raises LibraryError."""
    return _backend(address).open_queue()


def open_worker(address: Address) -> tuple[Writer, Queue]:
    """Open a library for a builder beside others, and the queue that they take from; raises LibraryError."""
    return _backend(address).open_worker()


def create_library(
    address: Address,
    card: ModelCard,
    *,
    readers: Collection[str] = (),
    builders: Collection[str] = (),
    public: bool = False,
) -> ModelCard:
    """Create a library, unless it is there, that readers, builders or the `public` may use; returns its model."""
    return _backend(address).create(card, readers, builders, public)


def library_exists(address: Address) -> bool:
    """Whether there is a library, even a damaged one; one that a killed import had moved aside is moved back."""
    return _backend(address).exists()


def check_vacant(address: Address) -> None:
    """Raise ForeignLibrary if a new library can't be created because something else is there."""
    _backend(address).check_vacant()


def is_written(address: Address) -> bool:
    """Whether a writer is at work on a library, so that no other one can be opened; raises LibraryError."""
    return _backend(address).is_written()


def current_revision(address: Address) -> Revision:
    """The current revision of a library, without opening it; it equals a reader's until something changes."""
    return _backend(address).current_revision()
