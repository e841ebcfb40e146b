"""Copying a library from a folder to a server and back; nothing is embedded again, and its chunks get new ids."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from seekpoint.index.address import ServerAddress
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.errors import LibraryError
from seekpoint.index.postgres import postgres_writer, schema
from seekpoint.index.postgres.postgres_reader import PostgresReader
from seekpoint.index.postgres.postgres_writer import PostgresWriter
from seekpoint.index.postgres.session import connect
from seekpoint.index.settings import LibrarySettings
from seekpoint.index.sql.port import COLUMNS


def to_server(
    folder: Path,
    address: ServerAddress,
    *,
    replacing_old: bool = False,
    progress: Callable[[int], None] = lambda chunks: None,
) -> int:
    """Copy the library in a folder to a server, all of it or nothing; `progress` is told of chunks.

    `replacing_old` allows replacing the library there. Returns how many moments that were kept in that one are kept on.
    Raises LibraryError.
    """
    moments: list[tuple[object, ...]] = []
    old = LibrarySettings()
    with EmbeddedReader.open(folder) as source, closing(connect(address)) as session, session.transaction():
        postgres_writer.lock(session, in_transaction=True)
        if schema.exists(session):
            if not replacing_old:
                raise LibraryError(
                    f"{address} holds a library already: add ?library=NAME to the address, or replace it with --replace"
                )
            moments = session.rows(f"SELECT {COLUMNS['kept']} FROM kept")
            old = PostgresWriter(session, source.card).settings
            schema.discard(session)
            schema.replace_schema(session, source.card)
        else:
            schema.create(session, source.card)
        target = PostgresWriter(session, source.card)
        target.prepare_copy(source.means.chunks)
        target.copy(source, progress)
        session.run_many("DELETE FROM kept WHERE (resource_id, place) = (%s, %s)", [row[:2] for row in moments])
        session.copy(f"kept ({COLUMNS['kept']})", moments)
        target.put_settings(**old.joined(target.settings))
        target.finish_copy(source.card)
        session.run("ANALYZE")
    return len(moments)


def to_folder(address: ServerAddress, folder: Path) -> None:
    """Copy a library from a server to a folder, where there is none yet."""
    with (
        PostgresReader.open(address) as source,
        EmbeddedWriter.acquire(folder, source.card, writes_indexes=False) as target,
        target.transaction(),
    ):
        target.copy(source)
