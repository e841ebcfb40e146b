"""Opening a library by its address: a folder with the embedded backend, a database with PostgreSQL's, an extra."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from seekpoint.files import real_path
from seekpoint.index.address import Address, ServerAddress, check_not_a_file
from seekpoint.index.errors import UsageError
from seekpoint.index.types import ModelCard, Revision

if TYPE_CHECKING:
    from seekpoint.index.store import Keeper, Queue, Reader, Writer

_A = TypeVar("_A", contravariant=True)


class Backend(Protocol[_A]):
    """What becomes of an address of one kind; the functions below document the methods."""

    is_shared: bool

    def open_reader(self, address: _A, lasting: bool) -> Reader: ...
    def open_writer(self, address: _A, card: ModelCard | None, say: Callable[[str], None] | None) -> Writer: ...
    def open_keeper(self, address: _A) -> Keeper: ...
    def open_worker(self, address: _A) -> tuple[Writer, Queue]: ...
    def create(
        self, address: _A, card: ModelCard, readers: Collection[str], builders: Collection[str], public: bool
    ) -> ModelCard: ...
    def exists(self, address: _A) -> bool: ...
    def check_vacant(self, address: _A) -> None: ...
    def is_written(self, address: _A) -> bool: ...
    def current_revision(self, address: _A) -> Revision: ...


class FolderBackend:
    """Libraries in folders: SQLite, FAISS and tantivy."""

    is_shared = False

    def open_reader(self, folder: Path, lasting: bool) -> Reader:
        from seekpoint.index.embedded.embedded_reader import EmbeddedReader

        self.exists(folder)
        return EmbeddedReader.open(folder, lasting=lasting)

    def open_writer(self, folder: Path, card: ModelCard | None, say: Callable[[str], None] | None) -> Writer:
        from seekpoint.index.embedded.embedded_writer import EmbeddedWriter

        self.exists(folder)
        return EmbeddedWriter.acquire(folder, card, say=say)

    def open_keeper(self, folder: Path) -> Keeper:
        from seekpoint.index.embedded import embedded_writer

        self.exists(folder)
        return embedded_writer.open_keeper(folder)

    def open_worker(self, folder: Path) -> tuple[Writer, Queue]:
        raise UsageError(
            f"the library {folder} is a folder, which one build at a time writes: "
            "several builders need an address such as postgresql://HOST/DATABASE"
        )

    def create(
        self, folder: Path, card: ModelCard, readers: Collection[str], builders: Collection[str], public: bool
    ) -> ModelCard:
        raise UsageError(f"{folder} is a folder, and `build` makes it: give an address such as postgresql://HOST/talks")

    def exists(self, folder: Path) -> bool:
        from seekpoint.index.embedded.manifest import FILE

        if not (folder / FILE).exists():
            from seekpoint.index.embedded.staging import REPLACED, discard_unfinished

            with suppress(OSError):
                discard_unfinished(real_path(folder), holding=REPLACED)
        return (folder / FILE).exists()

    def check_vacant(self, folder: Path) -> None:
        from seekpoint.index.embedded import maintenance

        check_not_a_file(folder)
        if folder.is_dir():
            maintenance.check_no_other_files(folder)

    def is_written(self, folder: Path) -> bool:
        from seekpoint.index.embedded.database import library_errors
        from seekpoint.index.embedded.staging import is_held

        with library_errors(folder):
            return is_held(folder)

    def current_revision(self, folder: Path) -> Revision:
        from seekpoint.index.embedded import manifest

        return manifest.current_revision(folder)


class ServerBackend:
    """Libraries in databases of PostgreSQL."""

    is_shared = True

    def open_reader(self, address: ServerAddress, lasting: bool) -> Reader:
        from seekpoint.index.postgres.postgres_reader import PostgresReader

        return PostgresReader.open(address, lasting=lasting)

    def open_writer(self, address: ServerAddress, card: ModelCard | None, say: Callable[[str], None] | None) -> Writer:
        from seekpoint.index.postgres.postgres_writer import PostgresWriter

        return PostgresWriter.acquire(address, card)

    def open_keeper(self, address: ServerAddress) -> Keeper:
        from seekpoint.index.postgres import postgres_writer

        return postgres_writer.open_keeper(address)

    def open_worker(self, address: ServerAddress) -> tuple[Writer, Queue]:
        from seekpoint.index.postgres.postgres_writer import PostgresWriter
        from seekpoint.index.postgres.queue import BuildQueue

        queue = BuildQueue.open(address)
        try:
            return PostgresWriter.share(address, queue), queue
        except BaseException:
            queue.close()
            raise

    def create(
        self, address: ServerAddress, card: ModelCard, readers: Collection[str], builders: Collection[str], public: bool
    ) -> ModelCard:
        from seekpoint.index.postgres import schema, session

        if schema.EVERYONE in (*readers, *builders):
            raise UsageError(
                "public is every role of the server: name the roles, or say --public if all of them may read"
            )
        with closing(session.connect(address)) as opened:
            schema.create(opened, card)
            schema.grant(opened, [*readers, *([schema.EVERYONE] if public else [])], builders)
            return schema.check(opened)

    def exists(self, address: ServerAddress) -> bool:
        from seekpoint.index.postgres import schema, session

        with closing(session.connect(address)) as opened:
            return schema.exists(opened)

    def check_vacant(self, address: ServerAddress) -> None:
        from seekpoint.index.postgres import schema, session

        with closing(session.connect(address)) as opened:
            schema.check_vacant(opened)

    def is_written(self, address: ServerAddress) -> bool:
        from seekpoint.index.postgres import postgres_reader

        return postgres_reader.is_written(address)

    def current_revision(self, address: ServerAddress) -> Revision:
        from seekpoint.index.postgres import postgres_reader

        return postgres_reader.current_revision(address)


BACKENDS: Mapping[type, Backend[Any]] = {Path: FolderBackend(), ServerAddress: ServerBackend()}
"""The backend for each kind of address."""


def _backend(address: Address) -> Backend[Any]:
    return next(backend for kind, backend in BACKENDS.items() if isinstance(address, kind))


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
    return _backend(address).open_reader(address, lasting)


def open_writer(address: Address, card: ModelCard | None = None, say: Callable[[str], None] | None = None) -> Writer:
    """Open a library for changes; with a card, create it if there is none. Raises LibraryError.

    With `say`, a damaged library is opened too, and `say` is told what is lost; `Writer.mend` is to follow.
    """
    return _backend(address).open_writer(address, card, say)


def open_keeper(address: Address) -> Keeper:
    """Open a library for changes of what is kept, also while a writer is at work; raises LibraryError."""
    return _backend(address).open_keeper(address)


def open_worker(address: Address) -> tuple[Writer, Queue]:
    """Open a library for a builder beside others, and the queue that they take from; raises LibraryError."""
    return _backend(address).open_worker(address)


def create_library(
    address: Address,
    card: ModelCard,
    *,
    readers: Collection[str] = (),
    builders: Collection[str] = (),
    public: bool = False,
) -> ModelCard:
    """Create a library, unless it is there, that readers, builders or the `public` may use; returns its model."""
    return _backend(address).create(address, card, readers, builders, public)


def library_exists(address: Address) -> bool:
    """Whether there is a library, even a damaged one; one that a killed import had moved aside is moved back."""
    return _backend(address).exists(address)


def check_vacant(address: Address) -> None:
    """Raise ForeignLibrary if a new library can't be created because something else is there."""
    _backend(address).check_vacant(address)


def is_written(address: Address) -> bool:
    """Whether a writer is at work on a library, so that no other one can be opened; raises LibraryError."""
    return _backend(address).is_written(address)


def current_revision(address: Address) -> Revision:
    """The current revision of a library, without opening it; it equals a reader's until something changes."""
    return _backend(address).current_revision(address)
