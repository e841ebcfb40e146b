"""Changes of a library that are the same in both backends, in transactions of the backend's own."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from seekpoint.index.errors import UsageError
from seekpoint.index.reasons import row_of
from seekpoint.index.settings import MOST_QUESTIONS, QUESTION_VECTORS, LibrarySettings, QuestionVectors, encoded
from seekpoint.index.sql import names, read_stretches
from seekpoint.index.sql.catalogue import CURRENT, Catalogue
from seekpoint.index.sql.port import CATALOGUE, COLUMNS, Database, decoding
from seekpoint.index.sql.stored_rows import details_text, stated_text, values_of, with_speakers
from seekpoint.index.sql.transcripts import TranscriptRows, known, rows_of, stored
from seekpoint.index.store import LISTED, Closing, Due, Reader, Successor, Writer
from seekpoint.index.types import (
    Details,
    Dictionaries,
    EmbeddedTranscript,
    KeptMoment,
    KeptQuestion,
    Kind,
    Known,
    ModelCard,
    NamedBy,
    Playlist,
    ReadStretch,
    Resource,
    State,
)

# Another builder may be at it.
_PUT = "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class Changes(ABC):
    """Changes what both backends store alike; `store.Writer` documents the methods."""

    db: Database

    @property
    @abstractmethod
    def card(self) -> ModelCard:
        """The model that made the vectors."""

    @abstractmethod
    def _change(self) -> AbstractContextManager[None]:
        """Make the changes of a block in one transaction, which gives the library another revision."""

    @abstractmethod
    def _forget(self, resource_id: str) -> None:
        """Delete a resource's transcripts; within the caller's transaction."""

    @abstractmethod
    def _insert(self, rows: TranscriptRows, card: ModelCard) -> None:
        """Store a transcript, beside others that its resource may have; within the caller's transaction."""

    def register(self, source: str, resources: Sequence[Resource], named_by: NamedBy = NamedBy.OWNER) -> None:
        entries = ((resource, path) for resource in resources for path in resource.sections or ((),))
        rows = {
            (resource.id, json.dumps(path, ensure_ascii=False)): (position, resource.title, stated_text(resource))
            for position, (resource, path) in enumerate(entries)
        }
        query = "SELECT resource_id, path, position, title, details, named_by FROM listing WHERE source = ? AND listed"
        listed = self.db.rows(query, source)
        stored = {(resource_id, path): tuple(stated) for resource_id, path, *stated, _ in listed}
        if rows == stored and all(row[-1] == named_by for row in listed):
            return
        with self._change():
            self._add(resources)
            self.db.run("UPDATE listing SET listed = false WHERE source = ?", source)
            ids = [resource.id for resource in resources]
            self.db.run("DELETE FROM listing WHERE source = ? AND resource_id IN ?*", source, ids)
            self.db.add(
                "listing (named_by, source, resource_id, path, position, title, details)",
                [(named_by.value, source, *key, *value) for key, value in rows.items()],
            )
            before, now = ({(key[0], *stated) for key, (_, *stated) in state.items()} for state in (stored, rows))
            names.update_titles(self.db, {resource_id for resource_id, *_ in before ^ now})

    def keep_playlist(self, playlist_id: str, playlist: Playlist, inputs: str = LISTED) -> None:
        query = "SELECT 1 FROM resource WHERE id = ? AND reason IS NULL AND inputs = ?"
        if (
            self.db.rows(query, playlist_id, inputs)
            and Catalogue(self.db).playlists([playlist_id]).get(playlist_id) == playlist
        ):
            return
        with self._change():
            self.db.run("DELETE FROM playlist_entry WHERE playlist_id = ?", playlist_id)
            self.db.add(
                "playlist_entry (playlist_id, position, resource_id, kind, url, title, fault)",
                [
                    (playlist_id, position, video.id, video.kind.value, video.url, video.title, row_of(entry.fault))
                    for position, entry in enumerate(playlist.entries)
                    for video in (entry.resource,)
                ],
            )
            # An episode of a podcast stays the same where its address changes.
            addresses = [(entry.resource.url, entry.resource.id, entry.resource.url) for entry in playlist.entries]
            self.db.run_many("UPDATE resource SET url = ? WHERE id = ? AND url <> ?", addresses)
            self._set_indexed(playlist_id, inputs, Details(title=playlist.title or None))

    def remove(self, ids: Collection[str] = (), unlisted_by: Collection[str] = ()) -> int:
        gone = self.db.rows(
            f"SELECT resource_id FROM listing AS here WHERE NOT listed AND source IN ?* AND {CURRENT}",
            list(unlisted_by),
        )
        all_ids = dict.fromkeys([*ids, *(resource_id for (resource_id,) in gone)])
        if all_ids:
            with self._change():
                for resource_id in all_ids:
                    self._forget(resource_id)
                    self.db.run("DELETE FROM resource WHERE id = ?", resource_id)
        return len(all_ids)

    def move(self, resource_id: str, target: Resource) -> None:
        with self._change():
            self._add([target])
            self.db.run(
                """DELETE FROM listing WHERE resource_id = ? AND (source, path) IN (
                     SELECT source, path FROM listing WHERE resource_id = ? AND listed)""",
                target.id,
                resource_id,
            )
            self.db.run("UPDATE listing SET resource_id = ? WHERE resource_id = ? AND listed", target.id, resource_id)
            self.db.run(
                "UPDATE resource SET added = coalesce(added, (SELECT added FROM resource WHERE id = ?)) WHERE id = ?",
                *(resource_id, target.id),
            )
            self.db.run(
                """UPDATE kept SET resource_id = ?, kind = ?, url = ? WHERE resource_id = ?
                   AND place NOT IN (SELECT place FROM kept WHERE resource_id = ?)""",
                *(target.id, target.kind.value, target.url, resource_id, target.id),
            )
            self.remove([resource_id])
            names.update_titles(self.db, [target.id])

    @decoding
    def known(self, resource_id: str) -> Known:
        return known(self.db, resource_id, self.card)

    def commit(
        self,
        resource_id: str,
        transcripts: Sequence[EmbeddedTranscript],
        details: Details,
        inputs: str,
        kind: Kind | None = None,
    ) -> None:
        with self._change():
            self._forget(resource_id)
            read_stretches.delete_changed(self.db, resource_id, [embedded.transcript for embedded in transcripts])
            for rows in rows_of(self.db, resource_id, transcripts, details.chapters):
                self._insert(rows, self.card)
            self._set_indexed(resource_id, inputs, with_speakers(details, transcripts), kind)

    def _set_indexed(self, resource_id: str, inputs: str, details: Details, kind: Kind | None = None) -> None:
        """Set a resource's state to indexed; within the caller's transaction."""
        self.db.run(
            """UPDATE resource SET state = ?, reason = NULL, retry_after = NULL, inputs = ?, details = ?,
                                   kind = coalesce(?, kind), added = coalesce(added, ?) WHERE id = ?""",
            *(State.INDEXED.value, inputs, details_text(details), kind and kind.value, time.time(), resource_id),
        )
        names.update_titles(self.db, [resource_id])

    def set_state(
        self,
        resource_id: str,
        state: State,
        *,
        reason: str | None = None,
        retry_after: float | None = None,
        inputs: str | None = None,
    ) -> None:
        values = (state.value, row_of(reason), retry_after, inputs)
        stored = self.db.rows("SELECT state, reason, retry_after, inputs FROM resource WHERE id = ?", resource_id)
        if [*map(tuple, stored)] != [values]:
            with self._change():
                statement = "UPDATE resource SET state = ?, reason = ?, retry_after = ?, inputs = ? WHERE id = ?"
                self.db.run(statement, *values, resource_id)

    def put_settings(self, **settings: object) -> None:
        for name, value in settings.items():
            text = encoded(name, value)
            stored = [row[0] for row in self.db.rows("SELECT value FROM setting WHERE name = ?", name)]
            if stored != ([] if text is None else [text]):
                with self._change():
                    if text is None:
                        self.db.run("DELETE FROM setting WHERE name = ?", name)
                    else:
                        self.db.run(_PUT, name, text)

    def keep_translations(self, version: str, dictionaries: Dictionaries) -> None:
        names.refresh_translations(self.db, version, dictionaries, self._change_translations)

    def _change_translations(self) -> AbstractContextManager[None]:
        return self._change()

    def copy(self, source: Catalogue, progress: Callable[[int], None] = lambda chunks: None) -> None:
        """Copy a library to this one, which is empty, within a transaction; `progress` is told of chunks.

        Raises DamagedLibrary if the source's rows aren't what was written.
        """
        with source.db.content_errors():
            for table in CATALOGUE:
                order = f"ORDER BY {source.db.added}" if table == "resource" else ""
                rows = source.db.rows(f"SELECT {COLUMNS[table]} FROM {table} {order}")
                own = source.db.own_settings if table == "setting" else ()
                self.db.add(f"{table} ({COLUMNS[table]})", [tuple(row) for row in rows if row[0] not in own])
            self._copy_transcripts(source, self.card, progress)

    def _copy_transcripts(self, source: Catalogue, card: ModelCard, progress: Callable[[int], None]) -> None:
        """Copy terms and transcripts; nothing is embedded or split into terms again."""
        terms = source.db.rows(f"SELECT {COLUMNS['term']} FROM term ORDER BY number")
        self.db.add(f"term ({COLUMNS['term']})", [*map(tuple, terms)])
        for rows in stored(source.db):
            self._insert(rows, card)
            progress(len(rows.chunks))

    def _take_over(self, successor: Catalogue, card: ModelCard) -> None:
        """Replace all transcripts by those of the successor; within the caller's transaction."""
        for table in ("transcript", "term", "language"):
            self.db.run(f"DELETE FROM {table}")
        read_stretches.forget_vectors(self.db)
        self._copy_transcripts(successor, card, lambda chunks: None)
        self.db.run("DELETE FROM setting WHERE name = 'is_without_pieces'")
        rows = successor.db.rows("SELECT name, value FROM setting WHERE name = 'is_without_pieces'")
        self.db.add("setting (name, value)", rows)

    def _add(self, resources: Iterable[Resource]) -> None:
        """Store resources that are new; one that an imported library has at another address gets its own."""
        self.db.run_many(
            """INSERT INTO resource (id, kind, url, state, details) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET url = excluded.url WHERE resource.url <> excluded.url""",
            [
                (
                    *(one.id, one.kind.value, one.url, State.PENDING.value),
                    details_text(Details(one.file_title)) if one.is_local and one.file_title else "{}",
                )
                for one in resources
            ],
        )


@dataclass(eq=False)
class MomentKeeper(Closing):
    """Changes what a library keeps, each time in a block of `change`; `store.Keeper` documents the methods."""

    db: Database
    _change: Callable[[], AbstractContextManager[None]]
    close: Callable[[], None]

    def keep(self, item: KeptMoment | KeptQuestion | QuestionVectors | ReadStretch) -> None:
        with self._change():
            if isinstance(item, KeptQuestion):
                self._keep_question(item)
                return
            if isinstance(item, QuestionVectors):
                self.db.run(_PUT, QUESTION_VECTORS, item.text)
                return
            if isinstance(item, ReadStretch):
                with self.db.content_errors():
                    if read_stretches.is_current(self.db, item):
                        read_stretches.insert(self.db, item)
                return
            values = values_of(item)
            marks = ", ".join("?" * len(values))
            self.db.run(f"INSERT INTO kept ({COLUMNS['kept']}) VALUES ({marks}) ON CONFLICT DO NOTHING", *values)

    def _keep_question(self, question: KeptQuestion) -> None:
        stored = self.db.rows("SELECT name, value FROM setting WHERE name IN ('questions', 'wordings')")
        settings = LibrarySettings.read(dict[str, str](map(tuple, stored)).get)
        held, wordings = dict(settings.questions), dict(settings.wordings)
        if not question.kept:
            held.pop(question.text, None)
            wordings.pop(question.text, None)
        elif len(held) < MOST_QUESTIONS or question.text in held:
            held.setdefault(question.text, question.added)
            wordings |= {question.text: question.also} if question.also else {}
        else:
            raise UsageError(f"{len(held)} questions are kept already: `seekpoint digest --drop QUESTION` drops one")
        self.db.run(_PUT, "questions", encoded("questions", [*held.items()]) or "[]")
        self.db.run(_PUT, "wordings", encoded("wordings", wordings) or "{}")
        if len(held) < len(settings.questions) or settings.wordings.items() - wordings.items():
            self.db.run("DELETE FROM setting WHERE name = ?", QUESTION_VECTORS)

    def annotate(self, resource_id: str, place: str, note: str | None, collection: str = "") -> bool:
        with self._change():
            if note is None:
                self.db.run("DELETE FROM kept WHERE (resource_id, place) = (?, ?)", resource_id, place)
            else:
                self.db.run(
                    "UPDATE kept SET note = ?, collection = ? WHERE (resource_id, place) = (?, ?)",
                    *(note, collection, resource_id, place),
                )
            return bool(self.db.rows("SELECT 1 FROM kept WHERE (resource_id, place) = (?, ?)", resource_id, place))


_SOURCE = "the library"


def succession(library: Reader, editions: Mapping[str, str], writer: Writer) -> Successor:
    """The resources still to embed for another model, by the editions of their transcripts in the library.

    `writer` is that of the successor, from which everything is removed that the library no longer has.
    """
    done = {resource_id: standing.inputs for resource_id, standing in writer.standings().items()}
    writer.remove([resource_id for resource_id in done if resource_id not in editions])
    resources = {status.id: status.resource for status in library.statuses(list(editions))}
    writer.register(_SOURCE, [resources[resource_id] for resource_id in editions])
    return Successor(
        writer, [Due(resources[key], edition) for key, edition in editions.items() if done.get(key) != edition]
    )
