"""A library in a folder, open for changes: one writer at a time, and one transaction for each resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from seekpoint.index.embedded import catalogue, database, maintenance, names, successor_folder
from seekpoint.index.embedded import names as _translations
from seekpoint.index.embedded import transcripts as _transcripts
from seekpoint.index.embedded.database import library_errors
from seekpoint.index.embedded.maintenance import Maintenance, Opened, open_locked
from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.embedded.successor_folder import acquire_writer
from seekpoint.index.errors import DamagedLibrary, LibraryError
from seekpoint.index.reasons import row_of
from seekpoint.index.records.stored_rows import SuccessorLibrary, details_text
from seekpoint.index.store import LISTED, Known, Successor, Translations
from seekpoint.index.types import (
    Details,
    EmbeddedTranscript,
    Kind,
    ModelCard,
    NamedBy,
    Playlist,
    Resource,
    State,
    Transcript,
)

if TYPE_CHECKING:
    from filelock import FileLock


class EmbeddedWriter(EmbeddedReader):
    """A library in a folder, open for changes; `store.Writer` documents the methods."""

    def __init__(self, folder: Path, opened: Opened, file_lock: FileLock, *, writes_indexes: bool) -> None:
        super().__init__(folder, opened.connection, opened.manifest)
        self._lock = file_lock
        self._mended = opened.mended
        self._maintenance = Maintenance(folder, opened.connection, opened.manifest, writes_indexes=writes_indexes)

    @classmethod
    def acquire(
        cls,
        folder: Path,
        card: ModelCard | None = None,
        *,
        say: Callable[[str], None] | None = None,
        writes_indexes: bool = True,
    ) -> Self:
        """Lock a library and open it for changes; with a card, create it if there is none. Raises LibraryError.

        With `say`, a damaged library is opened too, and `say` is told what is lost; `mend` is to follow.
        `writes_indexes` is false for a library that nobody searches, such as a successor.
        """
        file_lock = maintenance.acquire(folder, create=card is not None, mends=say is not None)
        try:
            with library_errors(folder):
                return cls(folder, open_locked(folder, card, say), file_lock, writes_indexes=writes_indexes)
        except BaseException:
            file_lock.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._maintenance.seal()
        except LibraryError:
            if error is None:  # else the error of the block tells the user more
                raise
        finally:
            self._connection.close()
            self._lock.release()

    @property
    def card(self) -> ModelCard:
        return self._maintenance.manifest.model

    def verify(self) -> None:
        from seekpoint.index.embedded.damage import verify

        verify(self._folder, self._connection, self._maintenance.manifest)

    def transaction(self) -> AbstractContextManager[None]:
        return self._maintenance.transaction()

    def write_indexes(self, progress: Callable[[int], None]) -> None:
        """Write the indexes that are due; `progress` is told how many chunks were written since the last call."""
        self._maintenance.write_indexes(progress)

    def mend(self, embed: Callable[[str, Transcript], EmbeddedTranscript]) -> Sequence[str]:
        if self._mended is None:
            return ()
        standings = self.standings()
        for resource_id in self._mended.derived:
            embedded = [embed(resource_id, transcript) for transcript in self.transcripts(resource_id)]
            details = self.details([resource_id])[resource_id]
            self.commit(resource_id, embedded, details, standings[resource_id].inputs or "")
        self.verify()
        (self._folder / database.DAMAGE_MARK).unlink(missing_ok=True)
        return self._mended.given_up

    # The lists

    def register(self, source: str, resources: Sequence[Resource], named_by: NamedBy = NamedBy.OWNER) -> None:
        entries = ((resource, path) for resource in resources for path in resource.sections or ((),))
        rows = {
            (resource.id, json.dumps(path, ensure_ascii=False)): (position, resource.title)
            for position, (resource, path) in enumerate(entries)
        }
        listed = self._query("SELECT * FROM listing WHERE source = ? AND listed", source)
        stored = {(row["resource_id"], row["path"]): (row["position"], row["title"]) for row in listed}
        if rows == stored and all(row["named_by"] == named_by for row in listed):
            return
        with self._maintenance.change():
            self._add(resources)
            self._connection.execute("UPDATE listing SET listed = 0 WHERE source = ?", (source,))
            self._connection.executemany(
                "DELETE FROM listing WHERE source = ? AND resource_id = ?", {(source, r.id) for r in resources}
            )
            self._connection.executemany(
                "INSERT INTO listing (named_by, source, resource_id, path, position, title) VALUES (?, ?, ?, ?, ?, ?)",
                [(named_by, source, *key, *value) for key, value in rows.items()],
            )
            names.update_titles(self._connection, _renamed(stored, rows))

    def keep_playlist(self, playlist_id: str, playlist: Playlist) -> None:
        failed = self._query("SELECT 1 FROM resource WHERE id = ? AND reason IS NOT NULL", playlist_id)
        if not failed and self._catalogue.playlists(playlist_id).get(playlist_id) == playlist:
            return
        with self._maintenance.change():
            self._connection.execute("DELETE FROM playlist_entry WHERE playlist_id = ?", (playlist_id,))
            self._connection.executemany(
                "INSERT INTO playlist_entry VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (playlist_id, position, video.id, video.kind, video.url, video.title, row_of(entry.fault))
                    for position, entry in enumerate(playlist.entries)
                    for video in (entry.resource,)
                ],
            )
            self._set_indexed(playlist_id, LISTED, Details(title=playlist.title or None))

    def unlisted(self, sources: Iterable[str]) -> list[str]:
        rows = self._query(
            """SELECT DISTINCT resource_id FROM listing AS gone WHERE NOT listed
               AND source IN (SELECT value FROM json_each(?))
               AND NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = gone.resource_id)""",
            json.dumps(list(sources)),
        )
        return [row["resource_id"] for row in rows]

    def remove(self, ids: Collection[str]) -> None:
        if ids:
            with self._maintenance.change():
                for resource_id in ids:
                    _transcripts.remove(self._connection, resource_id, self.card)
                    self._connection.execute("DELETE FROM resource WHERE id = ?", (resource_id,))

    def move(self, resource_id: str, target: Resource) -> None:
        with self._maintenance.change():
            self._add([target])
            self._connection.execute(
                "UPDATE OR REPLACE listing SET resource_id = ? WHERE resource_id = ? AND listed",
                (target.id, resource_id),
            )
            catalogue.move_kept(self._connection, resource_id, target)
            self.remove([resource_id])
            names.update_titles(self._connection, [target.id])

    def _add(self, resources: Iterable[Resource]) -> None:
        """Store resources that are new; one that an imported library has at another address gets its own."""
        self._connection.executemany(
            """INSERT INTO resource (id, kind, url, state) VALUES (?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET url = excluded.url WHERE url <> excluded.url""",
            [(resource.id, resource.kind, resource.url, State.PENDING) for resource in resources],
        )

    # The resources

    def known(self, resource_id: str) -> Known:
        from seekpoint.index.embedded import pieces

        with library_errors(self._folder):
            return Known(
                _transcripts.known_vectors(self._connection, resource_id, self.card.dimension),
                pieces.known_pieces(self._connection, resource_id, self.card),
            )

    def commit(
        self,
        resource_id: str,
        transcripts: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        with self._maintenance.change():
            self._replace(resource_id, transcripts, details)
            self._set_indexed(resource_id, inputs, details)
            if kind:
                self._connection.execute("UPDATE resource SET kind = ? WHERE id = ?", (kind, resource_id))
        self._maintenance.after_commit(sum(len(embedded.chunks) for embedded in transcripts))

    def set_state(
        self,
        resource_id: str,
        state: State,
        *,
        reason: str | None = None,
        retry_after: float | None = None,
        inputs: str | None = None,
    ) -> None:
        values = (state, row_of(reason), retry_after, inputs, resource_id)
        if self._query(
            "SELECT 1 FROM resource WHERE (state, reason, retry_after, inputs, id) IS (?, ?, ?, ?, ?)", *values
        ):
            return
        with self._maintenance.change():
            self._connection.execute(
                "UPDATE resource SET state = ?, reason = ?, retry_after = ?, inputs = ? WHERE id = ?", values
            )

    def put_setting(self, name: str, value: str | None) -> None:
        if self.setting(name) == value:
            return
        with self._maintenance.change():
            self._connection.execute("DELETE FROM setting WHERE name = ?", (name,))
            if value is not None:
                self._connection.execute("INSERT INTO setting VALUES (?, ?)", (name, value))

    def keep_translations(self, translations: Translations) -> None:
        if _translations.translations_are_stale(self._connection, translations):
            with self._maintenance.change():
                _translations.refresh_translations(self._connection, translations)

    def _replace(self, resource_id: str, embedded: Sequence[EmbeddedTranscript], details: Details) -> None:
        _transcripts.remove(self._connection, resource_id, self.card)
        for transcript in embedded:
            _transcripts.insert(self._connection, resource_id, transcript, details.chapters, self.card)

    def _set_indexed(self, resource_id: str, inputs: str, details: Details) -> None:
        self._connection.execute(
            "UPDATE resource SET state = ?, reason = NULL, retry_after = NULL, inputs = ?, details = ? WHERE id = ?",
            (State.INDEXED, inputs, details_text(details), resource_id),
        )
        names.update_titles(self._connection, [resource_id])

    # Another model

    def successor(self, card: ModelCard, say: Callable[[str], None]) -> SuccessorLibrary:
        acquire = partial(EmbeddedWriter.acquire, writes_indexes=False)
        return SuccessorLibrary(self, self.editions, acquire_writer(self._folder, card, say, acquire))

    def editions(self) -> dict[str, str]:
        """The edition of each resource's transcripts, which changes when they are stored again, ordered by chunk ids.

        It contains chunk ids, which are never reused.
        """
        rows = self._query("SELECT resource_id, first_chunk, chunks, seconds FROM transcript ORDER BY first_chunk")
        editions: dict[str, list[tuple[float, ...]]] = {}
        for resource_id, *edition in rows:
            editions.setdefault(resource_id, []).append(tuple(edition))
        return {resource_id: json.dumps(edition) for resource_id, edition in editions.items()}

    def succeed(self, successor: Successor) -> None:
        self._check_rows()
        with (
            library_errors(self._folder),
            successor_folder.attached(self._connection, successor_folder.successor_of(self._folder) / database.FILE),
            self._maintenance.change(),
        ):
            successor_folder.take_over(self._connection, successor.writer.card)
        self._maintenance.write_indexes()
        self.discard_successor()

    def _check_rows(self) -> None:
        """Raise DamagedLibrary if what is to be replaced was damaged, or what replaces it."""
        from seekpoint.index.embedded.damage import check_rows

        check_rows(self._folder, self._connection)
        try:
            with EmbeddedReader.open(successor_folder.successor_of(self._folder)) as reader:
                reader.verify()
        except DamagedLibrary:
            self.discard_successor()
            raise

    def unfinished_successor(self) -> ModelCard | None:
        unfinished = successor_folder.unfinished_model(self._folder)
        if unfinished != self.card:
            return unfinished
        self.discard_successor()  # it has taken over, but the process was killed before deleting it
        return None

    def discard_successor(self) -> None:
        successor_folder.discard(self._folder)


def _renamed(
    before: Mapping[tuple[str, str], tuple[int, str]], now: Mapping[tuple[str, str], tuple[int, str]]
) -> set[str]:
    """The ids of the resources whose titles differ between two states of a list: (id, path) to (position, title)."""
    old, new = ({(key[0], title) for key, (_, title) in rows.items()} for rows in (before, now))
    return {resource_id for resource_id, _ in old ^ new}
