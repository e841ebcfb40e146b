"""Opening a library by its address: a folder with the embedded backend, a database with PostgreSQL's, an extra."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seekpoint.files import real_path
from seekpoint.index.address import Address, ServerAddress, check_not_a_file
from seekpoint.index.errors import UsageError
from seekpoint.index.types import ModelCard, Revision

if TYPE_CHECKING:
    from seekpoint.index.store import Keeper, Queue, Reader, Writer


def default_folder() -> Path:
    """The default library, if neither --index nor $SEEKPOINT_INDEX is given."""
    from platformdirs import user_data_path

    return user_data_path("seekpoint") / "library"


def is_shared(address: Address) -> bool:
    """Whether the library's readers share connections, so that one is opened for each question."""
    return isinstance(address, ServerAddress)


def open_reader(address: Address, *, lasting: bool = False) -> Reader:
    """Open a library for reading; raises LibraryError.

    A `lasting` reader of a folder takes more memory, for many questions. One of a server takes a connection that the
    process keeps.
    """
    if isinstance(address, ServerAddress):
        from seekpoint.index.postgres.postgres_reader import PostgresReader

        return PostgresReader.open(address, lasting=lasting)
    from seekpoint.index.embedded.embedded_reader import EmbeddedReader

    library_exists(address)
    return EmbeddedReader.open(address, lasting=lasting)


def open_writer(address: Address, card: ModelCard | None = None, say: Callable[[str], None] | None = None) -> Writer:
    """Open a library for changes; with a card, create it if there is none. Raises LibraryError.

    With `say`, a damaged library is opened too, and `say` is told what is lost; `Writer.mend` is to follow.
    """
    if isinstance(address, ServerAddress):
        from seekpoint.index.postgres.postgres_writer import PostgresWriter

        return PostgresWriter.acquire(address, card)
    from seekpoint.index.embedded.embedded_writer import EmbeddedWriter

    library_exists(address)
    return EmbeddedWriter.acquire(address, card, say=say)


def open_keeper(address: Address) -> Keeper:
    """Open a library for changes of what is kept, also while a writer is at work; raises LibraryError."""
    if isinstance(address, ServerAddress):
        from seekpoint.index.postgres import postgres_port

        return postgres_port.open_keeper(address)
    from seekpoint.index.embedded import sqlite_port

    library_exists(address)
    return sqlite_port.open_keeper(address)


def open_worker(address: Address) -> tuple[Writer, Queue]:
    """Open a library for a builder beside others, and the queue that they take from; raises LibraryError."""
    if not isinstance(address, ServerAddress):
        raise UsageError(
            f"the library {address} is a folder, which one build at a time writes: "
            "several builders need an address such as postgresql://HOST/DATABASE"
        )
    from seekpoint.index.postgres.postgres_writer import PostgresWriter
    from seekpoint.index.postgres.queue import BuildQueue

    queue = BuildQueue.open(address)
    try:
        return PostgresWriter.share(address, queue), queue
    except BaseException:
        queue.close()
        raise


def create_library(
    address: ServerAddress,
    card: ModelCard,
    *,
    readers: Collection[str] = (),
    builders: Collection[str] = (),
    public: bool = False,
) -> ModelCard:
    """Create a library, unless it is there, that readers, builders or the `public` may use; returns its model."""
    from seekpoint.index.postgres import schema, session

    if schema.EVERYONE in (*readers, *builders):
        raise UsageError("public is every role of the server: name the roles, or say --public if all of them may read")
    with closing(session.connect(address)) as opened:
        schema.create(opened, card)
        schema.grant(opened, [*readers, *([schema.EVERYONE] if public else [])], builders)
        return schema.check(opened)


def library_exists(address: Address) -> bool:
    """Whether there is a library, even a damaged one; one that a killed import had moved aside is moved back."""
    if isinstance(address, ServerAddress):
        from seekpoint.index.postgres import schema, session

        with closing(session.connect(address)) as opened:
            return schema.exists(opened)
    from seekpoint.index.embedded.manifest import FILE

    if not (address / FILE).exists():
        from seekpoint.index.embedded.staging import REPLACED, discard_unfinished

        with suppress(OSError):
            discard_unfinished(real_path(address), holding=REPLACED)
    return (address / FILE).exists()


def check_vacant(address: Address) -> None:
    """Raise ForeignLibrary if a new library can't be created because something else is there."""
    if isinstance(address, ServerAddress):
        from seekpoint.index.postgres import schema, session

        with closing(session.connect(address)) as opened:
            schema.check_vacant(opened)
        return
    from seekpoint.index.embedded import maintenance

    check_not_a_file(address)
    if address.is_dir():
        maintenance.check_no_other_files(address)


def is_written(address: Address) -> bool:
    """Whether a writer is at work on a library, so that no other one can be opened; raises LibraryError."""
    if isinstance(address, ServerAddress):
        from seekpoint.index.postgres import postgres_reader

        return postgres_reader.is_written(address)
    from seekpoint.index.embedded.database import library_errors
    from seekpoint.index.embedded.staging import is_held

    with library_errors(address):
        return is_held(address)


def current_revision(address: Address) -> Revision:
    """The current revision of a library, without opening it; it equals a reader's until something changes."""
    if isinstance(address, ServerAddress):
        from seekpoint.index.postgres import postgres_reader

        return postgres_reader.current_revision(address)
    from seekpoint.index.embedded import manifest

    return manifest.current_revision(address)
