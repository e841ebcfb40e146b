"""A library that is asked again and again while builds go on: always as the last build left it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Condition
from typing import NamedTuple

from seekpoint.index.embedded import database, manifest
from seekpoint.index.embedded.library import Library
from seekpoint.index.errors import LibraryError
from seekpoint.index.types import Encoder, Filters, ModelCard
from seekpoint.query.answers import Answer
from seekpoint.query.serving.question_encoder import SharedEncoder

# Seconds: a build commits one resource after another, and not each of them is worth opening the library again.
_LEAST_BETWEEN = 2.0


class Current:
    """A library and its encoder, kept for a process; safe to use from threads."""

    def __init__(self, folder: Path, encoder: Encoder | None = None) -> None:
        self.folder = folder
        self._given = encoder
        self._encoder: SharedEncoder | None = None
        self._changed = Condition()
        self._is_opening = False
        self._opened: _Opened | None = None
        self._looked = 0.0

    @contextmanager
    def library(self) -> Iterator[Library]:
        """The library; raises LibraryError where there is none.

        It's opened again when it has changed, and the old one is closed when its last user is done. What can't be
        opened again, for instance while a folder is being replaced, is answered from as it was.
        """
        opened = self._take()
        try:
            yield opened.library
        finally:
            self._give_back(opened)

    def ask(
        self,
        question: str,
        k: int = 5,
        filters: Filters | None = None,
        *,
        explained: bool = False,
        within: Library | None = None,
    ) -> Answer:
        """Answer a question as `seekpoint.query.search.pipeline.ask` does.

        `within` is what `library` gave, for who reads more there than the answer.
        """
        from seekpoint.query.search import pipeline

        with nullcontext(within) if within else self.library() as library:
            return pipeline.ask(question, library, self._encoder_of(library.card), k, filters, explained=explained)

    def close(self) -> None:
        """Let go of the library's files once the last user is done."""
        with self._changed:
            self._replace(None)

    def _take(self) -> _Opened:
        with self._changed:
            while self._opened is None and self._is_opening:
                self._changed.wait()
            if self._opened and (self._is_opening or not self._is_due(self._opened)):
                return self._opened.used()
            self._is_opening = True
        try:
            fresh = _Opened.now(self.folder)
        except LibraryError:
            with self._changed:
                if self._opened is None:
                    raise
                return self._opened.used()
        else:
            with self._changed:
                self._replace(fresh)
                return fresh.used()
        finally:
            with self._changed:
                self._is_opening = False
                self._looked = time.monotonic()
                self._changed.notify_all()

    def _is_due(self, opened: _Opened) -> bool:
        marks = _Marks.of(self.folder)
        if marks.manifest == opened.marks.manifest or marks.manifest is None:
            return marks != opened.marks and time.monotonic() - self._looked >= _LEAST_BETWEEN
        return True

    def _replace(self, fresh: _Opened | None) -> None:
        retired, self._opened = self._opened, fresh
        if retired:
            retired.is_retired = True
            retired.close_unused()

    def _give_back(self, opened: _Opened) -> None:
        with self._changed:
            opened.users -= 1
            opened.close_unused()

    def _encoder_of(self, card: ModelCard) -> Encoder:
        with self._changed:
            if self._encoder is None or self._encoder.card != card:
                self._encoder = SharedEncoder(card, self._given)
            return self._encoder


class _Marks(NamedTuple):
    """What tells that a build has changed the library; each is `None` where there is no such file, or it's empty."""

    manifest: tuple[int, ...] | None
    database: tuple[int, ...] | None
    journal: tuple[int, ...] | None

    @classmethod
    def of(cls, folder: Path) -> _Marks:
        return cls(*(_stamp(folder / name) for name in (manifest.FILE, database.FILE, f"{database.FILE}-wal")))


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat.st_size else None


class _Opened:
    """An open library and how many use it."""

    def __init__(self, library: Library, marks: _Marks) -> None:
        self.library = library
        self.marks = marks
        self.users = 0
        self.is_retired = False

    @classmethod
    def now(cls, folder: Path) -> _Opened:
        marks = _Marks.of(folder)  # taken before, so that what changes meanwhile is seen next time
        return cls(Library.open_to_stay(folder), marks)

    def used(self) -> _Opened:
        self.users += 1
        return self

    def close_unused(self) -> None:
        if self.is_retired and not self.users:
            self.library.close()
