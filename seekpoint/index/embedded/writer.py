"""Changing a library: one writer at a time, one resource a transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Self

from seekpoint.index.embedded import database, succession, titles, translations
from seekpoint.index.embedded import lock as access
from seekpoint.index.embedded import transcripts as insertion
from seekpoint.index.embedded.catalogue import LISTED
from seekpoint.index.embedded.database import explained
from seekpoint.index.embedded.maintenance import Upkeep
from seekpoint.index.embedded.manifest import FILE as MANIFEST
from seekpoint.index.embedded.manifest import Manifest
from seekpoint.index.embedded.transcripts import EmbeddedTranscript
from seekpoint.index.types import Details, Kind, ModelCard, Playlist, Resource, State

if TYPE_CHECKING:
    from seekpoint.index.embedded.pieces.blocks import PieceVector
    from seekpoint.index.embedded.translations import Dictionaries
    from seekpoint.index.types import Vectors


class Writer(Upkeep):
    """A library, open for changing; use it as a context manager, which seals it at the end."""

    @classmethod
    def open(cls, folder: Path, card: ModelCard | None = None) -> Self:
        """Open a library for changing, or create one where a card is given; raises LibraryError."""
        lock = access.lock(folder, create=card is not None)
        try:
            with explained(folder):
                writer = cls._locked(folder, card)
        except BaseException:
            lock.release()
            raise
        writer._lock = lock
        return writer

    @classmethod
    def _locked(cls, folder: Path, card: ModelCard | None) -> Self:
        if card is None or (folder / MANIFEST).exists():
            manifest = access.mended_manifest(folder)
            connection = database.connect(folder, writable=True)
            return cls(folder, connection, succession.settled(manifest, connection))
        writer = cls(folder, database.connect(folder, writable=True), Manifest(card))
        try:
            if writer._query("SELECT 1 FROM resource LIMIT 1"):
                raise database.damaged(folder, f"{MANIFEST} is missing")
            writer._save(writer._manifest)
        except BaseException:
            writer.close()
            raise
        return writer

    # The lists

    def register(self, source: str, resources: Sequence[Resource]) -> None:
        """Note what a source lists now. What it listed before and no longer does stays, marked as gone."""
        places = ((resource, path) for resource in resources for path in resource.sections or ((),))
        rows = {
            (resource.id, json.dumps(path, ensure_ascii=False)): (position, resource.title)
            for position, (resource, path) in enumerate(places)
        }
        known = {
            (row["resource_id"], row["path"]): (row["position"], row["title"])
            for row in self._query("SELECT * FROM listing WHERE source = ? AND listed", source)
        }
        if rows == known:
            return
        with self._change():
            self._connection.executemany(
                "INSERT INTO resource (id, kind, url, state) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(r.id, r.kind, r.url, State.PENDING) for r in resources],
            )
            self._connection.execute("UPDATE listing SET listed = 0 WHERE source = ?", (source,))
            self._connection.executemany(
                "DELETE FROM listing WHERE source = ? AND resource_id = ?", {(source, r.id) for r in resources}
            )
            self._connection.executemany(
                "INSERT INTO listing (source, resource_id, path, position, title) VALUES (?, ?, ?, ?, ?)",
                [(source, *key, *value) for key, value in rows.items()],
            )
            titles.keep(self._connection, _renamed(known, rows))

    def keep_playlist(self, playlist_id: str, playlist: Playlist) -> None:
        """Note what a playlist holds now; it counts as indexed then."""
        failed = self._query("SELECT 1 FROM resource WHERE id = ? AND reason IS NOT NULL", playlist_id)
        if not failed and self.playlists(playlist_id).get(playlist_id) == playlist:
            return
        with self._change():
            self._connection.execute("DELETE FROM playlist_entry WHERE playlist_id = ?", (playlist_id,))
            self._connection.executemany(
                "INSERT INTO playlist_entry VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (playlist_id, position, video.id, video.kind, video.url, video.title, entry.fault)
                    for position, entry in enumerate(playlist.entries)
                    for video in (entry.resource,)
                ],
            )
            self._settle(playlist_id, LISTED, Details(title=playlist.title or None))

    def gone(self, sources: Iterable[str]) -> list[str]:
        """The resources that one of these sources listed once and that no source lists now."""
        rows = self._query(
            """SELECT DISTINCT resource_id FROM listing AS gone WHERE NOT listed
               AND source IN (SELECT value FROM json_each(?))
               AND NOT EXISTS (SELECT 1 FROM listing WHERE listed AND resource_id = gone.resource_id)""",
            json.dumps(list(sources)),
        )
        return [row["resource_id"] for row in rows]

    def remove(self, resource_ids: Sequence[str]) -> None:
        """Take resources out, with all that was stored of them."""
        if resource_ids:
            with self._change():
                for resource_id in resource_ids:
                    insertion.remove(self._connection, resource_id, self.card)
                    self._connection.execute("DELETE FROM resource WHERE id = ?", (resource_id,))

    # The resources

    def known_vectors(self, resource_id: str) -> dict[bytes, Vectors]:
        """The vectors that are stored for a resource, by the digest of the embedded text."""
        with explained(self.folder):
            return insertion.known_vectors(self._connection, resource_id, self.card.dimension)

    def known_pieces(self, resource_id: str) -> dict[bytes, PieceVector]:
        """What is stored of a resource's pieces, by the digest of the embedded text."""
        from seekpoint.index.embedded.pieces import quantisation

        with explained(self.folder):
            return quantisation.known(self._connection, resource_id, self.card)

    def commit(
        self,
        resource_id: str,
        transcripts: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        """Store all of a resource at once, in place of what was stored of it; `kind` where it isn't what it seemed."""
        with self._change():
            self._replace(resource_id, transcripts, details)
            self._settle(resource_id, inputs, details)
            if kind:
                self._connection.execute("UPDATE resource SET kind = ? WHERE id = ?", (kind, resource_id))
        self._keep_up(transcripts)

    def refuse(
        self, resource_id: str, state: State, reason: str, due: float | None = None, inputs: str | None = None
    ) -> None:
        """Note why a resource isn't indexed, when to try again (Unix seconds), and what was tried."""
        self._note(resource_id, state, reason, due, inputs)

    def keep(self, resource_id: str, inputs: str) -> None:
        """Note that what is indexed was looked at again, and is as it was."""
        self._note(resource_id, State.INDEXED, None, None, inputs)

    def _note(self, resource_id: str, state: State, reason: str | None, due: float | None, inputs: str | None) -> None:
        values = (state, reason, due, inputs, resource_id)
        if self._query(
            "SELECT 1 FROM resource WHERE (state, reason, retry_after, inputs, id) IS (?, ?, ?, ?, ?)", *values
        ):
            return
        with self._change():
            self._connection.execute(
                "UPDATE resource SET state = ?, reason = ?, retry_after = ?, inputs = ? WHERE id = ?", values
            )

    def keep_setting(self, name: str, value: str | None) -> None:
        """Keep a value for the next build; `None` forgets it."""
        if self.setting(name) == value:
            return
        with self._change():
            self._connection.execute("DELETE FROM setting WHERE name = ?", (name,))
            if value is not None:
                self._connection.execute("INSERT INTO setting VALUES (?, ?)", (name, value))

    def succeed(self, successor: Path, card: ModelCard) -> None:
        """Hold what another model made of the same transcripts, in one step; `successor` is the folder that has it."""
        with explained(self.folder), succession.attached(self._connection, successor / database.FILE), self._change():
            succession.take_over(self._connection, card)
        self._write_vectors(self._read_holdings())

    def _replace(self, resource_id: str, transcripts: Sequence[EmbeddedTranscript], details: Details) -> None:
        insertion.remove(self._connection, resource_id, self.card)
        for embedded in transcripts:
            insertion.insert(self._connection, resource_id, embedded, details.chapters, self.card)

    def _settle(self, resource_id: str, inputs: str, details: Details) -> None:
        self._connection.execute(
            "UPDATE resource SET state = ?, reason = NULL, retry_after = NULL, inputs = ?, details = ? WHERE id = ?",
            (State.INDEXED, inputs, json.dumps(asdict(details), ensure_ascii=False), resource_id),
        )
        titles.keep(self._connection, [resource_id])

    def translate(self, dictionaries: Dictionaries) -> None:
        """Choose the translations that this library can use, where that wasn't done for what it holds now."""
        if translations.stale(self._connection, dictionaries):
            with self._change():
                translations.refresh(self._connection, dictionaries)


def _renamed(
    before: Mapping[tuple[str, str], tuple[int, str]], now: Mapping[tuple[str, str], tuple[int, str]]
) -> set[str]:
    """The resources whose titles in a list are others than before, by (id, path) to (position, title)."""
    old, new = ({(key[0], title) for key, (_, title) in rows.items()} for rows in (before, now))
    return {resource_id for resource_id, _ in old ^ new}
