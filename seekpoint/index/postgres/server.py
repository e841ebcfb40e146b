"""What is asked of a server without opening a library there."""

from __future__ import annotations

from contextlib import closing

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import LibraryNotFound
from seekpoint.index.postgres import schema
from seekpoint.index.postgres.reader import revision_of
from seekpoint.index.postgres.session import connect
from seekpoint.index.store import Revision


def library_exists(address: ServerAddress) -> bool:
    """Whether there is a library; raises LibraryError where the server can't be asked."""
    with closing(connect(address)) as session:
        return schema.exists(session)


def check_vacant(address: ServerAddress) -> None:
    """Raise ForeignLibrary if a new library can't be created because its schema holds something else."""
    with closing(connect(address)) as session:
        schema.check_vacant(session)


def is_written(address: ServerAddress) -> bool:
    """Whether a writer has locked a library."""
    with closing(connect(address)) as session:
        # A lock of the statement's own transaction, which ends with it.
        query = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
        return session.rows(query, address.library) != [(True,)]


def current_revision(address: ServerAddress) -> Revision:
    """The current revision of a library; no library has a revision of its own."""
    try:
        with closing(connect(address)) as session:
            return revision_of(session)
    except LibraryNotFound:
        return Revision(None, None)
